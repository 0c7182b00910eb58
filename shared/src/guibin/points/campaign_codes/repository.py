"""All SQL of codes that customers typed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.campaign_codes.models import CodeEntry, CodeState
from guibin.points.earning.models import EarningRule, EarningRuleVersion
from guibin.points.earning.terms import EarningTerms
from guibin.points.repository import rows_of

_SETTLE: Final = text(
    "UPDATE code_entry c SET state = k.state, points = k.points"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:codes AS text[]), CAST(:states AS text[]),"
    " CAST(:points AS bigint[])) AS k(customer_id, code, state, points)"
    " WHERE c.customer_id = k.customer_id AND c.code = k.code"
)


async def versions_with(session: AsyncSession, code: str, *, at: datetime) -> Sequence[EarningRuleVersion]:
    """Return the versions that are in force at an instant and name a code; of a rule the newest decides."""
    rule, version = EarningRule, EarningRuleVersion
    newest = (
        select(version)
        .join(rule, col(rule.code) == col(version.rule_code))
        .where(col(version.in_force_from) <= at, col(rule.ended_at).is_(None))
        .ext(distinct_on(col(version.rule_code)))
        .order_by(col(version.rule_code), col(version.version).desc())
    )
    rows = (await session.exec(newest)).all()
    return [row for row in rows if code in EarningTerms.of(row.terms).codes]


async def insert_entry(session: AsyncSession, entry: CodeEntry) -> bool:
    """Note a code that a customer typed; False when the customer has typed it before."""
    statement = insert(CodeEntry).values(entry.model_dump()).on_conflict_do_nothing().returning(col(CodeEntry.code))
    return (await session.execute(statement)).one_or_none() is not None


async def list_entries(session: AsyncSession, *, customer_id: UUID, limit: int) -> Sequence[CodeEntry]:
    """Return the codes that a customer typed, newest first."""
    query = select(CodeEntry).where(CodeEntry.customer_id == customer_id)
    return (
        await session.exec(query.order_by(col(CodeEntry.entered_at).desc(), col(CodeEntry.code)).limit(limit))
    ).all()


async def accepted_entries(session: AsyncSession, *, limit: int) -> Sequence[CodeEntry]:
    """Return codes at which the rules have not looked yet, by customer."""
    query = select(CodeEntry).where(CodeEntry.state == CodeState.ACCEPTED)
    return (await session.exec(query.order_by(col(CodeEntry.customer_id), col(CodeEntry.code)).limit(limit))).all()


async def settle_entries(session: AsyncSession, settled: Sequence[tuple[CodeEntry, CodeState, int]]) -> None:
    """Note what codes brought."""
    await rows_of(
        session,
        _SETTLE,
        customers=[entry.customer_id for entry, _, _ in settled],
        codes=[entry.code for entry, _, _ in settled],
        states=[state for _, state, _ in settled],
        points=[points for _, _, points in settled],
    )
