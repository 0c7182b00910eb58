"""The SQL of uses of codes."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.rights.models import RightsItem, VoucherCode, VoucherUse


async def use_up(session: AsyncSession, code: VoucherCode, use: VoucherUse) -> bool:
    """Use a code as it was read, or an amount of its value; False when it was used since.

    It counts as used, by whom and where, when nothing is left.
    """
    spent_fen = code.spent_fen + (use.amount_fen or 0)
    ends = code.value_fen is None or spent_fen == code.value_fen
    end = {"used_at": use.used_at, "used_by": use.used_by, "used_at_branch": use.branch_id} if ends else {}
    statement = (
        update(VoucherCode)
        .where(
            col(VoucherCode.right_id) == code.right_id,
            col(VoucherCode.id) == code.id,
            col(VoucherCode.used_at).is_(None),
            col(VoucherCode.spent_fen) == code.spent_fen,
        )
        .values(spent_fen=spent_fen, **end)
        .returning(col(VoucherCode.id))
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).first() is not None


async def insert_use(session: AsyncSession, use: VoucherUse) -> bool:
    """Add a record of a use; False when its user has given the reference to another one."""
    values = use.model_dump()
    statement = insert(VoucherUse).values(**values).on_conflict_do_nothing().returning(col(VoucherUse.id))
    return (await session.execute(statement)).first() is not None


async def find_by_reference(
    session: AsyncSession, *, right_id: UUID, used_by: UUID, reference: str
) -> VoucherUse | None:
    """Return the use to which its user gave a reference."""
    query = select(VoucherUse).where(
        VoucherUse.right_id == right_id, VoucherUse.used_by == used_by, VoucherUse.reference == reference
    )
    return (await session.exec(query)).first()


async def first_use(session: AsyncSession, code: VoucherCode) -> VoucherUse | None:
    """Return the record of the earliest use of a code."""
    query = (
        select(VoucherUse)
        .where(VoucherUse.right_id == code.right_id, VoucherUse.code_id == code.id)
        .order_by(col(VoucherUse.recorded_at), col(VoucherUse.id))
        .limit(1)
    )
    return (await session.exec(query)).first()


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
