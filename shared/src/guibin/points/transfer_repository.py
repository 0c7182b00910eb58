"""The SQL of transfers: the function that passes points on, what was passed on before, and the list of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, RowMapping, Text, and_, func, or_, text
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.assets.models import AssetRule, AssetRuleState
from guibin.points.assets.rules import rewards_deposits
from guibin.points.models import PointsLot
from guibin.points.repository import rows_of
from guibin.points.transfer_models import PointsTransfer
from guibin.points.transfer_rules import TransferSide

_TRANSFER: Final = text(
    "SELECT * FROM points_transfer(:transfer, :giver, :receiver, :wallet, :points, :reverses,"
    " CAST(:entries AS uuid[]), CAST(:lots AS uuid[]), CAST(:reasons_zh AS text[]), CAST(:reasons_en AS text[]),"
    " :source_kind, :source_id, :actor, :at, :day)"
).columns(outcome=Text, available_after=BigInteger)


@dataclass(frozen=True, slots=True)
class Passing:
    """The arguments of `points_transfer`: entries and reasons are the giver's, then the receiver's."""

    transfer: UUID
    giver: UUID
    receiver: UUID
    wallet: str
    points: int
    reverses: UUID | None
    entries: list[UUID]
    lots: list[UUID]
    reasons_zh: list[str]
    reasons_en: list[str]
    source_kind: str
    source_id: str
    actor: UUID
    at: datetime
    day: date


@dataclass(frozen=True, slots=True)
class TransferRow:
    """One side of a transfer, and how many points of it the bank has taken back."""

    transfer: PointsTransfer
    taken_back: int


async def pass_on(session: AsyncSession, passing: Passing) -> RowMapping:
    """Pass points on and return outcome and available_after, the giver's."""
    bound = {name: getattr(passing, name) for name in Passing.__slots__}
    return (await rows_of(session, _TRANSFER, **bound))[0]


async def count_lots(session: AsyncSession, *, customer_id: UUID, wallet: str) -> int:
    """Return how many lots of an account something is left in: at most so many go over at once."""
    query = (
        select(func.count())
        .select_from(PointsLot)
        .where(PointsLot.customer_id == customer_id, PointsLot.wallet == wallet, col(PointsLot.remaining) > 0)
    )
    return int((await session.exec(query)).one())


async def sum_passed_on(session: AsyncSession, *, customer_id: UUID, wallet: str, since: date) -> int:
    """Return what a customer has passed on since a day, but for what the bank moves or a household spends."""
    row = PointsTransfer
    query = select(func.coalesce(func.sum(col(row.points)), 0)).where(
        row.customer_id == customer_id,
        row.wallet == wallet,
        row.side == TransferSide.OUT,
        col(row.reverses).is_(None),
        col(row.inheritance_id).is_(None),
        col(row.household_id).is_(None),
        col(row.posted_on) >= since,
    )
    return int((await session.exec(query)).one())


async def weighs_deposits(session: AsyncSession, wallet: str) -> bool:
    """Tell whether deposits earn in a wallet, or did, without a document of compliance."""
    rule = AssetRule
    query = sa_select(col(rule.weights)).where(
        col(rule.wallet) == wallet,
        col(rule.state) == AssetRuleState.ACTIVE,
        col(rule.compliance_document).is_(None),
    )
    return any(rewards_deposits(weights) for weights in (await session.execute(query)).scalars())


async def find_transfer(session: AsyncSession, *, customer_id: UUID, transfer_id: UUID) -> PointsTransfer | None:
    """Return a customer's side of a transfer."""
    query = select(PointsTransfer).where(PointsTransfer.customer_id == customer_id, PointsTransfer.id == transfer_id)
    return (await session.exec(query)).first()


async def transfer_of_entry(session: AsyncSession, *, customer_id: UUID, entry_id: UUID) -> PointsTransfer | None:
    """Return the transfer that posted an entry of a customer."""
    query = select(PointsTransfer).where(PointsTransfer.customer_id == customer_id, PointsTransfer.entry_id == entry_id)
    return (await session.exec(query)).first()


async def sum_left(session: AsyncSession, *, customer_id: UUID, entry_id: UUID, today: date) -> int:
    """Return what can still be spent of the lots that an entry made."""
    lot = PointsLot
    query = select(func.coalesce(func.sum(col(lot.remaining) - col(lot.held)), 0)).where(
        lot.customer_id == customer_id,
        lot.entry_id == entry_id,
        or_(col(lot.expires_on).is_(None), col(lot.expires_on) >= today),
    )
    return int((await session.exec(query)).one())


async def list_transfers(
    session: AsyncSession, *, customer_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[TransferRow]:
    """Return a customer's transfers, the newest first."""
    row, back = PointsTransfer, aliased(PointsTransfer)
    taken_back = (
        sa_select(func.coalesce(func.sum(back.points), 0))
        .where(and_(col(back.customer_id) == col(row.customer_id), col(back.reverses) == col(row.id)))
        .correlate(row)
        .scalar_subquery()
    )
    query = (
        select(row, taken_back)
        .where(row.customer_id == customer_id)
        .order_by(col(row.posted_at).desc(), col(row.id).desc())
        .limit(limit)
    )
    if before is not None:
        at, last = before
        query = query.where(or_(col(row.posted_at) < at, and_(col(row.posted_at) == at, col(row.id) < last)))
    return [TransferRow(transfer, int(points)) for transfer, points in (await session.exec(query)).all()]
