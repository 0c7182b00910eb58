"""No goods for deposits: where points for deposits must not go, asked by everything that could send them there."""

from collections.abc import Iterable, Mapping

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.assets import repository, rules
from guibin.points.assets.errors import DepositRewardForbidden
from guibin.points.models import Wallet
from guibin.points.rules import feeders, reached


def is_forbidden(wallets: Iterable[Wallet], weights: Mapping[str, int], compliance_document: str | None) -> bool:
    """Tell whether a class of deposits counts in wallets of which one buys goods, without compliance's document.

    They are the wallet of a rule and those into which its points roll over.
    """
    return (
        compliance_document is None
        and rules.rewards_deposits(weights)
        and any(rules.is_goods_wallet(wallet) for wallet in wallets)
    )


def refuse_deposit_weights(
    wallets: Iterable[Wallet], weights: Mapping[str, int], compliance_document: str | None
) -> None:
    """Hold the weights of an asset rule to its wallet, and to those into which its points roll over.

    Raises:
        DepositRewardForbidden: a class of deposits counts in a wallet that buys goods, without compliance's document.
    """
    for wallet in wallets:
        if is_forbidden([wallet], weights, compliance_document):
            raise DepositRewardForbidden(wallet=wallet.code)


async def refuse_goods_for_deposits(session: AsyncSession, changed: Wallet, wallets: Mapping[str, Wallet]) -> None:
    """Hold a wallet, as it would be after a change, to the rules that feed it, or feed what rolls over into it.

    Raises:
        DepositRewardForbidden: it would buy goods, be transferable, or roll over into what does, while a rule rewards
            deposits in it.
    """
    await refuse_goods_from_deposits(session, source=changed.code, target=changed.code, wallets=wallets)


async def refuse_goods_from_deposits(
    session: AsyncSession, *, source: str, target: str, wallets: Mapping[str, Wallet]
) -> None:
    """Hold what moves points of one wallet into another to PTS-55; call it with all wallets locked.

    Raises:
        DepositRewardForbidden: the target buys goods, or rolls over into what does, and a rule that was submitted or
            approved rewards deposits in the source, or in what rolls over into it, without compliance's document.
    """
    goods = [wallet for wallet in reached(target, wallets) if rules.is_goods_wallet(wallet)]
    if not goods:
        return
    sources = feeders(source, wallets)
    for code in sources:
        for rule in await repository.feeding(session, code):
            refuse_deposit_weights(goods, rule.weights, rule.compliance_document)
    for terms in await repository.event_terms(session):
        if not sources.isdisjoint(terms.wallets):
            for wallet in goods:
                if any(rules.is_event_forbidden(event, wallet, None) for event in terms.events):
                    raise DepositRewardForbidden(wallet=wallet.code)
