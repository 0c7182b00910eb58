"""The rules of the bench of tags, and the statement by hand that gives the same memberships."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

_SPENT = {"fact": "event.type", "op": "=", "value": "card_spend"}


@dataclass(frozen=True, slots=True)
class BenchRule:
    """A rule, the same as SQL, and the figure of events that it needs by hand."""

    code: str
    rule: dict[str, Any]
    sql: str
    figure: str | None = None


def rules(number: int) -> list[BenchRule]:
    """Return as many rules, of six forms in turn: amounts, ages, sets, both sides of a not, and two over events."""
    forms = (_amount, _age, _product, _other, _spent, _active)
    return [forms[i % len(forms)](i) for i in range(number)]


def _amount(i: int) -> BenchRule:
    fen = 300_000_000 + 2_000_000 * i
    return BenchRule(f"r{i}", {"fact": "aum_mda", "op": ">=", "value": f"{fen // 100}.00"}, f"f.aum_mda_fen >= {fen}")


def _age(i: int) -> BenchRule:
    low, tier = 20 + i % 40, f"T{i % 6}"
    rule = {
        "all": [
            {"fact": "age", "op": "between", "value": [low, low + 10]},
            {"fact": "tier", "op": "in", "value": [tier, "T9"]},
        ]
    }
    return BenchRule(f"r{i}", rule, f"f.age BETWEEN {low} AND {low + 10} AND f.tier IN ('{tier}', 'T9')")


def _product(i: int) -> BenchRule:
    names = [f"P{i % 40}", f"P{(i + 3) % 40}"]
    rule = {"fact": "products", "op": "has_any", "value": names}
    return BenchRule(f"r{i}", rule, f"f.products && ARRAY['{names[0]}', '{names[1]}']")


def _other(i: int) -> BenchRule:
    fen = 5_000_000 + 100_000 * i
    rule = {
        "all": [
            {"not": {"fact": "gender", "op": "=", "value": "F"}},
            {
                "any": [
                    {"fact": "liabilities", "op": "<", "value": f"{fen // 100}.00"},
                    {"fact": "lines", "op": "has_all", "value": ["e_finance"]},
                ]
            },
        ]
    }
    return BenchRule(f"r{i}", rule, f"f.gender <> 'F' AND (f.liabilities_fen < {fen} OR f.lines @> ARRAY['e_finance'])")


def _spent(i: int) -> BenchRule:
    days, fen = 30 + i % 60, 400_000 + 1_000 * i
    rule = {
        "fact": {"sum": "event.amount", "where": _SPENT, "window": {"last_days": days}},
        "op": ">",
        "value": f"{fen // 100}.00",
    }
    lately = f"occurred_on > CAST(:day AS date) - {days} AND event_type = 'card_spend'"
    figure = f"coalesce(sum(amount_fen) FILTER (WHERE {lately}), 0)"
    return BenchRule(f"r{i}", rule, f"coalesce(e.figure_{i}, 0) > {fen}", figure)


def _active(i: int) -> BenchRule:
    days = 7 + i % 80
    rule = {"fact": {"count": "event", "window": {"last_days": days}}, "op": ">=", "value": 3}
    figure = f"count(*) FILTER (WHERE occurred_on > CAST(:day AS date) - {days})"
    return BenchRule(f"r{i}", rule, f"coalesce(e.figure_{i}, 0) >= 3", figure)


def by_hand(wanted: Sequence[BenchRule], day: date) -> Callable[[AsyncSession], Awaitable[object]]:
    """Return what writes the memberships of these rules into `bench_tag`, as somebody would who knows the tables.

    One pass into an array of numbers, then the difference as an UPDATE and an INSERT.
    """
    figures = ", ".join(f"{rule.figure} AS figure_{rule.code[1:]}" for rule in wanted if rule.figure)
    hits = ", ".join(f"CASE WHEN {rule.sql} THEN {number} END" for number, rule in enumerate(wanted))
    codes = ", ".join(f"({number}, '{rule.code}')" for number, rule in enumerate(wanted))
    statement = text(
        "WITH hit AS MATERIALIZED (SELECT f.customer_id, ARRAY[" + hits + "] AS hits FROM customer_fact f"  # noqa: S608
        " JOIN customer c ON c.id = f.customer_id AND c.merged_into IS NULL"
        " LEFT JOIN (SELECT customer_id, " + figures + " FROM customer_event"
        " WHERE occurred_on <= CAST(:day AS date) AND occurred_on > CAST(:day AS date) - 90 GROUP BY customer_id) e"
        " ON e.customer_id = f.customer_id),"
        " wanted AS (SELECT h.customer_id, r.code FROM hit h CROSS JOIN LATERAL unnest(h.hits) AS n"
        " JOIN (VALUES " + codes + ") AS r (number, code) ON r.number = n),"
        " lasting AS (SELECT customer_id, tag_code, since FROM bench_tag WHERE until IS NULL AND source = 'rule'),"
        " difference AS (SELECT coalesce(w.customer_id, l.customer_id) AS customer_id,"
        " coalesce(w.code, l.tag_code) AS code, l.since FROM wanted w FULL JOIN lasting l"
        " ON l.customer_id = w.customer_id AND l.tag_code = w.code WHERE w.code IS NULL OR l.since IS NULL),"
        " ended AS (UPDATE bench_tag t SET until = greatest(t.since, CAST(:day AS date)) FROM difference d"
        " WHERE d.since IS NOT NULL AND t.customer_id = d.customer_id AND t.tag_code = d.code AND t.source = 'rule'"
        " AND t.value = '' AND t.since = d.since)"
        " INSERT INTO bench_tag (customer_id, tag_code, source, value, since, version)"
        " SELECT customer_id, code, 'rule', '', CAST(:day AS date), 1 FROM difference WHERE since IS NULL"
        " ON CONFLICT (customer_id, tag_code, source, value, since) DO UPDATE SET until = NULL"
    ).bindparams(day=day)

    async def write(session: AsyncSession) -> object:
        return await session.execute(statement)

    return write
