"""The SQL of stock and codes. Every statement of a redemption names one right, and comes last in its transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, func, or_, tuple_, union_all, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.rights.life import COUNTED
from guibin.rights.models import Redemption, ReleaseUse, RightsStock, RightsTotal, StockHold, StockRelease, VoucherCode
from guibin.security.row_scope import all_rows


@dataclass(frozen=True, slots=True)
class PoolSize:
    """How many codes a pool has, how many of them are free, held by reservations, and used."""

    total: int
    free: int
    reserved: int
    used: int


@dataclass(frozen=True, slots=True)
class StockLevel:
    """How many units of a counted stock are free after a change, and at how many it is low."""

    free: int
    low_at: int


async def find_stock(session: AsyncSession, *, right_ids: Collection[UUID]) -> dict[UUID, RightsStock]:
    """Return the counted stock of some rights; a right that never got any is not in it."""
    query = select(RightsStock).where(col(RightsStock.right_id).in_(right_ids))
    rows = (await session.exec(query.execution_options(populate_existing=True))).all()
    return {row.right_id: row for row in rows}


async def find_lapsed_units(session: AsyncSession, *, right_ids: Collection[UUID], now: datetime) -> dict[UUID, int]:
    """Return how many units of some counted stocks are held beyond their time; those without any are left out."""
    held = StockHold
    query = (
        select(held.right_id, func.sum(held.units, type_=BigInteger))
        .where(col(held.right_id).in_(right_ids), col(held.held), col(held.lapses_at) <= now)
        .group_by(col(held.right_id))
    )
    rows = (await session.execute(query)).all() if right_ids else []
    return {row[0]: row[1] for row in rows}


async def find_released(
    session: AsyncSession, *, right_ids: Collection[UUID], now: datetime
) -> dict[UUID, dict[str, int]]:
    """Return by line what is taken of some rights' release plans, less what is held beyond its time."""
    taken: dict[UUID, dict[str, int]] = {}
    if not right_ids:
        return taken
    query = select(StockRelease).where(col(StockRelease.right_id).in_(right_ids))
    for row in (await session.exec(query.execution_options(populate_existing=True))).all():
        taken.setdefault(row.right_id, {})[row.line] = row.taken
    lapsed = select(StockHold.right_id, StockHold.line, StockHold.units).where(
        col(StockHold.right_id).in_(right_ids),
        col(StockHold.held),
        col(StockHold.lapses_at) <= now,
        col(StockHold.line).is_not(None),
    )
    for right_id, line, units in (await session.exec(lapsed)).all():
        taken[right_id][line or ""] -= units
    return taken


async def find_supplied_pools(
    session: AsyncSession, *, right_ids: Collection[UUID], quantity: int, now: datetime
) -> set[UUID]:
    """Return which of some rights have so many free codes: one look into the index for each."""
    until = col(VoucherCode.held_until)
    looks = [
        select(VoucherCode.right_id)
        .where(
            VoucherCode.right_id == right_id,
            col(VoucherCode.taken_at).is_(None),
            or_(until.is_(None), until <= now),
        )
        .offset(quantity - 1)
        .limit(1)
        .subquery()
        .select()
        for right_id in right_ids
    ]
    return set((await session.execute(union_all(*looks))).scalars()) if looks else set()


