"""The SQL of uses of codes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select as sql_select
from sqlalchemy import text, tuple_, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.clock import start_of_day
from guibin.customers.repository import visible
from guibin.rights.models import RightsItem, VoucherUse
from guibin.security.actors import Scope

CodeKey = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class CodeSpent:
    """What was spent of a code before and is now; `used_at` when nothing is left since, None while something is."""

    right_id: UUID
    code_id: UUID
    before_fen: int
    spent_fen: int
    used_at: datetime | None


_USE_UP = text(
    "UPDATE voucher_code v SET spent_fen = n.spent, used_at = n.used_at,"
    " used_by = CASE WHEN n.used_at IS NOT NULL THEN CAST(:used_by AS uuid) END,"
    " used_at_branch = CASE WHEN n.used_at IS NOT NULL THEN CAST(:branch AS uuid) END"
    " FROM unnest(CAST(:rights AS uuid[]), CAST(:codes AS uuid[]), CAST(:befores AS bigint[]),"
    " CAST(:spents AS bigint[]), CAST(:useds AS timestamptz[])) AS n(right_id, id, before, spent, used_at)"
    " WHERE v.right_id = n.right_id AND v.id = n.id AND v.used_at IS NULL AND v.returned_at IS NULL"
    " AND v.spent_fen = n.before RETURNING v.id"
)


async def use_up(session: AsyncSession, used_by: UUID, branch_id: UUID | None, spent: Sequence[CodeSpent]) -> int:
    """Use codes as they were read, whole or in part; returns how many still were so.

    A code counts as used, by whom and where, when nothing is left.
    """
    values = {
        "used_by": used_by,
        "branch": branch_id,
        "rights": [one.right_id for one in spent],
        "codes": [one.code_id for one in spent],
        "befores": [one.before_fen for one in spent],
        "spents": [one.spent_fen for one in spent],
        "useds": [one.used_at for one in spent],
    }
    return len((await session.execute(_USE_UP, values)).all())


async def insert_uses(session: AsyncSession, made: Sequence[VoucherUse]) -> int:
    """Add records of uses; fewer than these when their user has given a reference to another use."""
    statement = insert(VoucherUse).values([use.model_dump() for use in made])
    return len((await session.execute(statement.on_conflict_do_nothing().returning(col(VoucherUse.id)))).all())


async def find_by_references(
    session: AsyncSession, *, right_ids: Collection[UUID], used_by: UUID, references: Collection[str]
) -> dict[tuple[UUID, str], VoucherUse]:
    """Return the uses to which their user gave references, by right and reference."""
    if not references:
        return {}
    query = select(VoucherUse).where(
        col(VoucherUse.right_id).in_(right_ids),
        VoucherUse.used_by == used_by,
        col(VoucherUse.reference).in_(references),
    )
    return {(use.right_id, use.reference or ""): use for use in (await session.exec(query)).all()}


async def first_uses(session: AsyncSession, codes: Sequence[CodeKey]) -> dict[CodeKey, VoucherUse]:
    """Return the records of the earliest uses of codes."""
    if not codes:
        return {}
    key = (col(VoucherUse.right_id), col(VoucherUse.code_id))
    query = (
        sql_select(VoucherUse)
        .ext(distinct_on(*key))
        .where(tuple_(*key).in_(codes))
        .order_by(*key, col(VoucherUse.recorded_at), col(VoucherUse.id))
    )
    return {(use.right_id, use.code_id): use for use in (await session.execute(query)).scalars()}


@dataclass(frozen=True, slots=True)
class UseFilter:
    """Which uses: of a right or of some, of a place as it was told, of days of business on which they happened."""

    right_id: UUID | None = None
    right_ids: frozenset[UUID] | None = None
    place: str | None = None
    first_day: date | None = None
    last_day: date | None = None


async def list_uses(
    session: AsyncSession, scope: Scope, *, wanted: UseFilter, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[tuple[VoucherUse, RightsItem]]:
    """Return uses of codes of customers in scope, last told first, each with its right."""
    use = VoucherUse
    query = (
        select(use, RightsItem)
        .join(RightsItem, col(RightsItem.id) == col(use.right_id))
        .where(visible(scope, col(use.customer_id)))
        .order_by(col(use.recorded_at).desc(), col(use.id).desc())
        .limit(limit)
    )
    if wanted.right_id is not None:
        query = query.where(use.right_id == wanted.right_id)
    if wanted.right_ids is not None:
        query = query.where(col(use.right_id).in_(wanted.right_ids))
    if wanted.place is not None:
        query = query.where(use.place == wanted.place)
    if wanted.first_day is not None:
        query = query.where(use.used_at >= start_of_day(wanted.first_day))
    if wanted.last_day is not None:
        query = query.where(use.used_at < start_of_day(wanted.last_day + timedelta(days=1)))
    if before is not None:
        query = query.where(tuple_(col(use.recorded_at), col(use.id)) < before)
    return (await session.exec(query)).all()


async def find_patterns(session: AsyncSession) -> Sequence[Mapping[str, Any]]:
    """Return the patterns of codes that the bank makes itself."""
    query = select(RightsItem.code_pattern).where(col(RightsItem.code_pattern).is_not(None))
    return [pattern for pattern in (await session.exec(query)).all() if pattern is not None]


async def keep_pattern(session: AsyncSession, *, right_id: UUID, pattern: Mapping[str, object]) -> None:
    """Note the pattern of the codes that are made of a right."""
    await session.execute(
        update(RightsItem)
        .where(col(RightsItem.id) == right_id)
        .values(code_pattern=dict(pattern))
        .execution_options(synchronize_session=False)
    )
