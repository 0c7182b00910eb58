"""SQL of standings: one statement evaluates a period for everybody by figures, fast up and slowly down."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    case,
    cast,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.models import metadata
from guibin.customers.repository import visible
from guibin.security.actors import Scope
from guibin.tiers.figures import BELOW_ALL, Scheme, select_earned
from guibin.tiers.models import Tier, TierCause, TierHistory, TierStanding, Verdict
from guibin.tiers.repository import select_tiers
from guibin.tiers.terms import Downgrade, ValidityKind

_STANDING: Final = metadata.tables[TierStanding.__tablename__]
_KEY: Final = "customer_id"
_SAME_AGAIN: Final = ("evaluated_on",)
"""What differs when a period is evaluated again with nothing new."""

Column = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A customer whose standing has changed in a run."""

    customer_id: UUID
    verdict: Verdict
    tier_code: str | None
    earned: str | None
    below_months: int
    valid_until: date | None


async def evaluate_period(session: AsyncSession, scheme: Scheme, *, day: date) -> list[Evaluated]:
    """Write the standing of everybody for the last period that is over at the end of a day; return who is watched.

    Figures that are unknown, or of a stale line, raise but do not lower: such a period counts once they are known.
    A period that was evaluated before is evaluated again from the standing before it, so that figures which came late
    count. A second run writes nothing.
    """
    decided = _decided(scheme, day).cte("decided")
    statement = insert(_STANDING).from_select([column.name for column in decided.c], select(decided))
    written = [column.name for column in decided.c if column.name != _KEY]
    compared = [name for name in written if name not in _SAME_AGAIN]
    differs = tuple_(*(_STANDING.c[name] for name in compared)).is_distinct_from(
        tuple_(*(statement.excluded[name] for name in compared))
    )
    upsert = statement.on_conflict_do_update(
        index_elements=[_KEY], set_={name: statement.excluded[name] for name in written}, where=differs
    ).returning(*(_STANDING.c[name] for name in (_KEY, "verdict", *_TOLD)))
    changed = upsert.cte("changed")
    query = select(changed).where(changed.c.verdict == Verdict.WATCHED).add_cte(changed)
    rows = (await session.execute(query)).all()
    return [Evaluated(row.customer_id, Verdict(row.verdict), *(getattr(row, name) for name in _TOLD)) for row in rows]


_TOLD: Final = ("tier_code", "earned", "below_months", "valid_until")


def _decided(scheme: Scheme, day: date) -> Select[Any]:
    """Decide for everybody: from the standing before the period, and what its figures give."""
    cutoff = scheme.terms.cutoff(day)
    before = _before(scheme, cutoff, day)
    step = _step(scheme, before, cutoff)
    tier, earned = aliased(Tier, name="new_tier"), aliased(Tier, name="earned_by_figures")
    return (
        select(
            before.c.customer_id,
            literal(cutoff, Date).label("period"),
            case((step.risen_since, col(tier.code)), else_=before.c.tier).label("tier_before"),
            case((step.risen_since, literal(0)), else_=before.c.below).label("below_before"),
            before.c.valid.label("valid_before"),
            or_(step.risen_since, before.c.risen).label("risen"),
            col(tier.code).label("tier_code"),
            step.below.label("below_months"),
            step.valid.label("valid_until"),
            step.verdict.label("verdict"),
            col(earned.code).label("earned"),
            before.c.route.label("route"),
            before.c.metric_fen.label("metric_fen"),
            before.c.net_fen.label("net_fen"),
            before.c.growth_points.label("growth_points"),
            cast(literal(str(scheme.id)), Uuid).label("scheme_id"),
            literal(day, Date).label("evaluated_on"),
        )
        .select_from(before)
        .outerjoin(tier, col(tier.rank) == step.rank)
        .outerjoin(earned, col(earned.rank) == before.c.earned)
        .where(step.counts, or_(before.c.rank > BELOW_ALL, before.c.earned > BELOW_ALL, before.c.has_standing))
    )


