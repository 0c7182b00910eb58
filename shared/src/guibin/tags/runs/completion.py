"""How completely customers are tagged: which of those who have a tier have tags of all five axes, day by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Integer, and_, case, cast, func, literal, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.models import metadata
from guibin.organisation.models import Branch, BranchClosure
from guibin.security.actors import Scope
from guibin.tags.facts import tiers_of
from guibin.tags.matching import percent_of
from guibin.tags.models import CustomerFact, CustomerTag, Tag, TagAxis
from guibin.tags.runs.models import TagCompletion

AXES: Final = tuple(axis for axis in TagAxis if axis is not TagAxis.SERVICE)

_COMPLETION: Final = metadata.tables[TagCompletion.__tablename__]
_COUNTS: Final = ("customers", "complete", *AXES)


@dataclass(frozen=True, slots=True)
class Completion:
    """Of a branch, or of a day (`branch` None): customers with a tier, tagged on all axes, tagged on each."""

    business_date: date
    branch: str | None
    customers: int
    complete: int
    by_axis: dict[str, int]

    @property
    def percent(self) -> float:
        """The share of those who are tagged on all five axes, in per cent with two places."""
        return percent_of(self.complete, self.customers)


async def write_completion(session: AsyncSession, *, day: date) -> None:
    """Count those to whom a day's night gave a tier, branch by branch; a day that is counted again is written anew."""
    bits = case({axis.value: 1 << place for place, axis in enumerate(AXES)}, value=col(Tag.axis), else_=0)
    tagged = (
        select(col(CustomerTag.customer_id), func.bit_or(bits).label("axes"))
        .join_from(CustomerTag, Tag, col(Tag.code) == col(CustomerTag.tag_code))
        .where(col(CustomerTag.until).is_(None))
        .group_by(col(CustomerTag.customer_id))
        .subquery("tagged")
    )
    tiers = tiers_of(day + timedelta(days=1)).subquery("tiers")
    axes = func.coalesce(tagged.c.axes, literal(0))
    everything = (1 << len(AXES)) - 1
    counts = [
        func.count(),
        func.count().filter(axes == everything),
        *(func.count().filter(axes.op("&")(literal(1 << place, Integer)) > 0) for place in range(len(AXES))),
    ]
    rows: Any = (
        select(literal(day), col(CustomerFact.branch_id), *(cast(one, Integer) for one in counts))
        .join_from(CustomerFact, tiers, tiers.c.customer_id == col(CustomerFact.customer_id))
        .join(tagged, tagged.c.customer_id == col(CustomerFact.customer_id), isouter=True)
        .where(tiers.c.tier.is_not(None))
        .group_by(col(CustomerFact.branch_id))
    )
    key = ["business_date", "branch_id"]
    statement = insert(_COMPLETION).from_select([*key, *_COUNTS], rows)
    written = {name: statement.excluded[name] for name in _COUNTS}
    await session.execute(statement.on_conflict_do_update(index_elements=key, set_=written))


async def completion_by_branch(session: AsyncSession, scope: Scope) -> Sequence[Completion]:
    """Return the latest day, branch by branch, of the branches in scope."""
    latest = select(func.max(_COMPLETION.c.business_date)).scalar_subquery()
    statement = (
        select(_COMPLETION, col(Branch.code).label("code"))
        .join(Branch, col(Branch.id) == _COMPLETION.c.branch_id)
        .where(_COMPLETION.c.business_date == latest, _in_scope(scope))
        .order_by(col(Branch.code))
    )
    return [_completion(row, row["code"]) for row in (await session.execute(statement)).mappings()]


async def completion_by_day(session: AsyncSession, scope: Scope, *, days: int) -> Sequence[Completion]:
    """Return the latest days, the latest first, over all branches in scope."""
    latest = select(func.max(_COMPLETION.c.business_date)).scalar_subquery()
    statement = (
        select(_COMPLETION.c.business_date, *(func.sum(_COMPLETION.c[name]).label(name) for name in _COUNTS))
        .where(_COMPLETION.c.business_date > latest - timedelta(days=days), _in_scope(scope))
        .group_by(_COMPLETION.c.business_date)
        .order_by(_COMPLETION.c.business_date.desc())
    )
    return [_completion(row, None) for row in (await session.execute(statement)).mappings()]


def _completion(row: Any, branch: str | None) -> Completion:
    by_axis = {str(axis): int(row[axis]) for axis in AXES}
    return Completion(row["business_date"], branch, int(row["customers"]), int(row["complete"]), by_axis)


def _in_scope(scope: Scope) -> Any:
    if scope.whole_bank or scope.aggregates:
        return true()
    within = select(col(BranchClosure.descendant_id)).where(col(BranchClosure.ancestor_id).in_(scope.branch_roots))
    return and_(_COMPLETION.c.branch_id.in_(within))
