"""The points of a household: members put them together by consent, and spend them within limits.

Nothing lies in a pot of its own: a member's points stay in the member's account until another one's redemption needs
them, and what comes back goes to whom it belonged (ADR 38).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.points.errors import WalletClosed
from guibin.points.household import repository
from guibin.points.household.errors import HouseholdLimitReached, HouseholdPointsUnavailable, WalletNotPooled
from guibin.points.household.models import PoolRole
from guibin.points.household.repository import Moving
from guibin.points.household.rules import Pool, PoolMember, left_of_month, reasons_of, usable
from guibin.points.models import Wallet
from guibin.points.repository import get_wallet, list_wallets
from guibin.points.service.ledger import lock_account, refuse_unless_posted
from guibin.security.actors import Actor
from guibin.security.row_scope import all_rows


@dataclass(frozen=True, slots=True)
class PooledWallet:
    """A kind of points: own ones, those that others put in, and what the customer can spend of both."""

    wallet: Wallet
    own: int
    others: int
    usable: int


@dataclass(frozen=True, slots=True)
class PoolView:
    """What a member sees: roles and limits, what was used in this month, and sums of points."""

    pool: Pool
    used: dict[UUID, int]
    wallets: Sequence[PooledWallet]

    def left(self, member: PoolMember) -> int | None:
        """Return what a member may still spend of others' points in this month; None without a limit."""
        return left_of_month(member.month_limit, self.used.get(member.customer_id, 0))


@dataclass(frozen=True, slots=True)
class Shared:
    """A pool that is open for one spending, its accounts locked; `others` is what members put in."""

    pool: Pool
    wallet: str
    others: int


async def look(session: AsyncSession, *, customer_id: UUID) -> PoolView:
    """Return what a customer sees of the household's points.

    Raises:
        NotFound: the customer takes part in no household.
    """
    today = clock.today()
    async with all_rows(session):
        pool = await _find(session, customer_id)
        if pool is None:
            raise NotFound
        members = [one.customer_id for one in pool.members]
        used = await repository.used_since(
            session, customers=members, household_id=pool.household_id, since=today.replace(day=1)
        )
        putting_in = {one.customer_id for one in pool.members if one.gives} - {customer_id}
        free = await repository.free_points(session, customers=[*putting_in, customer_id], day=today)
        wallets = [wallet for wallet in await list_wallets(session) if wallet.pooled and wallet.active]
    left = left_of_month(pool.me.month_limit, used.get(customer_id, 0))
    may_spend = pool.me.role is not PoolRole.VIEWER
    return PoolView(pool, used, [_pooled(one, free, customer_id, left if may_spend else 0) for one in wallets])


async def usable_beside(session: AsyncSession, *, customer_id: UUID, wallet: str) -> int:
    """Return how many points of others a customer can spend beside own ones, as things stand.

    Raises:
        HouseholdPointsUnavailable: there is no household whose points the customer may spend.
        WalletNotPooled: points of this kind are not put together.
    """
    try:
        view = await look(session, customer_id=customer_id)
    except NotFound as none:
        raise HouseholdPointsUnavailable from none
    if view.pool.me.role is PoolRole.VIEWER:
        raise HouseholdPointsUnavailable
    found = next((one for one in view.wallets if one.wallet.code == wallet), None)
    if found is None:
        raise WalletNotPooled
    return found.usable - found.own


def _pooled(wallet: Wallet, free: dict[tuple[UUID, str], int], customer_id: UUID, left: int | None) -> PooledWallet:
    own = free.get((customer_id, wallet.code), 0)
    others = sum(points for (_, code), points in free.items() if code == wallet.code) - own
    return PooledWallet(wallet, own, others, usable(own, others, left))


