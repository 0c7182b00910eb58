"""The SQL of household points: who is in the pool, what is in it, and the functions that move it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, RowMapping, Text, Uuid, and_, case, func, text, type_coerce
from sqlalchemy import select as sa_select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import new_id
from guibin.customers.models import Customer
from guibin.points.household.models import PointsPoolRole, PoolRole
from guibin.points.household.rules import PoolMember
from guibin.points.models import PointsLot, PointsLotUse
from guibin.points.repository import rows_of
from guibin.points.transfer_models import PointsTransfer
from guibin.points.transfer_rules import TransferSide
from guibin.privacy.models import Purpose
from guibin.privacy.repository import blocked_among, consents_to
from guibin.privacy.rules import Act
from guibin.relations.household_repository import belongs_on, takes_part
from guibin.relations.models import HouseholdMember, HouseholdRole

_DRAW: Final = text(
    "SELECT outcome, drawn, available FROM points_pool_draw(:household, :spender, CAST(:givers AS uuid[]), :wallet,"
    " :points, CAST(:transfers AS uuid[]), CAST(:entries AS uuid[]), CAST(:lots AS uuid[]),"
    " CAST(:reasons_zh AS text[]), CAST(:reasons_en AS text[]), :actor, :at, :day)"
).columns(outcome=Text, drawn=BigInteger, available=BigInteger)
_RETURN: Final = text(
    "SELECT points_pool_return(:spender, :refund, CAST(:transfers AS uuid[]), CAST(:entries AS uuid[]),"
    " CAST(:lots AS uuid[]), CAST(:reasons_zh AS text[]), CAST(:reasons_en AS text[]), :actor, :at, :day) AS points"
).columns(points=BigInteger)
_FREE: Final = text(
    "SELECT a.customer_id, a.wallet, sum(l.remaining - l.held) AS points FROM points_account a"
    " JOIN wallet w ON w.code = a.wallet AND w.pooled AND w.active"
    " JOIN points_lot l ON l.customer_id = a.customer_id AND l.wallet = a.wallet AND l.remaining > l.held"
    " AND NOT l.pending AND (l.expires_on IS NULL OR l.expires_on >= :day)"
    " WHERE a.customer_id = ANY (:customers) AND a.state = 'open' AND (a.lapses_on IS NULL OR a.lapses_on >= :day)"
    " GROUP BY a.customer_id, a.wallet"
).columns(wallet=Text, points=BigInteger)


@dataclass(frozen=True, slots=True)
class Moving:
    """Who moves points between members, when, and what both sides are told."""

    reasons_zh: Sequence[str]
    reasons_en: Sequence[str]
    actor: UUID
    at: datetime
    day: date


@dataclass(frozen=True, slots=True)
class Flow:
    """Points between a member and the others of a household, ever since: put in and come back, spent and given back."""

    given: int
    got_back: int
    spent: int
    gave_back: int


async def primary_place(session: AsyncSession, *, customer_id: UUID, day: date) -> UUID | None:
    """Return the household of a customer that counts first."""
    query = select(HouseholdMember.household_id).where(
        HouseholdMember.customer_id == customer_id, col(HouseholdMember.is_primary), belongs_on(day)
    )
    return (await session.exec(query.limit(1))).first()


async def members_of(session: AsyncSession, *, household_id: UUID, day: date) -> list[PoolMember]:
    """Return the members of a household whose places may be used, the longest in it first."""
    member, role = HouseholdMember, PointsPoolRole
    query = (
        select(member, role, consents_to(type_coerce(col(Customer.id), Uuid), Purpose.POOLING))
        .join(Customer, col(Customer.id) == col(member.customer_id))
        .outerjoin(role, and_(col(role.customer_id) == col(member.customer_id), col(role.place_id) == col(member.id)))
        .where(member.household_id == household_id, belongs_on(day), takes_part(day))
        .where(col(Customer.erased_at).is_(None), col(Customer.merged_into).is_(None))
        .order_by(col(member.set_at), col(member.id))
        .execution_options(populate_existing=True)
    )
    rows = (await session.exec(query)).all()
    stopped = await blocked_among(session, [place.customer_id for place, _, _ in rows], Act.REDEEM, day=day)
    return [
        PoolMember(
            customer_id=place.customer_id,
            place_id=place.id,
            household_role=HouseholdRole(place.role),
            named=None if named is None else PoolRole(named.role),
            month_limit=None if named is None else named.month_limit,
            puts_in=bool(puts_in),
            stopped=place.customer_id in stopped,
        )
        for place, named, puts_in in rows
    ]


async def used_since(
    session: AsyncSession, *, customers: Sequence[UUID], household_id: UUID, since: date
) -> dict[UUID, int]:
    """Return what members have spent of others' points since a day, less what went back to them."""
    row = PointsTransfer
    signed = case((col(row.side) == TransferSide.IN, col(row.points)), else_=-col(row.points))
    query = (
        sa_select(col(row.customer_id), func.sum(signed))
        .where(
            col(row.customer_id).in_(customers),
            col(row.household_id) == household_id,
            col(row.posted_on) >= since,
            (col(row.side) == TransferSide.IN) == col(row.reverses).is_(None),
        )
        .group_by(col(row.customer_id))
    )
    return {customer_id: max(int(points), 0) for customer_id, points in (await session.execute(query)).all()}


