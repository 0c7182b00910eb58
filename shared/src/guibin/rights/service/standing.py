"""What a customer brings to a list of rights, read in a fixed number of statements whatever the list's length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.points import service as points
from guibin.points.models import AccountState
from guibin.privacy.repository import is_blocked
from guibin.privacy.rules import Act
from guibin.rights.models import RightState, StockMode
from guibin.rights.repository import pool, redemptions
from guibin.rights.repository.catalogue import Right
from guibin.rights.rules import Offered, Standing, TierLevel, Usage
from guibin.security.actors import Scope
from guibin.tiers.repository import current_tier


@dataclass(frozen=True, slots=True)
class CustomerSide:
    """A customer's tier, points and account state by wallet, and what was taken by right, as of an instant."""

    now: datetime
    tier: TierLevel | None
    available: Mapping[str, int]
    states: Mapping[str, AccountState]
    usage: Mapping[UUID, Usage]
    restricted: bool

    def towards(self, right: Right) -> Standing:
        """Return what decides on one right."""
        wallet = right.item.wallet
        return Standing(
            tier=self.tier,
            available=self.available.get(wallet, 0),
            account=account_towards(self.states.get(wallet, AccountState.OPEN), restricted=self.restricted),
            usage=self.usage.get(right.item.id, Usage()),
        )


async def read_customer_side(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, rights: Sequence[Right], now: datetime
) -> CustomerSide:
    """Read what a customer brings, without locking anything.

    Raises:
        NotFound: the customer is unknown or out of scope.
    """
    day = clock.business_day(now)
    balances = await points.balances(session, scope, customer_id=customer_id, today=day)
    return CustomerSide(
        now=now,
        tier=await read_tier(session, scope, customer_id=customer_id, now=now),
        available={balance.wallet.code: balance.available for balance in balances.wallets},
        states=await redemptions.find_account_states(session, scope, customer_id=customer_id),
        usage=await redemptions.sum_usage(
            session, scope, customer_id=customer_id, right_ids=[right.item.id for right in rights], day=day
        ),
        restricted=await is_blocked(session, customer_id, Act.REDEEM, day=day),
    )


def account_towards(state: AccountState, *, restricted: bool) -> AccountState:
    """Return an account's state towards a redemption: a restriction shows as a freeze, and is never named."""
    return AccountState.FROZEN if restricted and state is AccountState.OPEN else state


async def read_tier(session: AsyncSession, scope: Scope, *, customer_id: UUID, now: datetime) -> TierLevel | None:
    """Return the customer's tier of the day."""
    tier = await current_tier(session, scope, customer_id=customer_id, day=clock.business_day(now))
    return TierLevel(tier.code, tier.rank) if tier else None


def offered(right: Right, *, in_stock: bool) -> Offered:
    """Return what decides on the right's side."""
    return Offered(
        published=right.item.state == RightState.PUBLISHED, wallet_active=right.wallet_active, in_stock=in_stock
    )


async def find_in_stock(session: AsyncSession, *, rights: Sequence[Right], quantity: int) -> set[UUID]:
    """Return which of some rights have so many units or codes now."""
    by_mode: dict[str, set[UUID]] = {mode: set() for mode in StockMode}
    for right in rights:
        by_mode[right.item.stock_mode].add(right.item.id)
    stock = await pool.find_stock(session, right_ids=by_mode[StockMode.COUNTED])
    supplied = await pool.find_supplied_pools(session, right_ids=by_mode[StockMode.CODES], quantity=quantity)
    counted = {right_id for right_id, row in stock.items() if row.free >= quantity}
    return by_mode[StockMode.UNLIMITED] | counted | supplied
