"""What customers have of the tags that rules refer to: read from what is recorded, never from the other rule."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Numeric,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
)

from guibin.core.models import metadata
from guibin.tags.compiler.columns import Column
from guibin.tags.compiler.figures import Figures, Pass
from guibin.tags.models import CustomerTag
from guibin.tags.rules import HasTag, TagNumber, TagValues

_MEMBERSHIP: Final = metadata.tables[CustomerTag.__tablename__]
NUMBER: Final = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$"
"""Values that count as numbers; any other value of a tag is none."""


def membership_figures(wanted: Sequence[HasTag | TagNumber | TagValues], run: Pass) -> Figures:
    """Read the memberships of the day once for all tags that are referred to."""
    codes = sorted({one.code for one in wanted})
    columns = [_figure(one, run.day).label(f"tag_{i}") for i, one in enumerate(wanted)]
    statement = select(_MEMBERSHIP.c.customer_id, *columns).where(
        _MEMBERSHIP.c.tag_code == any_(bindparam(None, codes, type_=ARRAY(Text))), _on(run.day)
    )
    joined = (
        run.narrowed(statement, _MEMBERSHIP.c.customer_id)
        .group_by(_MEMBERSHIP.c.customer_id)
        .subquery("tags_of_the_day")
    )
    return Figures(joined, {one: _of_nothing(joined.c[f"tag_{i}"], one) for i, one in enumerate(wanted)})


def _figure(one: HasTag | TagNumber | TagValues, day: date) -> Column:
    of_tag, value = _MEMBERSHIP.c.tag_code == literal(one.code), _MEMBERSHIP.c.value
    match one:
        case HasTag():
            return func.bool_or(_has(one, day))
        case TagNumber():
            number = case((value.regexp_match(literal(NUMBER)), cast(value, Numeric)), else_=null())
            return func.max(number).filter(of_tag)
    return func.array_agg(value.distinct(), type_=ARRAY(Text)).filter(and_(of_tag, value != literal("")))


def _of_nothing(column: Column, one: HasTag | TagNumber | TagValues) -> Column:
    return func.coalesce(column, literal(value=False)) if isinstance(one, HasTag) else column


def _on(day: date) -> ColumnElement[bool]:
    """The memberships that last on a day: `until` is the first day without."""
    return and_(_MEMBERSHIP.c.since <= day, or_(_MEMBERSHIP.c.until.is_(None), _MEMBERSHIP.c.until > day))


def _has(one: HasTag, day: date) -> ColumnElement[Any]:
    since = day - timedelta(days=one.for_days - 1)
    return and_(_MEMBERSHIP.c.tag_code == literal(one.code), _MEMBERSHIP.c.since <= since)
