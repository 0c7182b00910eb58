"""All SQL about profiles: keeping them, and reading them as of a day."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    DateTime,
    FromClause,
    Select,
    and_,
    bindparam,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.models import metadata
from guibin.customers.models import Customer
from guibin.tags.profiles.models import CustomerProfile, FactDay
from guibin.tags.profiles.sources import PROFILE_SOURCES

PROFILES: Final = metadata.tables[CustomerProfile.__tablename__]
_CUSTOMER: Final = metadata.tables[Customer.__tablename__]
_DAY: Final = metadata.tables[FactDay.__tablename__]
_KEPT: Final = tuple(
    column.name for column in PROFILES.c if column.name not in {"customer_id", "valid_from", "valid_to"}
)


async def keep_profiles(session: AsyncSession, *, day: date) -> int:
    """Take down who customers are at the end of a day, where it differs from what is on record. Returns how many.

    What was taken down for the same day before is written over; who was merged away or erased has no profile from the
    day on. For a day before the last that was composed nothing is written.
    """
    last = (await session.execute(select(func.max(_DAY.c.day)))).scalar_one()
    if last is not None and last > day:
        return 0
    difference = _difference(day)
    ended = (
        update(PROFILES)
        .where(
            PROFILES.c.customer_id == difference.c.customer_id,
            PROFILES.c.valid_from == difference.c.since,
            or_(difference.c.since < day, difference.c.branch_id.is_(None)),
        )
        .values(valid_to=day)
        .returning(PROFILES.c.customer_id)
    )
    rows = select(difference.c.customer_id, literal(day), *(difference.c[name] for name in _KEPT)).where(
        difference.c.branch_id.is_not(None)
    )
    begun = insert(PROFILES).from_select(["customer_id", "valid_from", *_KEPT], rows)
    written = {name: begun.excluded[name] for name in _KEPT} | {"valid_to": null()}
    key = ["customer_id", "valid_from"]
    begun = begun.on_conflict_do_update(index_elements=key, set_=written)
    kept = begun.returning(PROFILES.c.customer_id).cte("begun")
    counted = select(func.count()).select_from(kept).add_cte(ended.cte("ended"))
    number: int = (await session.execute(counted)).scalar_one()
    return number


async def mark_composed(session: AsyncSession, *, day: date, at: datetime) -> datetime | None:
    """Take down when the facts of a day are composed: what the ledger takes down from then on is not among them.

    Returns what stood there before; None where the day had not been composed.
    """
    known = await session.execute(select(_DAY.c.composed_at).where(_DAY.c.day == day))
    statement = insert(_DAY).values(day=day, composed_at=at)
    written = {"composed_at": statement.excluded.composed_at}
    await session.execute(statement.on_conflict_do_update(index_elements=["day"], set_=written))
    before: datetime | None = known.scalar_one_or_none()
    return before


def composed_at(day: date) -> ColumnElement[Any]:
    """Return the last instant of which what was posted counts for a day: when its facts were composed, or its end.

    A day without a night of its own ends with itself.
    """
    composed = select(_DAY.c.composed_at).where(_DAY.c.day == day).scalar_subquery()
    end = clock.start_of_day(day + timedelta(days=1)) - timedelta(microseconds=1)
    return func.coalesce(composed, bindparam(None, end, type_=DateTime(timezone=True)))


def valid_on(day: date) -> ColumnElement[bool]:
    """Return the condition that a profile is that of a day."""
    return and_(PROFILES.c.valid_from <= day, or_(PROFILES.c.valid_to.is_(None), PROFILES.c.valid_to > day))


def known_from(customer_id: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the first day of which it is on record who a customer was; NULL before the first night."""
    rows = PROFILES.alias("recorded_profile")
    return select(func.min(rows.c.valid_from)).where(rows.c.customer_id == customer_id).scalar_subquery()


def _difference(day: date) -> CTE:
    """One row for each customer whose profile is to end (`branch_id` is NULL: it has none) or to begin (`since`)."""
    composed = compose(day).cte("composed")
    lasting = (
        select(PROFILES.c.customer_id, PROFILES.c.valid_from, *(PROFILES.c[name] for name in _KEPT))
        .where(PROFILES.c.valid_to.is_(None))
        .cte("lasting")
    )
    now, then = (tuple_(*(rows.c[name] for name in _KEPT)) for rows in (composed, lasting))
    return (
        select(
            func.coalesce(composed.c.customer_id, lasting.c.customer_id).label("customer_id"),
            lasting.c.valid_from.label("since"),
            *(composed.c[name] for name in _KEPT),
        )
        .select_from(composed.outerjoin(lasting, lasting.c.customer_id == composed.c.customer_id, full=True))
        .where(now.is_distinct_from(then))
        .cte("difference")
    )


def compose(day: date, *, among: Select[Any] | None = None) -> Select[Any]:
    """Select the profiles of customers, some or all, as they are now: customer_id and what is kept of them.

    Who was merged away or erased has none.
    """
    joined: FromClause = _CUSTOMER
    columns: dict[str, ColumnElement[Any]] = {}
    for source in PROFILE_SOURCES:
        found = source.select(day, among=among).subquery(f"{source.name}_profile")
        joined = joined.outerjoin(found, found.c.customer_id == _CUSTOMER.c.id)
        columns |= {name: found.c[name] for name in source.columns}
    columns["lines"] = func.coalesce(columns["lines"], literal([], PROFILES.c.lines.type))
    labelled = [(columns[name] if name in columns else null()).label(name) for name in _KEPT]
    living = _CUSTOMER.c.merged_into.is_(None) & _CUSTOMER.c.erased_at.is_(None)
    composed = select(_CUSTOMER.c.id.label("customer_id"), *labelled).select_from(joined).where(living)
    return composed if among is None else composed.where(_CUSTOMER.c.id.in_(among))
