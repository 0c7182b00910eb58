"""Whether one event was followed by another: each event beside the latest earlier one of the first kind."""

from collections.abc import Sequence as Several
from datetime import date

from sqlalchemy import and_, case, func, literal, null, select

from guibin.tags.compiler.columns import EVENTS, Column
from guibin.tags.compiler.events import in_any_window, in_window, is_event
from guibin.tags.compiler.figures import Figures, Pass
from guibin.tags.rules import Node, Sequence


def sequence_figures(wanted: Several[Sequence], run: Pass) -> Figures:
    """Walk over the events of each customer once for all sequences, in the order in which they happened."""
    columns = [
        column.label(f"{name}_{i}")
        for i, one in enumerate(wanted)
        for name, column in (("then", _is(one.then, one, run.day)), ("first", _latest_first(one, run.day)))
    ]
    statement = select(EVENTS.c.customer_id, EVENTS.c.occurred_on, *columns).where(
        in_any_window([one.window for one in wanted], run.day)
    )
    events = run.narrowed(statement, EVENTS.c.customer_id).subquery("event_after_event")
    followed = [
        func.bool_or(
            and_(
                events.c[f"then_{i}"],
                events.c.occurred_on - events.c[f"first_{i}"] <= literal(one.within_days),
            )
        ).label(f"sequence_{i}")
        for i, one in enumerate(wanted)
    ]
    joined = select(events.c.customer_id, *followed).group_by(events.c.customer_id).subquery("sequences")
    return Figures(
        joined, {one: func.coalesce(joined.c[f"sequence_{i}"], literal(value=False)) for i, one in enumerate(wanted)}
    )


def _is(node: Node, one: Sequence, day: date) -> Column:
    found = is_event(node, day)
    return found if one.window is None else and_(in_window(one.window, day), found)


def _latest_first(one: Sequence, day: date) -> Column:
    """The day of the latest event of the first kind before this one; those of the same instant are no earlier."""
    return func.max(case((_is(one.first, one, day), EVENTS.c.occurred_on), else_=null())).over(
        partition_by=EVENTS.c.customer_id, order_by=EVENTS.c.occurred_at, range_=(None, 0), exclude="GROUP"
    )
