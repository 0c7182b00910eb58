"""Whether customers have the tags that rules refer to: read from what is recorded, never from the other rule."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, Text, and_, any_, bindparam, func, literal, or_, select

from guibin.core.models import metadata
from guibin.tags.compiler.figures import Figures, Pass
from guibin.tags.models import CustomerTag
from guibin.tags.rules import HasTag

_MEMBERSHIP: Final = metadata.tables[CustomerTag.__tablename__]


def membership_figures(wanted: Sequence[HasTag], run: Pass) -> Figures:
    """Read the memberships of the day once for all tags that are referred to."""
    codes = sorted({one.code for one in wanted})
    columns = [func.bool_or(_has(one, run.day)).label(f"tag_{i}") for i, one in enumerate(wanted)]
    statement = select(_MEMBERSHIP.c.customer_id, *columns).where(
        _MEMBERSHIP.c.tag_code == any_(bindparam(None, codes, type_=ARRAY(Text))), _on(run.day)
    )
    joined = (
        run.narrowed(statement, _MEMBERSHIP.c.customer_id)
        .group_by(_MEMBERSHIP.c.customer_id)
        .subquery("tags_of_the_day")
    )
    return Figures(
        joined, {one: func.coalesce(joined.c[f"tag_{i}"], literal(value=False)) for i, one in enumerate(wanted)}
    )


def _on(day: date) -> ColumnElement[bool]:
    """The memberships that last on a day: `until` is the first day without."""
    return and_(_MEMBERSHIP.c.since <= day, or_(_MEMBERSHIP.c.until.is_(None), _MEMBERSHIP.c.until > day))


def _has(one: HasTag, day: date) -> ColumnElement[Any]:
    since = day - timedelta(days=one.for_days - 1)
    return and_(_MEMBERSHIP.c.tag_code == literal(one.code), _MEMBERSHIP.c.since <= since)
