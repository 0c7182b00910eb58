"""What a customer brings to a list of rights, read in a fixed number of statements whatever the list's length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.customers.origins import with_origins
from guibin.points import service as points
from guibin.points.models import AccountState
from guibin.programme.models import Budget
from guibin.programme.repository import find_budgets
from guibin.programme.rules import Stops
from guibin.rights.models import Fulfilment, RightState, StockMode
from guibin.rights.offer import TierLevel, Usage
from guibin.rights.packages import Allowance
from guibin.rights.releases import Released, released_to
from guibin.rights.repository import packages, pool, redemptions
from guibin.rights.repository.catalogue import PayingWallet, Right, find_wallets
from guibin.rights.repository.standing import Profile, read_profile, sum_spent
from guibin.rights.rules import BudgetLeft, Offered, Standing
from guibin.rights.service.deliveries import destination_of
from guibin.security.actors import Scope


@dataclass(frozen=True, slots=True)
class CustomerSide:
    """A customer's profile, points and account state by wallet, what was taken by right, as of an instant.

    `packages` are by right what the packages that were chosen still give.
    """

    now: datetime
    profile: Profile
    available: Mapping[str, int]
    states: Mapping[str, AccountState]
    usage: Mapping[UUID, Usage]
    spent: Mapping[str, Mapping[str, int]]
    packages: Mapping[UUID, Sequence[Allowance]]

    @property
    def tier(self) -> TierLevel | None:
        """The tier of the day."""
        return self.profile.tier

    def towards(
        self,
        right: Right,
        wallet: str | None = None,
        package_id: UUID | None = None,
        *,
        reserved: int | None = None,
    ) -> Standing:
        """Return what decides on one right, paid from a wallet (None is the right's own) or taken from a package.

        `reserved` is what the reservation that is named holds of it.
        """
        code = wallet or right.item.wallet
        given = self.packages.get(right.item.id, ())
        return standing_of(
            self.profile,
            available=self.available.get(code, 0),
            state=self.states.get(code, AccountState.OPEN),
            usage=self.usage.get(right.item.id, Usage()),
            spent=self.spent.get(code, {}),
            package_left=next((one.left for one in given if one.package_id == package_id), None),
            reserved=reserved,
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
    profile = await read_profile_towards(session, scope, customer_id=customer_id, rights=rights, now=now)
    since = profile.tier.since if profile.tier else None
    wallets = await find_wallets(session, codes=[balance.wallet.code for balance in balances.wallets])
    capped = {code for code, wallet in wallets.items() if wallet.caps}
    async with with_origins(session, scope, customer_id=customer_id) as opened:
        usage = await redemptions.sum_usage(
            session,
            opened,
            customer_id=customer_id,
            right_ids=[right.item.id for right in rights],
            day=day,
            tier_since=since,
        )
        spent = {
            wallet: await sum_spent(session, opened, customer_id=customer_id, wallet=wallet, day=day, tier_since=since)
            for wallet in sorted(capped)
        }
    return CustomerSide(
        now=now,
        profile=profile,
        available={balance.wallet.code: balance.available for balance in balances.wallets},
        states=await redemptions.find_account_states(session, scope, customer_id=customer_id),
        usage=usage,
        spent=spent,
        packages=await packages.allowances(session, scope, customer_id=customer_id, day=day),
    )


async def read_profile_towards(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, rights: Sequence[Right], now: datetime
) -> Profile:
    """Read of a customer what the terms of some rights ask for.

    Raises:
        NotFound: the customer is unknown or out of scope.
    """
    return await read_profile(
        session,
        scope,
        customer_id=customer_id,
        day=clock.business_day(now),
        tags=frozenset[str]().union(*(right.terms.tags for right in rights)),
        branches=any(right.terms.asks_for_branches for right in rights),
    )


def standing_of(
    profile: Profile,
    *,
    available: int,
    state: AccountState,
    usage: Usage,
    spent: Mapping[str, int],
    package_left: int | None = None,
    reserved: int | None = None,
) -> Standing:
    """Put together what decides; a restriction shows as a freeze, and is never named."""
    frozen = profile.restricted and state is AccountState.OPEN
    return Standing(
        tier=profile.tier,
        available=available,
        account=AccountState.FROZEN if frozen else state,
        usage=usage,
        tags=profile.tags,
        branches=profile.branches,
        spent=spent,
        package_left=package_left,
        reserved=reserved,
    )


def offered(right: Right, *, paying: PayingWallet, stops: Stops, in_stock: bool = True) -> Offered:
    """Return what decides on the right's side, paid from a wallet."""
    item = right.item
    return Offered(
        published=item.state == RightState.PUBLISHED,
        wallet_active=paying.active,
        in_stock=in_stock,
        spendable=paying.categories is None or item.category in paying.categories,
        stopped=stops.stop(wallet=paying.code, right=to_public("rgt", item.id)),
        category=item.category,
        caps=paying.caps,
        point_fen=paying.point_fen,
        destination=destination_of(Fulfilment(item.fulfilment)),
    )


def released_of(right: Right, profile: Profile, now: datetime) -> Released | None:
    """Return what the release plan of a right has opened to a customer; None without a plan for a counted stock."""
    if right.item.stock_mode != StockMode.COUNTED:
        return None
    return released_to(right.terms.release, profile.tier.code if profile.tier else None, profile.branches, now)


@dataclass(frozen=True, slots=True)
class Supply:
    """What there is of some rights at this moment for so many units: stock or codes, bounds for everybody, budgets.

    `released` is what is taken of the lines of release plans.
    """

    quantity: int
    in_stock: set[UUID]
    released: Mapping[UUID, Mapping[str, int]]
    totals: Mapping[UUID, int]
    budgets: Mapping[tuple[str, str], Budget]

    def look_ahead(self, right: Right, known: Offered, side: CustomerSide) -> Offered:
        """Add what is left of a right for a customer; a redemption finds it out by taking it."""
        terms, right_id = right.terms, right.item.id
        bound = terms.total_limit
        released = released_of(right, side.profile, side.now)
        open_now = released is None or released.has(self.quantity, self.released.get(right_id, {}))
        in_stock = right_id in self.in_stock
        return replace(
            known,
            in_stock=in_stock and open_now,
            next_release_at=released.next_at if released and in_stock else None,
            total_left=None if bound is None else max(bound - self.totals.get(right_id, 0), 0),
            budget=self._left(terms.owner_branch, terms.budget_line),
        )

    def _left(self, branch: str | None, line: str | None) -> BudgetLeft | None:
        if branch is None or line is None:
            return None
        budget = self.budgets.get((branch, line))
        if budget is None:
            return BudgetLeft(0, 0)
        points, fen = budget.points_limit, budget.fen_limit
        return BudgetLeft(
            None if points is None else points - budget.points_spent, None if fen is None else fen - budget.fen_spent
        )


async def read_supply(session: AsyncSession, *, rights: Sequence[Right], quantity: int, now: datetime) -> Supply:
    """Read what there is of some rights; one without a budget or a bound for everybody asks for nothing."""
    owners = {right.terms.owner_branch for right in rights if right.terms.budget_line is not None} - {None}
    bounded = [right.item.id for right in rights if right.terms.total_limit is not None]
    year = clock.business_day(now).year
    planned = [right.item.id for right in rights if right.terms.release]
    return Supply(
        quantity=quantity,
        released=await pool.find_released(session, right_ids=planned, now=now),
        in_stock=await find_in_stock(session, rights=rights, quantity=quantity, now=now),
        totals=await pool.find_totals(session, right_ids=bounded),
        budgets=await find_budgets(session, branches=[owner for owner in owners if owner], year=year) if owners else {},
    )


async def find_in_stock(session: AsyncSession, *, rights: Sequence[Right], quantity: int, now: datetime) -> set[UUID]:
    """Return which of some rights have so many units or codes now, what is held beyond its time among them."""
    by_mode: dict[str, set[UUID]] = {mode: set() for mode in StockMode}
    for right in rights:
        by_mode[right.item.stock_mode].add(right.item.id)
    stock = await pool.find_stock(session, right_ids=by_mode[StockMode.COUNTED])
    supplied = await pool.find_supplied_pools(session, right_ids=by_mode[StockMode.CODES], quantity=quantity, now=now)
    reserved = [right_id for right_id, row in stock.items() if row.reserved]
    lapsed = await pool.find_lapsed_units(session, right_ids=reserved, now=now)
    counted = {right_id for right_id, row in stock.items() if row.free + lapsed.get(right_id, 0) >= quantity}
    return by_mode[StockMode.UNLIMITED] | counted | supplied
