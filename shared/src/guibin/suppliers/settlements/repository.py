"""The SQL of contract prices, statements, differences and prepayments; lines are found in `building.py`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, func, update
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.bulk import copy_rows
from guibin.core.errors import NotFound, VersionConflict
from guibin.rights.models import RightsItem
from guibin.suppliers.models import RightSupplier, SupplierPrice
from guibin.suppliers.settlements.models import (
    PrepaymentEntry,
    Settlement,
    SettlementDifference,
    SettlementLine,
    SettlementState,
    SupplierPrepayment,
)
from guibin.suppliers.settlements.rules import DisputeState, Finding

STANDING = col(Settlement.state) != SettlementState.SUPERSEDED


async def list_prices(
    session: AsyncSession, *, supplier_id: UUID | None = None, right_id: UUID | None = None
) -> Sequence[tuple[SupplierPrice, str]]:
    """Return contract prices with the code of their right, by right and day."""
    query = select(SupplierPrice, RightsItem.code).join(RightsItem, col(RightsItem.id) == col(SupplierPrice.right_id))
    if supplier_id is not None:
        query = query.where(SupplierPrice.supplier_id == supplier_id)
    if right_id is not None:
        query = query.where(SupplierPrice.right_id == right_id)
    query = query.order_by(col(RightsItem.code), col(SupplierPrice.valid_from))
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def add_price(session: AsyncSession, price: SupplierPrice) -> bool:
    """Add a contract price, ending an open one of the same supplier; False when the days are another's meanwhile."""
    await session.execute(
        update(SupplierPrice)
        .where(
            col(SupplierPrice.right_id) == price.right_id,
            col(SupplierPrice.supplier_id) == price.supplier_id,
            col(SupplierPrice.valid_to).is_(None),
        )
        .values(valid_to=price.valid_from)
        .execution_options(synchronize_session=False)
    )
    new = insert(SupplierPrice).values(**price.model_dump()).on_conflict_do_nothing()
    return (await session.execute(new.returning(col(SupplierPrice.right_id)))).first() is not None


async def last_month(session: AsyncSession, *, supplier_id: UUID, state: SettlementState | None = None) -> date | None:
    """Return the latest month of a supplier that has a statement, or one in this state."""
    query = select(func.max(Settlement.month)).where(Settlement.supplier_id == supplier_id, STANDING)
    if state is not None:
        query = query.where(Settlement.state == state)
    return (await session.exec(query)).one()


async def open_month_before(session: AsyncSession, *, supplier_id: UUID, month: date) -> date | None:
    """Return the earliest month before one whose statement is not confirmed."""
    query = select(func.min(Settlement.month)).where(
        Settlement.supplier_id == supplier_id,
        STANDING,
        Settlement.state != SettlementState.CONFIRMED,
        Settlement.month < month,
    )
    return (await session.exec(query)).one()


async def find_settlement(session: AsyncSession, *, supplier_id: UUID, month: date) -> Settlement | None:
    """Return the statement that stands for a month."""
    query = select(Settlement).where(Settlement.supplier_id == supplier_id, Settlement.month == month, STANDING)
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def get_settlement(session: AsyncSession, *, supplier_id: UUID, month: date) -> Settlement:
    """Return the statement that stands for a month.

    Raises:
        NotFound: none was built.
    """
    found = await find_settlement(session, supplier_id=supplier_id, month=month)
    if found is None:
        raise NotFound
    return found


async def list_settlements(
    session: AsyncSession, *, supplier_id: UUID, before: date | None, limit: int
) -> Sequence[Settlement]:
    """Return the statements of a supplier, newest month first."""
    query = select(Settlement).where(Settlement.supplier_id == supplier_id, STANDING)
    if before is not None:
        query = query.where(col(Settlement.month) < before)
    return (await session.exec(query.order_by(col(Settlement.month).desc()).limit(limit))).all()


async def insert_settlement(session: AsyncSession, settlement: Settlement) -> bool:
    """Add a statement; False when one stands for the month."""
    row = insert(Settlement).values(**settlement.model_dump()).on_conflict_do_nothing().returning(col(Settlement.id))
    return (await session.execute(row)).first() is not None


async def change_settlement(session: AsyncSession, settlement: Settlement, **values: Any) -> None:
    """Change a statement that is as it was read, and count its revision on.

    Raises:
        VersionConflict: somebody else changed it meanwhile.
    """
    statement = (
        update(Settlement)
        .where(col(Settlement.id) == settlement.id, col(Settlement.revision) == settlement.revision)
        .values(**values, revision=settlement.revision + 1)
        .returning(col(Settlement.id))
        .execution_options(synchronize_session=False)
    )
    if (await session.execute(statement)).first() is None:
        raise VersionConflict


