"""All SQL about runs of the rules."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Subquery, func, text, tuple_
from sqlalchemy import select as select_columns
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.models import metadata
from guibin.tags.models import CustomerTag, Tag, TagSource, TagVersion
from guibin.tags.runs.models import TagRun, TagRunKind, TagRunResult


async def let_nothing_be_compiled(session: AsyncSession) -> None:
    """Have the expressions of this transaction interpreted: to compile those of some hundred rules takes seconds."""
    await (await session.connection()).execute(text("SET LOCAL jit = off"))


async def last_run(session: AsyncSession) -> TagRun | None:
    """Return the latest run; None before the first."""
    statement = select(TagRun).order_by(col(TagRun.started_at).desc(), col(TagRun.id).desc()).limit(1)
    return (await session.exec(statement)).first()


async def last_full(session: AsyncSession) -> TagRun | None:
    """Return the latest run over everybody; None before the first."""
    latest = (col(TagRun.started_at).desc(), col(TagRun.id).desc())
    statement = select(TagRun).where(TagRun.kind == TagRunKind.FULL).order_by(*latest).limit(1)
    return (await session.exec(statement)).first()


async def fresh_among(session: AsyncSession, codes: Collection[str], *, day: date) -> set[str]:
    """Return those of some tags whose rule was computed for a day or a later one."""
    statement = (
        select(TagRunResult.tag_code)
        .join(TagRun, col(TagRun.id) == TagRunResult.run_id)
        .where(TagRun.business_date >= day, col(TagRunResult.tag_code).in_(codes), col(TagRunResult.error).is_(None))
        .distinct()
    )
    return set((await session.exec(statement)).all()) if codes else set()


async def results_of(session: AsyncSession, run_id: UUID) -> Mapping[str, TagRunResult]:
    """Return what a run made of each tag, by code."""
    rows = (await session.exec(select(TagRunResult).where(TagRunResult.run_id == run_id))).all()
    return {row.tag_code: row for row in rows}


async def list_results(
    session: AsyncSession, *, code: str, limit: int, before: tuple[datetime, UUID] | None = None
) -> Sequence[tuple[TagRun, TagRunResult]]:
    """Return the runs of a tag, newest first."""
    statement = (
        select(TagRun, TagRunResult)
        .join(TagRunResult, col(TagRunResult.run_id) == TagRun.id)
        .where(TagRunResult.tag_code == code)
        .order_by(col(TagRun.started_at).desc(), col(TagRun.id).desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(tuple_(col(TagRun.started_at), col(TagRun.id)) < before)
    return (await session.exec(statement)).all()


def last_of_each_day(codes: Sequence[str]) -> Subquery:
    """Select, for tags, what the last run for each day made of them; a day whose last run failed has no row."""
    run, result = col(TagRun.id), col(TagRunResult.run_id)
    key = (col(TagRunResult.tag_code), col(TagRun.business_date))
    last = (
        select_columns(col(TagRun.business_date), col(TagRun.customers), *metadata.tables["tag_run_result"].c)
        .join(TagRunResult, result == run)
        .where(col(TagRunResult.tag_code).in_(codes))
        .order_by(*key, col(TagRun.started_at).desc(), run.desc())
        .ext(distinct_on(*key))
        .subquery()
    )
    return select_columns(*last.c).where(last.c.error.is_(None)).subquery("last_of_day")


async def version_on(session: AsyncSession, *, code: str, day: date) -> int | None:
    """Return the version of a tag by which the last run for a day worked; None without such a run."""
    statement = (
        select(TagRunResult.version)
        .join(TagRun, col(TagRun.id) == TagRunResult.run_id)
        .where(TagRunResult.tag_code == code, TagRun.business_date == day)
        .order_by(col(TagRun.started_at).desc())
        .limit(1)
    )
    return (await session.exec(statement)).first()


async def computed_before(session: AsyncSession) -> set[tuple[str, int]]:
    """Return the versions, by code and number, of tags that publish events which a run has computed already."""
    statement = (
        select_columns(col(TagRunResult.tag_code), col(TagRunResult.version))
        .join(Tag, col(Tag.code) == col(TagRunResult.tag_code))
        .where(col(Tag.publishes_events), col(TagRunResult.error).is_(None))
        .distinct()
    )
    return {(code, version) for code, version in (await session.execute(statement)).all()}


async def has_given(session: AsyncSession, version: TagVersion) -> bool:
    """Tell whether a version has ever given its tag to somebody."""
    statement = (
        select(CustomerTag.tag_code)
        .where(CustomerTag.tag_code == version.tag_code, CustomerTag.version == version.version)
        .limit(1)
    )
    return (await session.exec(statement)).first() is not None


async def count_members(session: AsyncSession) -> dict[tuple[str, str], int]:
    """Count, for each tag and value, the memberships by rule that last."""
    key = (col(CustomerTag.tag_code), col(CustomerTag.value))
    statement = (
        select_columns(*key, func.count())
        .where(col(CustomerTag.until).is_(None), col(CustomerTag.source) == TagSource.RULE)
        .group_by(*key)
    )
    return {(code, value): count for code, value, count in (await session.execute(statement)).all()}
