"""What a correction by hand looks at before it is submitted: a credit, a lot, what of it is pending or has expired."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Date, DateTime, Text, Uuid, text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer, CustomerMerge
from guibin.organisation.models import Branch
from guibin.points.earning.models import EarningAward
from guibin.points.earning.settlement import BudgetKey
from guibin.points.models import EntryKind, PointsAccount, PointsEntry, PointsLot, PointsLotUse
from guibin.points.repository import rows_of
from guibin.security.row_scope import all_rows

TAKES_BACK: Final = (EntryKind.CLAW_BACK, EntryKind.PENDING_CANCEL)
ENDS: Final = (EntryKind.EXPIRE, EntryKind.EXPIRE_EARLY)

_STATE: Final = text("SELECT * FROM points_account_state(:customer, :wallet, :state, :at, :day)").columns(
    outcome=Text, state_before=Text
)
_PENDING: Final = text(
    "SELECT l.entry_id, l.id AS lot_id, l.wallet, l.remaining AS points, l.pending_until, l.expires_on, l.earned_at,"
    " e.reason_zh, e.reason_en, a.awaits, a.awaits_until FROM points_lot l"
    " JOIN points_entry e ON e.customer_id = l.customer_id AND e.id = l.entry_id"
    " LEFT JOIN earning_award a ON a.customer_id = l.customer_id AND a.entry_id = l.entry_id"
    " WHERE l.customer_id = :customer AND l.pending AND l.remaining > 0"
    " AND (CAST(:after_at AS timestamptz) IS NULL OR (l.earned_at, l.id) > (:after_at, CAST(:after_id AS uuid)))"
    " ORDER BY l.earned_at, l.id LIMIT :limit"
).columns(
    entry_id=Uuid,
    lot_id=Uuid,
    wallet=Text,
    pending_until=Date,
    expires_on=Date,
    earned_at=DateTime(timezone=True),
    awaits=Text,
    awaits_until=Date,
)


@dataclass(frozen=True, slots=True)
class PendingLot:
    """Points of one credit that cannot be spent yet.

    They come free on the day `pending_until`, with an event of the kind `awaits` by `awaits_until`, or else by hand.
    """

    entry_id: UUID
    lot_id: UUID
    wallet: str
    points: int
    pending_until: date | None
    expires_on: date | None
    earned_at: datetime
    reason_zh: str
    reason_en: str
    awaits: str | None = None
    awaits_until: date | None = None


_RETURN: Final = text(
    "UPDATE earning_budget SET points = greatest(points - :points, 0), cost_fen = greatest(cost_fen - :cost, 0),"
    " awards = greatest(awards - :awards, 0) WHERE rule_code = :rule AND period = :period AND starts_on = :start"
)


async def lot_of_entry(session: AsyncSession, *, customer_id: UUID, entry_id: UUID) -> PointsLot | None:
    """Return the lot that a credit made; None where all of it paid debt."""
    query = select(PointsLot).where(PointsLot.customer_id == customer_id, PointsLot.entry_id == entry_id)
    return (await session.exec(query)).first()


async def find_lot(session: AsyncSession, *, customer_id: UUID, lot_id: UUID) -> PointsLot | None:
    """Return one lot of a customer."""
    query = select(PointsLot).where(PointsLot.customer_id == customer_id, PointsLot.id == lot_id)
    return (await session.exec(query)).first()


async def sum_taken_back(session: AsyncSession, *, customer_id: UUID, entry_id: UUID) -> int:
    """Return how much of a credit was taken back or cancelled before."""
    entry = PointsEntry
    moved = func.sum(col(entry.debt_change) - col(entry.points) - col(entry.pending_change))
    query = select(func.coalesce(moved, 0)).where(
        entry.customer_id == customer_id, entry.refers_to == entry_id, col(entry.kind).in_(TAKES_BACK)
    )
    return int((await session.exec(query)).one())


async def sum_expired(session: AsyncSession, *, customer_id: UUID, lot_id: UUID) -> int:
    """Return how much of a lot has expired, in time or early."""
    use, entry = PointsLotUse, PointsEntry
    query = (
        select(func.coalesce(func.sum(col(use.points)), 0))
        .join(entry, (col(entry.customer_id) == col(use.customer_id)) & (col(entry.id) == col(use.entry_id)))
        .where(use.customer_id == customer_id, use.lot_id == lot_id, col(entry.kind).in_(ENDS))
    )
    return int((await session.exec(query)).one())


async def has_entry_of(
    session: AsyncSession, *, customer_id: UUID, wallet: str, kind: str, source_kind: str, source_id: str
) -> bool:
    """Tell whether a source has posted a kind of entry."""
    query = select(PointsEntry.id).where(
        PointsEntry.customer_id == customer_id,
        PointsEntry.wallet == wallet,
        PointsEntry.kind == kind,
        PointsEntry.source_kind == source_kind,
        PointsEntry.source_id == source_id,
    )
    return (await session.exec(query)).first() is not None


async def list_pending(
    session: AsyncSession, *, customer_id: UUID, after: tuple[datetime, UUID] | None, limit: int
) -> list[PendingLot]:
    """Return a customer's pending lots, oldest first."""
    after_at, after_id = after or (None, None)
    rows = await rows_of(session, _PENDING, customer=customer_id, after_at=after_at, after_id=after_id, limit=limit)
    return [PendingLot(**row) for row in rows]


