"""All SQL of tiers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    Subquery,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.turns import take_turn
from guibin.customers.repository import visible
from guibin.security.actors import Scope
from guibin.tiers.models import SchemeState, Tier, TierHistory, TierOverride, TierScheme, TierSchemeLine
from guibin.tiers.rules import Line, Name

NEWEST_FIRST = (col(TierHistory.effective_on).desc(), col(TierHistory.recorded_at).desc())


@dataclass(frozen=True)
class CurrentTier:
    """A customer's tier on a day, with the figures that decided."""

    code: str
    rank: int
    name_zh: str
    name_en: str
    managed: bool
    since: date
    metric_fen: int | None
    metric_month: date | None
    growth_points: int | None


def in_force(day: date) -> ColumnElement[bool]:
    """Return the predicate of an override that is in force on a day."""
    return (col(TierOverride.valid_from) <= day) & (col(TierOverride.valid_to) > day)


async def list_tiers(session: AsyncSession) -> Sequence[Tier]:
    """Return the tiers, lowest first."""
    return (await session.exec(select_rows(Tier).order_by(col(Tier.rank)))).all()


async def current_tier(session: AsyncSession, scope: Scope, *, customer_id: UUID, day: date) -> CurrentTier | None:
    """Return the tier in force on a day; None when the customer has none or is out of scope."""
    query = (
        select_rows(TierHistory, Tier)
        .join(Tier, col(Tier.code) == col(TierHistory.tier_code), isouter=True)
        .where(TierHistory.customer_id == customer_id, col(TierHistory.effective_on) <= day)
        .where(visible(scope, col(TierHistory.customer_id)))
        .order_by(*NEWEST_FIRST)
        .limit(1)
    )
    found = (await session.exec(query)).first()
    if found is None or found[1] is None:
        return None
    history, tier = found
    return CurrentTier(
        code=tier.code,
        rank=tier.rank,
        name_zh=tier.name_zh,
        name_en=tier.name_en,
        managed=tier.managed,
        since=history.effective_on,
        metric_fen=history.metric_fen,
        metric_month=history.metric_month,
        growth_points=history.growth_points,
    )


async def tiers_of(session: AsyncSession, customer_ids: Collection[UUID], *, day: date) -> dict[UUID, str | None]:
    """Return the tiers of some customers on a day; None, or no entry, is below all tiers."""
    among = select_tiers(day).where(col(TierHistory.customer_id).in_(customer_ids))
    return {row.customer_id: row.tier for row in (await session.execute(among)).all()}


async def list_history(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> Sequence[TierHistory]:
    """Return a customer's tiers, newest first."""
    query = (
        select_rows(TierHistory)
        .where(TierHistory.customer_id == customer_id, visible(scope, col(TierHistory.customer_id)))
        .order_by(*NEWEST_FIRST)
    )
    return (await session.exec(query)).all()


async def active_scheme(session: AsyncSession) -> TierScheme | None:
    """Return the scheme in force."""
    return (await session.exec(select_rows(TierScheme).where(TierScheme.state == SchemeState.ACTIVE))).first()


async def scheme_on(session: AsyncSession, day: date) -> TierScheme | None:
    """Put the scheme in force whose first day has come, let end the one whose last day is over; return what is left."""
    if await _due_schemes(session, day) or _is_over(await active_scheme(session), day):
        await take_turn(session, TierScheme)
        for scheme in await _due_schemes(session, day):
            await put_in_force(session, scheme)
        if _is_over(await active_scheme(session), day):
            await retire_active(session)
    return await active_scheme(session)


async def _due_schemes(session: AsyncSession, day: date) -> Sequence[TierScheme]:
    due = (
        select_rows(TierScheme)
        .where(TierScheme.state == SchemeState.SCHEDULED, col(TierScheme.effective_from) <= day)
        .order_by(col(TierScheme.effective_from), col(TierScheme.created_at))
    )
    return (await session.exec(due.execution_options(populate_existing=True))).all()


def _is_over(scheme: TierScheme | None, day: date) -> bool:
    return scheme is not None and scheme.effective_to is not None and scheme.effective_to <= day


async def lines_of(session: AsyncSession, scheme_id: UUID) -> list[Line]:
    """Return the lines of a scheme, lowest first."""
    return (await lines_of_all(session, [scheme_id])).get(scheme_id, [])


async def lines_of_all(session: AsyncSession, scheme_ids: Collection[UUID]) -> dict[UUID, list[Line]]:
    """Return the lines of several schemes, lowest first."""
    query = (
        select_rows(TierSchemeLine, Tier)
        .join(Tier, col(Tier.code) == col(TierSchemeLine.tier_code))
        .where(col(TierSchemeLine.scheme_id).in_(scheme_ids))
        .order_by(col(Tier.rank))
    )
    found: dict[UUID, list[Line]] = {}
    for line, tier in (await session.exec(query)).all():
        found.setdefault(line.scheme_id, []).append(
            Line(tier.code, tier.rank, line.lower_bound_fen, line.growth_points, _name_in(line))
        )
    return found


def _name_in(line: TierSchemeLine) -> Name | None:
    return None if line.name_zh is None or line.name_en is None else Name(line.name_zh, line.name_en)


async def replace_lines(
    session: AsyncSession,
    scheme_id: UUID,
    bounds_fen: Mapping[str, int],
    growth_points: Mapping[str, int] = MappingProxyType({}),
    names: Mapping[str, Name] = MappingProxyType({}),
) -> None:
    """Write the lines of a draft; a scheme always has every tier, so this only inserts or updates."""
    for code, bound in bounds_fen.items():
        zh, en = (name.zh, name.en) if (name := names.get(code)) else (None, None)
        line = TierSchemeLine(
            scheme_id=scheme_id,
            tier_code=code,
            lower_bound_fen=bound,
            growth_points=growth_points.get(code),
            name_zh=zh,
            name_en=en,
        )
        await session.merge(line)
    await session.flush()


async def put_in_force(session: AsyncSession, scheme: TierScheme) -> None:
    """Let a scheme replace the one in force; the tiers that it names are called so from now on."""
    await retire_active(session)
    scheme.state = SchemeState.ACTIVE
    await session.flush()
    of_scheme = (col(TierSchemeLine.scheme_id) == scheme.id) & (col(TierSchemeLine.tier_code) == col(Tier.code))
    await session.execute(
        update(Tier)
        .where(of_scheme, col(TierSchemeLine.name_zh).is_not(None))
        .values(name_zh=col(TierSchemeLine.name_zh), name_en=col(TierSchemeLine.name_en))
        .execution_options(synchronize_session=False)
    )


async def retire_active(session: AsyncSession) -> None:
    """Mark the scheme in force as replaced."""
    await session.execute(
        update(TierScheme).where(col(TierScheme.state) == SchemeState.ACTIVE).values(state=SchemeState.REPLACED)
    )


def select_tiers(day: date, *others: SQLColumnExpression[Any]) -> Select[*tuple[Any, ...]]:
    """Return the statement of every customer's tier on a day, as `customer_id` and `tier`; NULL is below all tiers.

    `others` are further columns of the row of the history that decided.
    """
    return (
        select(col(TierHistory.customer_id), col(TierHistory.tier_code).label("tier"), *others)
        .ext(distinct_on(col(TierHistory.customer_id)))
        .where(col(TierHistory.effective_on) <= day)
        .order_by(col(TierHistory.customer_id), *NEWEST_FIRST)
    )


def tiers_on(day: date) -> Subquery:
    """Return `select_tiers` in the form in which statements join it."""
    return select_tiers(day).subquery("current_tier")
