"""All SQL of gifts. Gifts and stock are the bank's; handovers are customers' data, read by scope."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.customers.models import Customer
from guibin.gifts.models import Gift, GiftHandover, GiftMovement, GiftStock, GiftYear
from guibin.organisation.models import Branch, Staff

Moment = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class Handed:
    """A handover with its gift."""

    row: GiftHandover
    gift: Gift


async def list_gifts(session: AsyncSession, *, after: str | None, limit: int) -> Sequence[Gift]:
    """Return the gifts by code."""
    query = select(Gift).order_by(col(Gift.code)).limit(limit)
    if after is not None:
        query = query.where(col(Gift.code) > after)
    return (await session.exec(query)).all()


async def find_by_code(session: AsyncSession, code: str) -> Gift | None:
    """Return the gift of a code."""
    query = select(Gift).where(Gift.code == code)
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def find_gift(session: AsyncSession, gift_id: UUID) -> Gift | None:
    """Return a gift; None when there is none."""
    query = select(Gift).where(Gift.id == gift_id).execution_options(populate_existing=True)
    return (await session.exec(query)).first()


async def get_gift(session: AsyncSession, gift_id: UUID) -> Gift:
    """Return a gift.

    Raises:
        NotFound: there is none.
    """
    found = await find_gift(session, gift_id)
    if found is None:
        raise NotFound
    return found


async def put_gift(session: AsyncSession, gift: Gift) -> bool:
    """Add a gift, or change the names and the offer of the one with its code; False when that has another value."""
    values = gift.model_dump()
    statement = insert(Gift).values(values)
    statement = statement.on_conflict_do_update(
        index_elements=["code"],
        set_={name: values[name] for name in ("name_zh", "name_en", "offered")},
        where=col(Gift.value_fen) == gift.value_fen,
    )
    return (await session.execute(statement.returning(col(Gift.id)))).first() is not None


async def staff_branch(session: AsyncSession, staff_id: UUID) -> UUID:
    """Return where a member of staff works."""
    return (await session.exec(select(Staff.branch_id).where(Staff.id == staff_id))).one()


async def is_branch(session: AsyncSession, branch_id: UUID) -> bool:
    """Tell whether there is such a node of the organisation."""
    return (await session.exec(select(Branch.id).where(Branch.id == branch_id))).first() is not None


async def list_stock(
    session: AsyncSession,
    *,
    branches: Collection[UUID] | None,
    after: tuple[str, str] | None,
    limit: int,
) -> Sequence[tuple[GiftStock, Gift, str]]:
    """Return what some branches have (None: all), with the gifts and the codes of the branches, in their order."""
    query = (
        select(GiftStock, Gift, Branch.code)
        .join(Gift, col(Gift.id) == col(GiftStock.gift_id))
        .join(Branch, col(Branch.id) == col(GiftStock.branch_id))
        .order_by(col(Gift.code), col(Branch.code))
        .limit(limit)
    )
    if branches is not None:
        query = query.where(col(GiftStock.branch_id).in_(branches))
    if after is not None:
        query = query.where(tuple_(col(Gift.code), col(Branch.code)) > after)
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def list_movements(
    session: AsyncSession,
    *,
    gift_id: UUID,
    branches: Collection[UUID] | None,
    before: Moment | None,
    limit: int,
) -> Sequence[GiftMovement]:
    """Return what came and went of a gift at some branches (None: all), newest first."""
    row = GiftMovement
    query = select(row).where(row.gift_id == gift_id).order_by(col(row.at).desc(), col(row.id).desc()).limit(limit)
    if branches is not None:
        query = query.where(col(row.branch_id).in_(branches))
    if before is not None:
        query = query.where(tuple_(col(row.at), col(row.id)) < before)
    return (await session.exec(query)).all()


async def lock_stock(session: AsyncSession, *, gift_id: UUID, branch_id: UUID) -> GiftStock:
    """Lock what a branch has of a gift, from nothing on, and return it as it stands now."""
    empty = insert(GiftStock).values(
        gift_id=gift_id, branch_id=branch_id, entered=0, free=0, reserved=0, handed_over=0, written_off=0
    )
    await session.execute(empty.on_conflict_do_nothing())
    query = select(GiftStock).where(GiftStock.gift_id == gift_id, GiftStock.branch_id == branch_id).with_for_update()
    return (await session.exec(query.execution_options(populate_existing=True))).one()


async def change_stock(session: AsyncSession, stock: GiftStock, **by: int) -> GiftStock:
    """Add to the figures of a locked stock, and bring the row in hand up to it."""
    await session.execute(
        update(GiftStock)
        .where(col(GiftStock.gift_id) == stock.gift_id, col(GiftStock.branch_id) == stock.branch_id)
        .values({name: getattr(GiftStock, name) + units for name, units in by.items()})
        .execution_options(synchronize_session=False)
    )
    await session.refresh(stock)
    return stock


async def insert_movement(session: AsyncSession, movement: GiftMovement) -> None:
    """Add a movement."""
    session.add(movement)
    await session.flush()


async def family_of(session: AsyncSession, customer_id: UUID) -> list[UUID]:
    """Return all who are one customer by merges: what any of them was given counts for all."""
    whole = func.coalesce(col(Customer.merged_into), col(Customer.id))
    survivor = select(whole).where(Customer.id == customer_id).scalar_subquery()
    query = select(Customer.id).where(or_(col(Customer.id) == survivor, col(Customer.merged_into) == survivor))
    return list((await session.exec(query)).all())


async def lock_year(session: AsyncSession, *, customer_id: UUID, year: int) -> None:
    """Let one gift after another be counted for a customer and a year."""
    none = insert(GiftYear).values(customer_id=customer_id, year=year, given_fen=0)
    await session.execute(none.on_conflict_do_nothing())
    query = select(GiftYear.given_fen).where(GiftYear.customer_id == customer_id, GiftYear.year == year)
    await session.exec(query.with_for_update())


async def given_in(session: AsyncSession, *, customer_ids: Collection[UUID], year: int) -> int:
    """Return what some customers were given and promised in a year, in fen."""
    query = select(func.coalesce(func.sum(GiftYear.given_fen), 0)).where(
        col(GiftYear.customer_id).in_(customer_ids), GiftYear.year == year
    )
    return int((await session.exec(query)).one())


async def count_given(session: AsyncSession, *, customer_id: UUID, year: int, fen: int) -> None:
    """Add to what a customer was given in a year; a negative amount gives it back."""
    await session.execute(
        update(GiftYear)
        .where(col(GiftYear.customer_id) == customer_id, col(GiftYear.year) == year)
        .values(given_fen=GiftYear.given_fen + fen)
        .execution_options(synchronize_session=False)
    )


async def insert_handover(session: AsyncSession, row: GiftHandover) -> None:
    """Add a handover."""
    session.add(row)
    await session.flush()


async def lock_handover(session: AsyncSession, *, customer_id: UUID, handover_id: UUID) -> GiftHandover:
    """Lock a handover and return it as it stands now."""
    query = (
        select(GiftHandover)
        .where(GiftHandover.customer_id == customer_id, GiftHandover.id == handover_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(query)).one()


async def end_handover(session: AsyncSession, row: GiftHandover, **values: Any) -> None:
    """Write how a locked handover ends, and bring the row in hand up to it."""
    await session.execute(
        update(GiftHandover)
        .where(col(GiftHandover.customer_id) == row.customer_id, col(GiftHandover.id) == row.id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    await session.refresh(row)


async def list_handovers(
    session: AsyncSession,
    *,
    customer_ids: Collection[UUID],
    states: Collection[str],
    before: Moment | None,
    limit: int,
) -> list[Handed]:
    """Return the handovers of customers in some states, newest first."""
    row = GiftHandover
    query = (
        select(row, Gift)
        .join(Gift, col(Gift.id) == col(row.gift_id))
        .where(col(row.customer_id).in_(customer_ids), col(row.state).in_(states))
        .order_by(col(row.created_at).desc(), col(row.id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(col(row.created_at), col(row.id)) < before)
    found = (await session.exec(query.execution_options(populate_existing=True))).all()
    return [Handed(handover, gift) for handover, gift in found]
