"""The doors of the ledger beside `points_post`: to give back, to take back, to set aside and to spend that."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, RowMapping, TextClause, and_, func, text
from sqlalchemy import select as sa_select
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.origins import is_of
from guibin.points.models import (
    AccountState,
    EntryKind,
    HoldState,
    PointsAccount,
    PointsEntry,
    PointsHold,
    PointsLot,
    Wallet,
)
from guibin.points.repository import rows_of
from guibin.security.actors import Scope

_WHY = ":reason_zh, :reason_en, :source_kind, :source_id, :actor, :at, :day"


def _door(call: str) -> TextClause:
    return text(f"SELECT * FROM {call.replace('WHY', _WHY)}")  # noqa: S608 - only the constants below


_REFUND = _door("points_refund(:customer, :wallet, :refers_to, :points, :entry, :lot, :grace_until, WHY)").columns(
    lots=JSONB
)
_CLAW_BACK = _door("points_claw_back(:customer, :wallet, :refers_to, :points, :entry, WHY)").columns(lots=JSONB)
_HOLD = _door("points_hold(:customer, :wallet, :points, :hold, :expires_at, WHY)")
_CAPTURE = _door("points_capture(:customer, :wallet, :hold, :kind, :points, :entry, WHY)").columns(lots=JSONB)
_RELEASE = _door("points_release(:customer, :wallet, :hold, :state, :at, :day)")


@dataclass(frozen=True, slots=True)
class Why:
    """What every movement says of itself: its reason in both languages, its source, its actor and its time."""

    reason_zh: str
    reason_en: str
    source_kind: str
    source_id: str
    actor: UUID
    at: datetime
    day: date


async def spent_since(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, wallet: str, starts: Mapping[str, date | None]
) -> dict[str, int]:
    """Return what a customer has spent of a wallet, less what came back, from each day on, with what is set aside.

    What was spent under ids that became one with the customer counts where the scope has them.
    """
    entry, held = PointsEntry, PointsHold
    total = func.sum(-col(entry.points), type_=BigInteger)
    sums = [total if start is None else total.filter(col(entry.posted_on) >= start) for start in starts.values()]
    spent = sa_select(*(func.coalesce(one, 0) for one in sums)).where(
        is_of(scope, col(entry.customer_id), customer_id),
        col(entry.wallet) == wallet,
        col(entry.kind).in_((EntryKind.REDEEM, EntryKind.ORDER, EntryKind.REFUND)),
    )
    aside = sa_select(func.coalesce(func.sum(col(held.points), type_=BigInteger), 0)).where(
        col(held.customer_id) == customer_id, col(held.wallet) == wallet, col(held.state) == HoldState.OPEN
    )
    row, open_points = (await session.execute(spent)).one(), (await session.execute(aside)).scalar_one()
    return {period: int(max(points, 0) + open_points) for period, points in zip(starts, row, strict=True)}


async def refund(
    session: AsyncSession,
    why: Why,
    *,
    customer: UUID,
    wallet: str,
    refers_to: UUID,
    points: int,
    entry: UUID,
    lot: UUID,
    grace_until: date,
) -> RowMapping:
    """Give back what a debit took, and return the outcome row."""
    rows = await rows_of(
        session,
        _REFUND,
        customer=customer,
        wallet=wallet,
        refers_to=refers_to,
        points=points,
        entry=entry,
        lot=lot,
        grace_until=grace_until,
        **asdict(why),
    )
    return rows[0]


async def claw_back(
    session: AsyncSession, why: Why, *, customer: UUID, wallet: str, refers_to: UUID, points: int, entry: UUID
) -> RowMapping:
    """Take back what a credit gave, and return the outcome row."""
    rows = await rows_of(
        session,
        _CLAW_BACK,
        customer=customer,
        wallet=wallet,
        refers_to=refers_to,
        points=points,
        entry=entry,
        **asdict(why),
    )
    return rows[0]


async def hold(
    session: AsyncSession,
    why: Why,
    *,
    customer: UUID,
    wallet: str,
    points: int,
    hold_id: UUID,
    expires_at: datetime,
) -> RowMapping:
    """Set points aside, and return outcome, hold_id and available_after."""
    rows = await rows_of(
        session,
        _HOLD,
        customer=customer,
        wallet=wallet,
        points=points,
        hold=hold_id,
        expires_at=expires_at,
        **asdict(why),
    )
    return rows[0]


async def capture(
    session: AsyncSession, why: Why, *, customer: UUID, wallet: str, hold_id: UUID, kind: str, points: int, entry: UUID
) -> RowMapping:
    """Spend what was set aside, and return the outcome row."""
    rows = await rows_of(
        session,
        _CAPTURE,
        customer=customer,
        wallet=wallet,
        hold=hold_id,
        kind=kind,
        points=points,
        entry=entry,
        **asdict(why),
    )
    return rows[0]


async def release(
    session: AsyncSession, *, customer: UUID, wallet: str, hold_id: UUID, state: HoldState, at: datetime, day: date
) -> RowMapping:
    """End a hold without spending, and return outcome, hold_id and available_after."""
    rows = await rows_of(session, _RELEASE, customer=customer, wallet=wallet, hold=hold_id, state=state, at=at, day=day)
    return rows[0]


async def find_entry(session: AsyncSession, *, customer_id: UUID, entry_id: UUID) -> PointsEntry | None:
    """Return one entry of a customer."""
    query = select(PointsEntry).where(PointsEntry.customer_id == customer_id, PointsEntry.id == entry_id)
    return (await session.exec(query)).first()


async def find_hold(session: AsyncSession, *, customer_id: UUID, hold_id: UUID) -> PointsHold | None:
    """Return one hold of a customer, as it stands now."""
    query = select(PointsHold).where(PointsHold.customer_id == customer_id, PointsHold.id == hold_id)
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def lapsed_holds(session: AsyncSession, *, at: datetime, limit: int) -> list[PointsHold]:
    """Return open holds whose time has ended, by customer and wallet."""
    query = (
        select(PointsHold)
        .where(PointsHold.state == HoldState.OPEN, col(PointsHold.expires_at) <= at)
        .order_by(col(PointsHold.customer_id), col(PointsHold.wallet), col(PointsHold.id))
        .limit(limit)
    )
    return list((await session.exec(query)).all())


async def pending_due(session: AsyncSession, *, day: date, limit: int) -> list[PointsLot]:
    """Return pending lots whose day of release has come, by customer and wallet.

    Left out are those that cannot move: of a closed account, or of a wallet that is not in use.
    """
    moves = and_(
        col(PointsAccount.customer_id) == col(PointsLot.customer_id), col(PointsAccount.wallet) == col(PointsLot.wallet)
    )
    query = (
        select(PointsLot)
        .join(PointsAccount, moves)
        .join(Wallet, col(Wallet.code) == col(PointsLot.wallet))
        .where(col(PointsAccount.state) != AccountState.CLOSED, col(Wallet.active))
        .where(col(PointsLot.pending), col(PointsLot.remaining) > 0, col(PointsLot.pending_until) <= day)
        .order_by(col(PointsLot.customer_id), col(PointsLot.wallet), col(PointsLot.id))
        .limit(limit)
    )
    return list((await session.exec(query)).all())
