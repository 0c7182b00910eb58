"""No goods for deposits: where points for deposits must not go, asked by everything that could send them there."""

from collections.abc import Mapping

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.assets import repository, rules
from guibin.points.assets.errors import DepositRewardForbidden
from guibin.points.models import Wallet


def is_forbidden(wallet: Wallet, weights: Mapping[str, int], compliance_document: str | None) -> bool:
    """Tell whether a class of deposits counts in a wallet that buys goods, without compliance's document."""
    return compliance_document is None and rules.is_goods_wallet(wallet) and rules.rewards_deposits(weights)


def refuse_deposit_weights(wallet: Wallet, weights: Mapping[str, int], compliance_document: str | None) -> None:
    """Hold the weights of an asset rule to its wallet.

    Raises:
        DepositRewardForbidden: a class of deposits counts in a wallet that buys goods, without compliance's document.
    """
    if is_forbidden(wallet, weights, compliance_document):
        raise DepositRewardForbidden(wallet=wallet.code)


async def refuse_goods_for_deposits(session: AsyncSession, wallet: Wallet) -> None:
    """Hold a wallet, as it would be after a change, to the rules that feed it.

    Raises:
        DepositRewardForbidden: it would buy goods or be transferable while a rule rewards deposits in it.
    """
    await refuse_goods_from_deposits(session, source=wallet.code, target=wallet)


async def refuse_goods_from_deposits(session: AsyncSession, *, source: str, target: Wallet) -> None:
    """Hold what moves points of one wallet into another to PTS-55; call it with both wallets locked.

    Raises:
        DepositRewardForbidden: the target buys goods, and a rule that was submitted or approved rewards deposits in the
            source without compliance's document.
    """
    if not rules.is_goods_wallet(target):
        return
    for rule in await repository.feeding(session, source):
        refuse_deposit_weights(target, rule.weights, rule.compliance_document)
    for terms in await repository.event_terms(session):
        if source in terms.wallets and any(rules.is_event_forbidden(one, target, None) for one in terms.events):
            raise DepositRewardForbidden(wallet=target.code)