async def name_role(
    session: AsyncSession, *, actor: Actor, place_id: UUID, role: PoolRole, month_limit: int | None
) -> PoolView:
    """Let the owner say what a member may do with the common points, and how many in a month; it counts at once.

    Raises:
        NotFound: no such other member takes part in a household that the actor heads.
    """
    async with all_rows(session):
        pool = await _find(session, actor.id)
        if pool is None or pool.me.role is not PoolRole.OWNER:
            raise NotFound
        member = next((one for one in pool.members if one.place_id == place_id and one != pool.me), None)
        if member is None:
            raise NotFound
        await repository.write_role(session, member, role=role, month_limit=month_limit, actor=actor.id, at=clock.now())
    await audit.record(
        session,
        actor=actor,
        action="points.household.role",
        object_type="household_member",
        object_id=to_public("hpl", place_id),
        owner_id=member.customer_id,
        facts={"role": role, "month_limit": month_limit},
    )
    return await look(session, customer_id=actor.id)


async def open_pool(session: AsyncSession, *, customer_id: UUID, wallet: str, beside: Iterable[str] = ()) -> Shared:
    """Lock the accounts that may pay, in the order of customers and wallets, and see who puts in at that moment.

    `beside` are wallets of the customer's own that the same transaction locks later.

    Raises:
        HouseholdPointsUnavailable: there is no household whose points the customer may spend.
        WalletNotPooled, WalletClosed: points of this kind are not put together.
    """
    found = await get_wallet(session, wallet)
    if found is None or not found.active:
        raise WalletClosed
    if not found.pooled:
        raise WalletNotPooled
    async with all_rows(session):
        before = await _open(session, customer_id)
        accounts = {(one, wallet) for one in [customer_id, *before.givers()]}
        accounts |= {(customer_id, code) for code in beside}
        for owner, code in sorted(accounts):
            await lock_account(session, customer_id=owner, wallet=code)
        # A word that was taken back while this waited counts: those are left out who do not put in any more.
        pool = await _open(session, customer_id)
        locked = set(before.givers())
        kept = [one for one in pool.members if one == pool.me or one.customer_id in locked]
        pool = Pool(pool.household_id, pool.me, kept)
        free = await repository.free_points(session, customers=pool.givers(), day=clock.today())
    return Shared(pool, wallet, sum(points for (_, code), points in free.items() if code == wallet))


async def draw(session: AsyncSession, shared: Shared, *, actor: Actor, points: int) -> int:
    """Bring over what the spender's own points leave missing of `points`; returns how many came from others.

    Raises:
        HouseholdLimitReached: more than the spender may spend of others' points in this month.
        InsufficientPoints: all together have not so many.
        AccountFrozen, AccountClosed: the spender's account does not spend.
    """
    pool, now = shared.pool, clock.now()
    today = clock.business_day(now)
    async with all_rows(session):
        used = await repository.used_since(
            session,
            customers=[pool.me.customer_id],
            household_id=pool.household_id,
            since=today.replace(day=1),
        )
        row = await repository.draw(
            session,
            Moving(*reasons_of(pool), actor.id, now, today),
            household_id=pool.household_id,
            spender=pool.me.customer_id,
            givers=pool.givers(),
            wallet=shared.wallet,
            points=points,
        )
    if row["outcome"] == "not_pooled":
        raise WalletNotPooled
    if row["outcome"] != "nothing":
        refuse_unless_posted(row["outcome"], required=points, available=row["available"])
    drawn, left = int(row["drawn"]), left_of_month(pool.me.month_limit, used.get(pool.me.customer_id, 0))
    if left is not None and drawn > left:
        raise HouseholdLimitReached(most=pool.me.month_limit, left=left)
    return drawn


async def _open(session: AsyncSession, customer_id: UUID) -> Pool:
    pool = await _find(session, customer_id)
    if pool is None or pool.me.role is PoolRole.VIEWER:
        raise HouseholdPointsUnavailable
    return pool


async def _find(session: AsyncSession, customer_id: UUID) -> Pool | None:
    today = clock.today()
    household_id = await repository.primary_place(session, customer_id=customer_id, day=today)
    if household_id is None:
        return None
    members = await repository.members_of(session, household_id=household_id, day=today)
    me = next((one for one in members if one.customer_id == customer_id), None)
    return None if me is None else Pool(household_id, me, members)
