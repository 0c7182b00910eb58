"""The SQL of points in merges: the functions that take them over and give them back, and what waits for that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, RowMapping, Text, or_, text
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer, CustomerMerge
from guibin.points.merge_models import PointsMerge
from guibin.points.models import AccountState, PointsAccount, PointsLot
from guibin.points.repository import rows_of

_TAKE_OVER: Final = text(
    "SELECT * FROM points_merge(:merge, :giver, :taker, :wallet, CAST(:ids AS uuid[]), :expiry, CAST(:lots AS uuid[]),"
    " CAST(:reasons_zh AS text[]), CAST(:reasons_en AS text[]), :actor, :at, :day)"
).columns(outcome=Text, points=BigInteger, debt=BigInteger)
_GIVE_BACK: Final = text(
    "SELECT * FROM points_unmerge(:merge, :giver, :taker, :wallet, CAST(:ids AS uuid[]), CAST(:lots AS uuid[]),"
    " CAST(:reasons_zh AS text[]), CAST(:reasons_en AS text[]), :actor, :at, :day)"
).columns(outcome=Text, points=BigInteger, debt=BigInteger)


@dataclass(frozen=True, slots=True)
class Way:
    """By which merge points of a wallet go from whom to whom."""

    merge: UUID
    giver: UUID
    taker: UUID
    wallet: str


@dataclass(frozen=True, slots=True)
class Passage:
    """The arguments of both functions: whose points go to whom by which merge; ids and reasons are described there."""

    merge: UUID
    giver: UUID
    taker: UUID
    wallet: str
    ids: list[UUID]
    lots: list[UUID]
    reasons_zh: list[str]
    reasons_en: list[str]
    actor: UUID
    at: datetime
    day: date

    def bound(self) -> dict[str, object]:
        """Return them by name."""
        return {name: getattr(self, name) for name in Passage.__slots__}


async def take_over(session: AsyncSession, passage: Passage, *, expiry: UUID) -> RowMapping:
    """Take over what is free in one account, and return outcome, points and debt."""
    return (await rows_of(session, _TAKE_OVER, **passage.bound(), expiry=expiry))[0]


async def give_back(session: AsyncSession, passage: Passage) -> RowMapping:
    """Give back what is left of what a merge took over, and return outcome, points and debt."""
    return (await rows_of(session, _GIVE_BACK, **passage.bound()))[0]


async def accounts_of(session: AsyncSession, customer_id: UUID) -> Sequence[PointsAccount]:
    """Return a customer's accounts as they stand, in the order in which they are locked."""
    query = select(PointsAccount).where(PointsAccount.customer_id == customer_id)
    found = (await session.exec(query.execution_options(populate_existing=True))).all()
    return sorted(found, key=lambda account: account.wallet)


async def wallets_taken_over(session: AsyncSession, *, customer_id: UUID, merge_id: UUID) -> Sequence[str]:
    """Return in which wallets a merge took something over."""
    query = select(PointsMerge.wallet).where(PointsMerge.customer_id == customer_id, PointsMerge.merge_id == merge_id)
    return sorted(set((await session.exec(query)).all()))


async def count_lots(session: AsyncSession, *, customer_id: UUID, wallet: str) -> int:
    """Return how many lots of an account something is left in."""
    query = select(func.count()).where(
        PointsLot.customer_id == customer_id, PointsLot.wallet == wallet, col(PointsLot.remaining) > 0
    )
    return int((await session.exec(query)).one())


async def wallets_of_merged(session: AsyncSession, customer_id: UUID) -> Sequence[str]:
    """Return in which wallets customers have accounts who were merged into one."""
    query = (
        select(PointsAccount.wallet)
        .join(Customer, col(Customer.id) == col(PointsAccount.customer_id))
        .where(Customer.merged_into == customer_id)
    )
    return sorted(set((await session.exec(query)).all()))


async def stands(session: AsyncSession, way: Way) -> bool:
    """Tell whether a merge has not been undone."""
    query = select(CustomerMerge.id).where(
        CustomerMerge.id == way.merge, CustomerMerge.losing_id == way.giver, col(CustomerMerge.undone_at).is_(None)
    )
    return (await session.exec(query)).first() is not None


async def waiting(session: AsyncSession, *, limit: int) -> Sequence[Way]:
    """Return what has come free with merged customers since they were merged: each goes to whom its own merge names.

    One who was merged further passes it on by that merge, so that each can be undone. What is set aside waits for its
    end; what pays is what is not held. A taker whose account is closed takes nothing.
    """
    account, other = PointsAccount, aliased(PointsAccount)
    # In merges within merges of before accounts were opened for that: who was merged further gets none any more.
    taker = func.coalesce(col(other.customer_id), col(Customer.merged_into)).label("taker")
    query = (
        select(CustomerMerge.id, Customer.id, taker, account.wallet)
        .join(
            CustomerMerge, (col(CustomerMerge.losing_id) == col(Customer.id)) & col(CustomerMerge.undone_at).is_(None)
        )
        .join(account, col(account.customer_id) == col(Customer.id))
        .outerjoin(
            other,
            (col(other.customer_id) == col(CustomerMerge.customer_id)) & (col(other.wallet) == col(account.wallet)),
        )
        .where(
            col(Customer.merged_into).is_not(None),
            col(account.held) == 0,
            or_(col(account.balance) > 0, col(account.debt) > 0),
            func.coalesce(col(other.state), "") != AccountState.CLOSED,
        )
        .order_by(col(Customer.id), col(account.wallet))
        .limit(limit)
    )
    rows = (await session.exec(query)).all()
    return [Way(merge, giver, taker, wallet) for merge, giver, taker, wallet in rows]
