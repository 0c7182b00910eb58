"""The SQL of inheritances: what passes on, the function that moves it, and the list of claims."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Text, bindparam, or_, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.inheritance.models import PointsInheritance
from guibin.points.models import PointsAccount, PointsLot, Wallet
from guibin.points.repository import rows_of
from guibin.points.transfer_models import PointsTransfer
from guibin.points.transfer_rules import TransferSide

_INHERIT: Final = (
    text(
        "SELECT * FROM points_inherit(:transfer, :inheritance, :giver, :receiver, :wallet, :takes,"
        " CAST(:entries AS uuid[]), CAST(:lots AS uuid[]), CAST(:reasons_zh AS text[]), CAST(:reasons_en AS text[]),"
        " :source_id, :actor, :at, :day)"
    )
    .bindparams(bindparam("takes", type_=JSONB))
    .columns(outcome=Text)
)


@dataclass(frozen=True, slots=True)
class Bequest:
    """The arguments of `points_inherit`: what one heir has of the deceased's lots of one wallet.

    `takes` are pairs of a lot and points; entries and reasons are the giver's, then the receiver's.
    """

    transfer: UUID
    inheritance: UUID
    giver: UUID
    receiver: UUID
    wallet: str
    takes: list[dict[str, object]]
    entries: list[UUID]
    lots: list[UUID]
    reasons_zh: list[str]
    reasons_en: list[str]
    source_id: str
    actor: UUID
    at: datetime
    day: date


async def inherit(session: AsyncSession, bequest: Bequest) -> str:
    """Move points to an heir and return the outcome."""
    bound = {name: getattr(bequest, name) for name in Bequest.__slots__}
    return str((await rows_of(session, _INHERIT, **bound))[0]["outcome"])


async def heritable_accounts(session: AsyncSession, *, customer_id: UUID) -> list[tuple[PointsAccount, Wallet]]:
    """Return a customer's accounts as they stand now, of kinds of points that are spent and in use, by wallet."""
    query = (
        select(PointsAccount, Wallet)
        .join(Wallet, col(Wallet.code) == col(PointsAccount.wallet))
        .where(PointsAccount.customer_id == customer_id, col(Wallet.growth).is_(False), col(Wallet.active))
        .order_by(col(PointsAccount.wallet))
    )
    return list((await session.exec(query.execution_options(populate_existing=True))).all())


async def free_lots(session: AsyncSession, *, customer_id: UUID, wallet: str, day: date) -> Sequence[PointsLot]:
    """Return the lots of an account that can be spent from, in the order in which debits draw on them."""
    lot = PointsLot
    query = (
        select(lot)
        .where(
            lot.customer_id == customer_id,
            lot.wallet == wallet,
            col(lot.remaining) > col(lot.held),
            col(lot.pending).is_(False),
            or_(col(lot.expires_on).is_(None), col(lot.expires_on) >= day),
        )
        .order_by(col(lot.expires_on).nulls_last(), col(lot.earned_at), col(lot.id))
    )
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def list_inheritances(
    session: AsyncSession, *, customer_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[PointsInheritance]:
    """Return the claims on a customer's points, the newest first."""
    row = PointsInheritance
    query = select(row).where(row.customer_id == customer_id)
    if before is not None:
        at, last = before
        query = query.where(or_(col(row.posted_at) < at, (col(row.posted_at) == at) & (col(row.id) < last)))
    return (await session.exec(query.order_by(col(row.posted_at).desc(), col(row.id).desc()).limit(limit))).all()


async def parts_of(session: AsyncSession, *, customer_id: UUID, ids: Sequence[UUID]) -> Sequence[PointsTransfer]:
    """Return the giver's side of all transfers of some claims, in the order in which they were made."""
    row = PointsTransfer
    query = select(row).where(
        row.customer_id == customer_id, row.side == TransferSide.OUT, col(row.inheritance_id).in_(ids)
    )
    return (await session.exec(query.order_by(col(row.wallet), col(row.id)))).all()