async def find_account(session: AsyncSession, *, customer_id: UUID, wallet: str) -> PointsAccount | None:
    """Return a customer's account as it is now."""
    query = select(PointsAccount).where(PointsAccount.customer_id == customer_id, PointsAccount.wallet == wallet)
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def branch_codes_of(session: AsyncSession, customer_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the codes of some customers' branches."""
    query = select(Customer.id, Branch.code).join(Branch, col(Customer.branch_id) == col(Branch.id))
    return dict((await session.exec(query.where(col(Customer.id).in_(customer_ids)))).all())


async def put_state(
    session: AsyncSession, *, customer_id: UUID, wallet: str, state: str, at: datetime, day: date
) -> tuple[str, str]:
    """Freeze, open or close an account; returns outcome and the state before."""
    rows = await rows_of(session, _STATE, customer=customer_id, wallet=wallet, state=state, at=at, day=day)
    return rows[0]["outcome"], rows[0]["state_before"]


async def holds_points(session: AsyncSession, wallet: str) -> bool:
    """Tell whether anybody has points, pending points or debt of a kind."""
    query = (
        select(PointsAccount.wallet)
        .where(PointsAccount.wallet == wallet)
        .where((col(PointsAccount.balance) > 0) | (col(PointsAccount.pending) > 0) | (col(PointsAccount.debt) > 0))
    )
    async with all_rows(session):
        return (await session.exec(query.limit(1))).first() is not None


async def find_award(session: AsyncSession, *, customer_id: UUID, entry_id: UUID) -> EarningAward | None:
    """Return which rule made an entry; None when none did."""
    query = select(EarningAward).where(EarningAward.customer_id == customer_id, EarningAward.entry_id == entry_id)
    return (await session.exec(query)).first()


async def first_award(session: AsyncSession, award: EarningAward) -> EarningAward:
    """Return the award that an award came over from by merges that were undone, for which budgets paid; else itself."""
    before = award
    async with all_rows(session):  # whoever takes back may not see the other customer, whose branch has paid
        while (older := await _passed_on(session, before)) is not None:
            before = older
    return before


async def _passed_on(session: AsyncSession, award: EarningAward) -> EarningAward | None:
    """Return the award of before of one with whom the customer was one for a time: most were with nobody."""
    parted = select(CustomerMerge.customer_id).where(
        CustomerMerge.losing_id == award.customer_id, col(CustomerMerge.undone_at).is_not(None)
    )
    query = select(EarningAward).where(
        col(EarningAward.customer_id).in_(parted),
        EarningAward.passed_to == award.customer_id,
        EarningAward.source_id == award.source_id,
        EarningAward.rule_code == award.rule_code,
        EarningAward.wallet == award.wallet,
        col(EarningAward.entry_id) < award.entry_id,
    )
    return (await session.exec(query.order_by(col(EarningAward.entry_id).desc()).limit(1))).first()


async def return_to_budgets(
    session: AsyncSession, keys: Iterable[BudgetKey], *, points: int, cost_fen: int, awards: int
) -> None:
    """Let budgets of a rule have given less; one after the other, in the order in which earning locks them."""
    for rule_code, period, starts_on in keys:
        bound = {"rule": rule_code, "period": period, "start": starts_on}
        await session.execute(_RETURN, bound | {"points": points, "cost": cost_fen, "awards": awards})