@dataclass(frozen=True, slots=True)
class Sums:
    """What the lines of a statement come to."""

    lines: int
    quantity: int
    gross_fen: int


async def sum_lines(session: AsyncSession, *, settlement_id: UUID) -> Sums:
    """Add up the lines of a statement."""
    amount = col(SettlementLine.quantity) * col(SettlementLine.price_fen)
    query = sql_select(
        func.count(),
        func.coalesce(func.sum(col(SettlementLine.quantity), type_=BigInteger), 0),
        func.coalesce(func.sum(amount, type_=BigInteger), 0),
    ).where(col(SettlementLine.settlement_id) == settlement_id)
    lines, quantity, gross_fen = (await session.execute(query)).one()
    return Sums(lines, quantity, int(gross_fen))


async def sum_by_rate(session: AsyncSession, *, settlement_id: UUID) -> list[tuple[int, int]]:
    """Return what the lines of each tax rate come to, in fen."""
    amount = func.sum(col(SettlementLine.quantity) * col(SettlementLine.price_fen), type_=BigInteger)
    query = (
        sql_select(col(SettlementLine.tax_rate_bp), amount)
        .where(col(SettlementLine.settlement_id) == settlement_id)
        .group_by(col(SettlementLine.tax_rate_bp))
    )
    return [(rate, int(total)) for rate, total in (await session.execute(query)).all()]


LineRow = tuple[SettlementLine, str, str | None]
"""A line, the code of its right, and what the two sides say of it."""


async def list_lines(
    session: AsyncSession, settlement: Settlement, *, after: int | None = None, limit: int | None = None
) -> list[LineRow]:
    """Return lines of a statement in their order, each with the code of its right and the finding against theirs."""
    different = (
        sql_select(col(SettlementDifference.line), col(SettlementDifference.finding))
        .where(
            col(SettlementDifference.settlement_id) == settlement.id,
            col(SettlementDifference.statement_no) == settlement.statement_no,
            col(SettlementDifference.line).is_not(None),
        )
        .subquery()
    )
    query = (
        sql_select(SettlementLine, col(RightsItem.code), different.c.finding)
        .join(RightsItem, col(RightsItem.id) == col(SettlementLine.right_id))
        .join(different, different.c.line == col(SettlementLine.number), isouter=True)
        .where(col(SettlementLine.settlement_id) == settlement.id)
        .order_by(col(SettlementLine.number))
    )
    if after is not None:
        query = query.where(col(SettlementLine.number) > after)
    rows = (await session.execute(query if limit is None else query.limit(limit))).all()
    return [(line, code, finding) for line, code, finding in rows]