def _before(scheme: Scheme, cutoff: date, day: date) -> CTE:
    """Each customer's figures of the period, and the standing before it."""
    standing = _STANDING
    same = standing.c.period == cutoff
    earned = (
        select_earned(scheme, cutoff=cutoff, day=day, kept=not scheme.terms.up_at_once)
        .cte("earned_tier")
        .prefix_with("MATERIALIZED")
    )
    now = _now(scheme, cutoff, day)
    by_figures = select_tiers(day + timedelta(days=1)).where(col(TierHistory.cause) != TierCause.OVERRIDE).subquery()
    unknown = standing.c.customer_id.is_(None)
    tier = case((unknown, by_figures.c.tier), (same, standing.c.tier_before), else_=standing.c.tier_code)
    held = aliased(Tier, name="held_tier")
    source = (
        earned.outerjoin(standing, standing.c.customer_id == earned.c.customer_id)
        .outerjoin(by_figures, by_figures.c.customer_id == earned.c.customer_id)
        .outerjoin(held, col(held.code) == tier)
    )
    at_once: Column = literal(BELOW_ALL)
    if now is not None:
        source = source.outerjoin(now, now.c.customer_id == earned.c.customer_id)
        at_once = func.coalesce(now.c.earned, literal(BELOW_ALL))
    return (
        select(
            *earned.c,
            at_once.label("earned_now"),
            tier.label("tier"),
            func.coalesce(col(held.rank), literal(BELOW_ALL)).label("rank"),
            case((unknown, literal(0)), (same, standing.c.below_before), else_=standing.c.below_months).label("below"),
            case((same, standing.c.valid_before), else_=standing.c.valid_until).label("valid"),
            func.coalesce(and_(same, standing.c.risen), literal(value=False)).label("risen"),
            not_(unknown).label("has_standing"),
        )
        .select_from(source)
        .where(or_(unknown, standing.c.period <= cutoff))
        .cte("standing_before")
        .prefix_with("MATERIALIZED")
    )


def _now(scheme: Scheme, cutoff: date, day: date) -> CTE | None:
    """What the figures of the day itself give, where a scheme lifts at once."""
    if not scheme.terms.up_at_once or day == cutoff:
        return None
    return select_earned(scheme, cutoff=day, day=day).cte("earned_now")


@dataclass(frozen=True)
class _Step:
    """What becomes of a customer, over the rows of `_before`."""

    rank: Column
    below: Column
    valid: Column
    verdict: Column
    counts: Column
    risen_since: Column


def _step(scheme: Scheme, before: CTE, cutoff: date) -> _Step:
    """Lift at once; lower after the tier's transition, to where the last period's figures put the customer."""
    starts, terms = cutoff + timedelta(days=1), scheme.terms
    rank, below = before.c.rank, before.c.below + literal(1)
    risen_since = and_(before.c.earned_now > before.c.earned, before.c.earned_now > rank)
    rises = or_(before.c.earned > rank, risen_since)
    met = or_(before.c.keeps >= rank, before.c.risen)
    may_fall, months = _by_rank(scheme, terms.may_fall, default=False), _by_rank(scheme, terms.months_of, default=1)
    is_safe = and_(before.c.valid.is_not(None), before.c.valid > literal(starts, Date))
    falls = and_(may_fall(rank), not_(is_safe), below >= months(rank))
    valid = literal(terms.valid_until(starts), Date) if terms.validity.kind != ValidityKind.INSTANT else None
    until: Column = cast(null(), Date) if valid is None else valid
    slides = terms.validity.kind == ValidityKind.SLIDING
    ended = and_(literal(valid is not None), before.c.valid <= literal(starts, Date), rank > BELOW_ALL)
    landed = _landing(scheme, rank, before.c.earned)
    return _Step(
        rank=case(
            (rises, func.greatest(before.c.earned, before.c.earned_now)), (met, rank), (falls, landed), else_=rank
        ),
        below=cast(case((or_(rises, met, falls, not_(may_fall(rank))), literal(0)), else_=below), Integer),
        valid=case(
            (rises, until),
            (met, case((or_(literal(slides), before.c.valid.is_(None), ended), until), else_=before.c.valid)),
            (falls, until),
            else_=before.c.valid,
        ),
        verdict=case(
            (and_(rises, rank == BELOW_ALL), literal(Verdict.FIRST.value)),
            (rises, literal(Verdict.UP.value)),
            (and_(met, ended, literal(not slides)), literal(Verdict.PROLONGED.value)),
            (or_(met, not_(may_fall(rank))), literal(Verdict.KEPT.value)),
            (falls, literal(Verdict.DOWN.value)),
            else_=cast(literal(Verdict.WATCHED.value), Text),
        ),
        counts=or_(rises, met, before.c.known),
        risen_since=risen_since,
    )


def _by_rank(scheme: Scheme, of: Any, *, default: Any) -> Any:
    """Turn a function of a tier's code into SQL of its rank."""
    whens = {line.rank: of(line.tier_code) for line in scheme.lines}
    return lambda rank: case(
        *[(rank == known, literal(value)) for known, value in whens.items()], else_=literal(default)
    )


def _landing(scheme: Scheme, rank: Column, earned: Column) -> Column:
    if scheme.terms.downgrade is not Downgrade.ONE_LEVEL:
        return earned
    ranks: Sequence[int] = [BELOW_ALL, *(line.rank for line in scheme.lines)]
    return case(*[(rank == high, literal(low)) for low, high in itertools.pairwise(ranks)], else_=literal(BELOW_ALL))


async def get_standing(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> TierStanding | None:
    """Return where a customer stands by figures; None before the first evaluation, or out of scope."""
    query = select_rows(TierStanding).where(
        TierStanding.customer_id == customer_id, visible(scope, col(TierStanding.customer_id))
    )
    return (await session.exec(query)).first()
