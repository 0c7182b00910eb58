"""Facts as they were some days ago: composed anew from what is dated, once for each day that rules name."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import FromClause, Subquery, select, type_coerce

from guibin.tags.compiler.columns import FACTS, Column, column_name_of, column_of_fact
from guibin.tags.compiler.figures import Figures, Pass
from guibin.tags.facts import FACT_SOURCES
from guibin.tags.rules import FactAgo, Operand


def past_figures(wanted: Sequence[FactAgo], run: Pass) -> Figures:
    """Compose the facts of each day that is asked for by the sources that have them; one row for each customer."""
    source: FromClause = FACTS.alias("customer_of_past")
    customer_id = source.c.customer_id
    columns: dict[Operand, Any] = {}
    for days, asked in groupby(sorted(wanted, key=lambda one: one.days), key=lambda one: one.days):
        ones = list(asked)
        for name, found in _of_day(ones, days, run).items():
            source = source.outerjoin(found, found.c.customer_id == customer_id)
            columns |= {one: column_of_fact(one.fact, found) for one in ones if _source_of(one) == name}
    labelled = [columns[one].label(f"past_{i}") for i, one in enumerate(wanted)]
    joined = run.narrowed(select(customer_id, *labelled).select_from(source), customer_id).subquery("past")
    return Figures(joined, {one: joined.c[f"past_{i}"] for i, one in enumerate(wanted)})


def _of_day(wanted: Sequence[FactAgo], days: int, run: Pass) -> dict[str, Subquery]:
    day, needed = run.day - timedelta(days=days), {_source_of(one) for one in wanted}
    found = {}
    for source in FACT_SOURCES:
        if source.name in needed:
            rows = source.select(day, among=run.chosen()).subquery()
            typed: list[Column] = [type_coerce(rows.c[name], FACTS.c[name].type).label(name) for name in source.columns]
            found[source.name] = select(rows.c.customer_id, *typed).subquery(f"{source.name}_{days}_days_ago")
    return found


def _source_of(one: FactAgo) -> str:
    column = column_name_of(one.fact.name)
    return next(source.name for source in FACT_SOURCES if column in source.columns)