async def flows_of(
    session: AsyncSession, *, customers: Sequence[UUID], household_id: UUID
) -> dict[tuple[UUID, str], Flow]:
    """Return what went between members and the others of a household, by customer and wallet."""
    row = PointsTransfer
    came, first = col(row.side) == TransferSide.IN, col(row.reverses).is_(None)

    def summed(*which: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(col(row.points)).filter(*which), 0)

    query = (
        sa_select(
            col(row.customer_id),
            col(row.wallet),
            summed(~came, first),
            summed(came, ~first),
            summed(came, first),
            summed(~came, ~first),
        )
        .where(col(row.customer_id).in_(customers), col(row.household_id) == household_id)
        .group_by(col(row.customer_id), col(row.wallet))
    )
    rows = (await session.execute(query)).all()
    return {(customer_id, wallet): Flow(*map(int, sums)) for customer_id, wallet, *sums in rows}


async def free_points(session: AsyncSession, *, customers: Sequence[UUID], day: date) -> dict[tuple[UUID, str], int]:
    """Return what customers can spend of each kind of points that is put together, by customer and wallet."""
    rows = await rows_of(session, _FREE, customers=list(customers), day=day)
    return {(row["customer_id"], row["wallet"]): int(row["points"]) for row in rows}


async def write_role(
    session: AsyncSession, member: PoolMember, *, role: PoolRole, month_limit: int | None, actor: UUID, at: datetime
) -> None:
    """Write what a member may do with the common points."""
    row = PointsPoolRole(
        customer_id=member.customer_id,
        place_id=member.place_id,
        role=role,
        month_limit=month_limit,
        set_by=actor,
        set_at=at,
    )
    values = row.model_dump()
    changed = {name: values[name] for name in ("role", "month_limit", "set_by", "set_at")}
    await session.execute(
        insert(PointsPoolRole)
        .values(values)
        .on_conflict_do_update(index_elements=["customer_id", "place_id"], set_=changed)
    )


async def count_lots(session: AsyncSession, *, customers: Sequence[UUID], wallet: str) -> int:
    """Return how many lots of customers have something left in a wallet: at most so many give at once."""
    query = select(func.count()).where(
        col(PointsLot.customer_id).in_(customers), PointsLot.wallet == wallet, col(PointsLot.remaining) > 0
    )
    return int((await session.exec(query)).one())


async def draw(
    session: AsyncSession,
    moving: Moving,
    *,
    household_id: UUID,
    spender: UUID,
    givers: Sequence[UUID],
    wallet: str,
    points: int,
) -> RowMapping:
    """Bring over what is missing, and return outcome, drawn and available (of all together)."""
    lots = await count_lots(session, customers=givers, wallet=wallet)
    rows = await rows_of(
        session,
        _DRAW,
        household=household_id,
        spender=spender,
        givers=list(givers),
        wallet=wallet,
        points=points,
        **_new_ids(len(givers), lots),
        **_told(moving),
    )
    return rows[0]


async def givers_of(session: AsyncSession, *, customer_id: UUID, entry_id: UUID) -> list[UUID]:
    """Return whose points paid an entry beside the customer's own, each as who that is by now."""
    use, lot, given = PointsLotUse, PointsLot, PointsTransfer
    query = (
        sa_select(func.coalesce(col(Customer.merged_into), col(given.other_id)))
        .select_from(use)
        .join(lot, and_(col(lot.customer_id) == col(use.customer_id), col(lot.id) == col(use.lot_id)))
        .join(given, and_(col(given.customer_id) == col(use.customer_id), col(given.entry_id) == col(lot.entry_id)))
        .join(Customer, col(Customer.id) == col(given.other_id))
        .where(
            col(use.customer_id) == customer_id,
            col(use.entry_id) == entry_id,
            col(given.household_id).is_not(None),
            col(given.reverses).is_(None),
            col(given.side) == TransferSide.IN,
        )
        .distinct()
    )
    return list((await session.execute(query)).scalars())


async def give_back(session: AsyncSession, moving: Moving, *, spender: UUID, refund_id: UUID, paid_by: UUID) -> int:
    """Give back to the others what a refund brought of theirs; returns how many points went."""
    query = select(func.count()).where(PointsLotUse.customer_id == spender, PointsLotUse.entry_id == paid_by)
    lots = int((await session.exec(query)).one())
    ids = _new_ids(lots, lots)
    rows = await rows_of(session, _RETURN, spender=spender, refund=refund_id, **ids, **_told(moving))
    return int(rows[0]["points"])


def _new_ids(transfers: int, lots: int) -> dict[str, list[UUID]]:
    counts = {"transfers": transfers, "entries": 2 * transfers, "lots": lots}
    return {name: sorted(new_id() for _ in range(count)) for name, count in counts.items()}


def _told(moving: Moving) -> dict[str, object]:
    return {
        "reasons_zh": list(moving.reasons_zh),
        "reasons_en": list(moving.reasons_en),
        "actor": moving.actor,
        "at": moving.at,
        "day": moving.day,
    }
