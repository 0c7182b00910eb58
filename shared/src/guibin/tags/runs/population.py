"""Whom an incremental run looks at: everybody about whom something changed since the run before."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, Select, Text, and_, cast, func, literal, or_, select, union
from sqlalchemy.dialects.postgresql import array

from guibin.core.models import metadata
from guibin.customers.models import CustomerMerge
from guibin.holdings.models import BusinessEvent, CustomerEvent
from guibin.tags.models import CustomerFact, ScoreModifier
from guibin.tags.runs.models import TagRun

OVERLAP: Final = timedelta(hours=1)
"""What was received shortly before the run before may have been committed after it."""

_FACT: Final = metadata.tables[CustomerFact.__tablename__]
_EVENT: Final = metadata.tables[CustomerEvent.__tablename__]
_RECEIVED: Final = metadata.tables[BusinessEvent.__tablename__]
_MODIFIER: Final = metadata.tables[ScoreModifier.__tablename__]
_MERGE: Final = metadata.tables[CustomerMerge.__tablename__]


def changed_since(last: TagRun, *, day: date, windows: Iterable[int]) -> CTE:
    """Return customers whose facts or modifiers changed, who got events, were merged or parted, whose windows moved.

    A window of n days moves when an event falls out of it or its day begins; `windows` are the lengths in use.
    """
    since = last.started_at - OVERLAP
    parts: list[Select[Any]] = [
        select(_FACT.c.customer_id).where(_FACT.c.changed_in > last.facts_seen),
        select(_RECEIVED.c.customer_id).where(_RECEIVED.c.received_at >= since),
        select(func.unnest(array([_MERGE.c.customer_id, _MERGE.c.losing_id]))).where(
            or_(_MERGE.c.merged_at >= since, _MERGE.c.undone_at >= since)
        ),
    ]
    parts.append(
        select(_MODIFIER.c.customer_id).where(
            or_(
                _MODIFIER.c.set_at >= since,
                _MODIFIER.c.since.between(last.business_date, day),
                _MODIFIER.c.until.between(last.business_date, day),
            )
        )
    )
    if day > last.business_date:
        moved = (_moved(last.business_date, day, days) for days in sorted({0, *windows}))
        parts.append(select(_EVENT.c.customer_id).where(or_(*moved)))
    return union(*parts).cte("population")


def _moved(last: date, day: date, days: int) -> ColumnElement[bool]:
    """Events whose day lay within the `days` that ended with one day and not with the other."""
    back = timedelta(days=days)
    return and_(_EVENT.c.occurred_on > last - back, _EVENT.c.occurred_on <= day - back)


def whose_turn_it_is(day: date, percent: int) -> CTE:
    """Return a share of the customers, by chance and the day: in turn it is everybody's."""
    start = day.toordinal() * percent % _WHOLE
    bucket = func.mod(func.mod(func.hashtext(cast(_FACT.c.customer_id, Text)), _WHOLE) + _WHOLE, _WHOLE)
    turn = func.mod(bucket - literal(start) + _WHOLE, _WHOLE)
    return select(_FACT.c.customer_id).where(turn < literal(percent)).cte("turn")


_WHOLE: Final = 100