async def find_totals(session: AsyncSession, *, right_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many units all customers together have of some rights whose terms bound them."""
    query = select(RightsTotal).where(col(RightsTotal.right_id).in_(right_ids))
    rows = (await session.exec(query.execution_options(populate_existing=True))).all() if right_ids else []
    return {row.right_id: row.taken for row in rows}


async def give_back_stock(session: AsyncSession, *, right_id: UUID, redemption_id: UUID, quantity: int) -> int:
    """Put units back into the counted stock, and into the line that released them; returns how many are free then."""
    statement = (
        update(RightsStock)
        .where(col(RightsStock.right_id) == right_id)
        .values(free=RightsStock.free + quantity, sold=RightsStock.sold - quantity)
        .returning(col(RightsStock.free))
        .execution_options(synchronize_session=False)
    )
    free: int = (await session.execute(statement)).scalar_one()
    use = (
        update(ReleaseUse)
        .where(col(ReleaseUse.right_id) == right_id, col(ReleaseUse.redemption_id) == redemption_id)
        .values(units=ReleaseUse.units - quantity)
        .returning(col(ReleaseUse.line))
        .execution_options(synchronize_session=False)
    )
    line = (await session.execute(use)).scalar_one_or_none()
    if line is not None:
        await session.execute(
            update(StockRelease)
            .where(col(StockRelease.right_id) == right_id, col(StockRelease.line) == line)
            .values(taken=StockRelease.taken - quantity)
            .execution_options(synchronize_session=False)
        )
    return free


async def free_codes(session: AsyncSession, *, right_id: UUID, redemption_id: UUID) -> None:
    """Put the codes of a redemption back into the pool: nobody has seen them."""
    await session.execute(
        update(VoucherCode)
        .where(col(VoucherCode.right_id) == right_id, col(VoucherCode.redemption_id) == redemption_id)
        .values(redemption_id=None, customer_id=None, taken_at=None)
        .execution_options(synchronize_session=False)
    )


async def return_codes(session: AsyncSession, codes: Sequence[VoucherCode], *, at: datetime) -> int:
    """Make codes void that went back with their units; returns how many were still as they were read, untouched."""
    statement = (
        update(VoucherCode)
        .where(
            tuple_(col(VoucherCode.right_id), col(VoucherCode.id)).in_([(code.right_id, code.id) for code in codes]),
            col(VoucherCode.used_at).is_(None),
            col(VoucherCode.spent_fen) == 0,
            col(VoucherCode.returned_at).is_(None),
        )
        .values(returned_at=at)
        .returning(col(VoucherCode.id))
        .execution_options(synchronize_session=False)
    )
    return len((await session.execute(statement)).all())


async def give_back_total(session: AsyncSession, *, right_id: UUID, quantity: int) -> None:
    """Uncount units that were given back; a right without a bound for everybody has nothing to uncount."""
    await session.execute(
        update(RightsTotal)
        .where(col(RightsTotal.right_id) == right_id)
        .values(taken=func.greatest(RightsTotal.taken - quantity, 0))
        .execution_options(synchronize_session=False)
    )


_STANDING = col(Redemption.quantity) - col(Redemption.quantity_refunded)


async def start_total(session: AsyncSession, *, right_id: UUID) -> None:
    """Begin to count what everybody has of a right, from what stands now."""
    taken = select(func.coalesce(func.sum(_STANDING, type_=BigInteger), 0)).where(
        Redemption.right_id == right_id, col(Redemption.state).in_(COUNTED)
    )
    async with all_rows(session):
        now = (await session.exec(taken)).one()
        new = insert(RightsTotal).values(right_id=right_id, taken=now)
        again = new.on_conflict_do_update(index_elements=["right_id"], set_={"taken": new.excluded.taken})
        await session.execute(again)


async def add_stock(session: AsyncSession, *, right_id: UUID, quantity: int) -> StockLevel:
    """Add units to the counted stock of a right and return it; it is low at a tenth of what there is then."""
    new = insert(RightsStock).values(
        right_id=right_id, initial=quantity, free=quantity, reserved=0, sold=0, low_at=_tenth(quantity)
    )
    added = new.on_conflict_do_update(
        index_elements=["right_id"],
        set_={
            "initial": RightsStock.initial + new.excluded.initial,
            "free": RightsStock.free + new.excluded.free,
            "low_at": _tenth(RightsStock.free + new.excluded.free),
        },
    ).returning(col(RightsStock.free), col(RightsStock.low_at))
    row = (await session.execute(added)).one()
    return StockLevel(row.free, row.low_at)


def _tenth(units: Any) -> Any:
    """Return a tenth of units, rounded up; a number or an expression."""
    return (units + 9) // 10


async def find_known_codes(session: AsyncSession, *, hashes: Collection[bytes]) -> set[bytes]:
    """Return which of some keyed hashes stand in any pool."""
    query = select(VoucherCode.code_hash).where(col(VoucherCode.code_hash).in_(hashes))
    async with all_rows(session):
        return set((await session.exec(query)).all())


async def insert_codes(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> int:
    """Add codes to a pool and return how many were new to it."""
    if not rows:
        return 0
    statement = insert(VoucherCode).values(rows).on_conflict_do_nothing().returning(col(VoucherCode.id))
    return len((await session.execute(statement)).all())


async def count_pool(session: AsyncSession, *, right_id: UUID, now: datetime) -> PoolSize:
    """Count the codes of one right, whoever has them."""
    untaken, until = col(VoucherCode.taken_at).is_(None), col(VoucherCode.held_until)
    query = select(
        func.count(),
        func.count().filter(untaken, or_(until.is_(None), until <= now)),
        func.count().filter(until > now),
        func.count(col(VoucherCode.used_at)),
    ).where(VoucherCode.right_id == right_id)
    async with all_rows(session):
        return PoolSize(*(await session.exec(query)).one())


async def codes_of_redemption(session: AsyncSession, *, right_id: UUID, redemption_id: UUID) -> Sequence[VoucherCode]:
    """Return the codes that a redemption holds, in their order."""
    query = (
        select(VoucherCode)
        .where(VoucherCode.right_id == right_id, VoucherCode.redemption_id == redemption_id)
        .order_by(col(VoucherCode.id))
        .execution_options(populate_existing=True)
    )
    return (await session.exec(query)).all()


async def codes_of_redemptions(session: AsyncSession, keys: Sequence[tuple[UUID, UUID]]) -> Sequence[VoucherCode]:
    """Return the codes that redemptions hold, by right and redemption, as they stand."""
    query = select(VoucherCode).where(tuple_(col(VoucherCode.right_id), col(VoucherCode.redemption_id)).in_(keys))
    return (await session.exec(query.execution_options(populate_existing=True))).all() if keys else ()


async def find_taken_codes(
    session: AsyncSession, *, hashes: Collection[bytes]
) -> Mapping[bytes, Sequence[VoucherCode]]:
    """Return by their keyed hashes the codes that redemptions hold, whatever the right."""
    found: dict[bytes, list[VoucherCode]] = {}
    if hashes:
        query = select(VoucherCode).where(
            col(VoucherCode.code_hash).in_(hashes), col(VoucherCode.taken_at).is_not(None)
        )
        for code in (await session.exec(query)).all():
            found.setdefault(code.code_hash, []).append(code)
    return found


async def find_codes(
    session: AsyncSession, *, places: Sequence[tuple[UUID, UUID]]
) -> Mapping[tuple[UUID, UUID], VoucherCode]:
    """Return codes by right and id."""
    query = select(VoucherCode).where(tuple_(col(VoucherCode.right_id), col(VoucherCode.id)).in_(places))
    rows = (await session.exec(query)).all() if places else ()
    return {(code.right_id, code.id): code for code in rows}