async def insert_lines(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add lines to a statement."""
    if rows:
        await session.execute(insert(SettlementLine).values([dict(row) for row in rows]))


async def known_rights(session: AsyncSession, *, supplier_id: UUID) -> dict[str, UUID]:
    """Return the rights of a supplier by our code, and by the supplier's own where that is unambiguous."""
    ours = (
        sql_select(col(RightsItem.code), col(RightsItem.id))
        .join(SupplierPrice, col(SupplierPrice.right_id) == col(RightsItem.id))
        .where(col(SupplierPrice.supplier_id) == supplier_id)
    )
    theirs = sql_select(col(RightSupplier.product_code), col(RightSupplier.right_id)).where(
        col(RightSupplier.supplier_id) == supplier_id
    )
    found: dict[str, set[UUID]] = {}
    for code, right_id in (await session.execute(theirs)).all():
        found.setdefault(code, set()).add(right_id)
    names = {code: rights.pop() for code, rights in found.items() if len(rights) == 1}
    names.update((code, right_id) for code, right_id in (await session.execute(ours)).all())
    return names


_DIFFERENCE = (
    *("settlement_id", "statement_no", "number", "finding", "line", "file_line", "redemption_id", "right_id"),
    *("quantity", "price_fen", "their_quantity", "their_price_fen", "state"),
)


async def add_differences(session: AsyncSession, rows: Sequence[tuple[Any, ...]]) -> None:
    """Keep where a statement of the supplier differs; values in the order of the table."""
    await copy_rows(session, "settlement_difference", _DIFFERENCE, rows)


DifferenceRow = tuple[SettlementDifference, str | None]


async def list_differences(
    session: AsyncSession,
    settlement: Settlement,
    *,
    finding: Finding | None = None,
    state: DisputeState | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> Sequence[DifferenceRow]:
    """Return where the statement that counts differs, in order, each with the code of the right."""
    query = (
        select(SettlementDifference, RightsItem.code)
        .join(RightsItem, col(RightsItem.id) == col(SettlementDifference.right_id), isouter=True)
        .where(
            SettlementDifference.settlement_id == settlement.id,
            SettlementDifference.statement_no == settlement.statement_no,
        )
        .order_by(col(SettlementDifference.number))
        .limit(limit)
    )
    if finding is not None:
        query = query.where(SettlementDifference.finding == finding)
    if state is not None:
        query = query.where(SettlementDifference.state == state)
    if after is not None:
        query = query.where(col(SettlementDifference.number) > after)
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def count_differences(session: AsyncSession, settlement: Settlement) -> dict[tuple[str, str], int]:
    """Count the differences by finding and state."""
    query = (
        select(SettlementDifference.finding, SettlementDifference.state, func.count())
        .where(
            SettlementDifference.settlement_id == settlement.id,
            SettlementDifference.statement_no == settlement.statement_no,
        )
        .group_by(col(SettlementDifference.finding), col(SettlementDifference.state))
    )
    return {(finding, state): count for finding, state, count in (await session.exec(query)).all()}


async def decide_differences(
    session: AsyncSession,
    settlement: Settlement,
    *,
    numbers: Collection[int],
    state: DisputeState,
    words: str,
    actor_id: UUID,
    at: datetime,
) -> int:
    """Decide differences, open or decided before; returns how many there were."""
    statement = (
        update(SettlementDifference)
        .where(
            col(SettlementDifference.settlement_id) == settlement.id,
            col(SettlementDifference.statement_no) == settlement.statement_no,
            col(SettlementDifference.number).in_(numbers),
        )
        .values(
            state=state,
            words=words,
            decided_by=None if state is DisputeState.OPEN else actor_id,
            decided_at=None if state is DisputeState.OPEN else at,
        )
        .returning(col(SettlementDifference.number))
        .execution_options(synchronize_session=False)
    )
    return len((await session.execute(statement)).all())


async def prepaid_balance(session: AsyncSession, *, supplier_id: UUID) -> int:
    """Return what is left of a supplier's prepayments."""
    query = select(SupplierPrepayment.balance_fen).where(SupplierPrepayment.supplier_id == supplier_id)
    return (await session.exec(query)).first() or 0


async def draw_prepayment(
    session: AsyncSession, *, settlement: Settlement, amount_fen: int, actor_id: UUID, at: datetime
) -> bool:
    """Draw from a prepayment; False when so much is not there any more."""
    taken = (
        update(SupplierPrepayment)
        .where(
            col(SupplierPrepayment.supplier_id) == settlement.supplier_id,
            col(SupplierPrepayment.balance_fen) >= amount_fen,
        )
        .values(balance_fen=SupplierPrepayment.balance_fen - amount_fen)
        .returning(col(SupplierPrepayment.supplier_id))
        .execution_options(synchronize_session=False)
    )
    if (await session.execute(taken)).first() is None:
        return False
    session.add(
        PrepaymentEntry(
            supplier_id=settlement.supplier_id,
            reference=f"settlement:{settlement.id}",
            amount_fen=-amount_fen,
            settlement_id=settlement.id,
            noted_by=actor_id,
            at=at,
        )
    )
    await session.flush()
    return True


async def add_prepayment(session: AsyncSession, entry: PrepaymentEntry) -> bool:
    """Add a payment in advance; False when its reference is known."""
    start = insert(SupplierPrepayment).values(supplier_id=entry.supplier_id, balance_fen=0)
    await session.execute(start.on_conflict_do_nothing())
    row = insert(PrepaymentEntry).values(**entry.model_dump()).on_conflict_do_nothing()
    if (await session.execute(row.returning(col(PrepaymentEntry.reference)))).first() is None:
        return False
    await session.execute(
        update(SupplierPrepayment)
        .where(col(SupplierPrepayment.supplier_id) == entry.supplier_id)
        .values(balance_fen=SupplierPrepayment.balance_fen + entry.amount_fen)
        .execution_options(synchronize_session=False)
    )
    return True


async def list_prepayments(session: AsyncSession, *, supplier_id: UUID, limit: int) -> Sequence[PrepaymentEntry]:
    """Return the latest movements of a supplier's prepayments, newest first."""
    query = select(PrepaymentEntry).where(PrepaymentEntry.supplier_id == supplier_id)
    return (await session.exec(query.order_by(col(PrepaymentEntry.at).desc()).limit(limit))).all()
