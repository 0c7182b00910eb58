"""All SQL that writes holdings, balances and events: set by set."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.bulk import copy_rows, fetch_rows, stage, upsert
from guibin.holdings.rows import KnownHolding, LineEvent
from guibin.products.models import Side

_COMPARED: Final = (
    "record_ref", "product_code", "side", "opened_on", "closed_on", "matures_on", "credit_limit_fen", "rate", "status",
)  # fmt: skip
_SAID_NEWER: Final = (
    f"holding.as_of <= excluded.as_of AND ({', '.join(f'holding.{name}' for name in _COMPARED)}) "
    f"IS DISTINCT FROM ({', '.join(f'excluded.{name}' for name in _COMPARED)})"
)
_SIDES: Final = {side.value: side for side in Side}
_CLAIM_EVENTS: Final = (
    "WITH claimed AS (INSERT INTO business_event (reference, line, customer_id, fingerprint, state, received_at)"
)
_NEW_EVENTS: Final = (
    " ON CONFLICT DO NOTHING RETURNING line, reference, customer_id),"
    " changed AS (INSERT INTO customer_change (customer_id) SELECT DISTINCT customer_id FROM claimed"
    " WHERE EXISTS (SELECT FROM customer_watch)) SELECT line, reference FROM claimed"
)
_STAGED_EVENTS: Final = "FROM stage_event"
_CLAIM_STAGED: Final = text(
    f"{_CLAIM_EVENTS} SELECT reference, :line, customer_id, fingerprint, 'pending', :at {_STAGED_EVENTS}{_NEW_EVENTS}"
)
_BALANCE_STAGE: Final = "customer_id uuid, holding_id uuid, day date, balance_fen bigint"
_CORRECT_BALANCES: Final = (
    "UPDATE holding_balance b SET balance_fen = s.balance_fen FROM stage_balance s WHERE b.customer_id = s.customer_id "
    "AND b.holding_id = s.holding_id AND b.day = s.day AND b.balance_fen <> s.balance_fen"
)
# `before` is the last balance known before the day: the file's own, or a stored one between that and the day.
_INSERT_BALANCES: Final = (
    "INSERT INTO holding_balance (customer_id, holding_id, day, balance_fen) "
    "SELECT s.customer_id, s.holding_id, s.day, s.balance_fen FROM ("
    "  SELECT *, lag(balance_fen) OVER w AS before_fen, lag(day) OVER w AS before_day FROM stage_balance"
    "  WINDOW w AS (PARTITION BY customer_id, holding_id ORDER BY day)) s "
    "WHERE (s.before_fen <> s.balance_fen OR s.day = ANY(CAST(:month_ends AS date[])) OR COALESCE(("
    "  SELECT b.balance_fen FROM holding_balance b WHERE b.customer_id = s.customer_id"
    "  AND b.holding_id = s.holding_id AND b.day < s.day AND b.day > COALESCE(s.before_day, '-infinity')"
    "  ORDER BY b.day DESC LIMIT 1), s.before_fen) IS DISTINCT FROM s.balance_fen)"
)
_IS_NOT_STORED: Final = (
    " AND NOT EXISTS (SELECT 1 FROM holding_balance b "
    "WHERE b.customer_id = s.customer_id AND b.holding_id = s.holding_id AND b.day = s.day)"
)
# Nearly always a file goes on where the last one ended: then there is nothing to correct.
_GOES_BACK: Final = (
    "SELECT bool_or(s.first_day <= (SELECT b.day FROM holding_balance b WHERE b.customer_id = s.customer_id"
    "  AND b.holding_id = s.holding_id ORDER BY b.day DESC LIMIT 1)) FROM ("
    "  SELECT customer_id, holding_id, min(day) AS first_day FROM stage_balance GROUP BY customer_id, holding_id) s"
)
_EVENT_STAGE: Final = (
    '"row" integer, reference text, customer_id uuid, fingerprint bytea, event_type text, occurred_at timestamptz, '
    "occurred_on date, amount_fen bigint, merchant_category text, channel text, inflow_class text"
)
EVENT_STAGE_COLUMNS: Final = (
    "row", "reference", "customer_id", "fingerprint", "event_type", "occurred_at", "occurred_on", "amount_fen",
    "merchant_category", "channel", "inflow_class",
)  # fmt: skip


async def known_holdings(session: AsyncSession, *, line: str, refs: Sequence[bytes]) -> dict[bytes, KnownHolding]:
    """Return the stored holdings of a line by their references."""
    statement = (
        "SELECT holding_ref, customer_id, id, side FROM holding WHERE line = $1 AND holding_ref = ANY($2::bytea[])"
    )
    rows = await fetch_rows(session, statement, line, refs)
    return {ref: KnownHolding(customer_id, holding_id, _SIDES[side]) for ref, customer_id, holding_id, side in rows}


async def write_holdings(session: AsyncSession, rows: Iterable[Sequence[Any]]) -> int:
    """Insert holdings or overwrite what changed since, unless something newer is known; returns how many."""
    return await upsert(session, "holding", rows, key=("customer_id", "id"), only=_SAID_NEWER)


async def write_parties(session: AsyncSession, rows: Iterable[Sequence[Any]], *, holdings: Sequence[UUID]) -> int:
    """Write who shares holdings, and drop the shares in `holdings` that are not among them; returns how many."""
    only = "holding_party.owner_id <> excluded.owner_id"
    written = await upsert(session, "holding_party", rows, key=("customer_id", "holding_id"), only=only)
    if not holdings:
        return written
    statement = text(
        "DELETE FROM holding_party p WHERE holding_id = ANY(CAST(:holdings AS uuid[])) AND NOT EXISTS ("
        "SELECT 1 FROM stage_holding_party s WHERE s.customer_id = p.customer_id AND s.holding_id = p.holding_id)"
    )
    dropped: Any = await session.execute(statement, {"holdings": holdings})
    return written + int(dropped.rowcount)


async def close_missing(session: AsyncSession, *, line: str, day: date, seen: Iterable[bytes]) -> int:
    """Close the open holdings of a line that were not seen, unless something newer is known; returns how many."""
    await stage(session, "stage_seen_holding", "ref bytea")
    await copy_rows(session, "stage_seen_holding", ("ref",), ((ref,) for ref in seen))
    statement = text(
        "UPDATE holding h SET status = 'closed', closed_on = LEAST(closed_on, CAST(:day AS date)), as_of = :day "
        "WHERE line = :line AND status = 'active' AND as_of <= :day "
        "AND NOT EXISTS (SELECT 1 FROM stage_seen_holding s WHERE s.ref = h.holding_ref)"
    )
    result: Any = await session.execute(statement, {"line": line, "day": day})
    return int(result.rowcount)


async def close_named(session: AsyncSession, *, line: str, day: date, refs: Sequence[bytes]) -> int:
    """Close those open holdings of a line among some, unless something newer is known; returns how many."""
    statement = text(
        "UPDATE holding SET status = 'closed', closed_on = LEAST(closed_on, CAST(:day AS date)), as_of = :day "
        "WHERE line = :line AND status = 'active' AND as_of <= :day AND holding_ref = ANY(CAST(:refs AS bytea[]))"
    )
    result: Any = await session.execute(statement, {"line": line, "day": day, "refs": refs})
    return int(result.rowcount)


async def stored_terms(session: AsyncSession, *, line: str, refs: Sequence[bytes]) -> dict[bytes, dict[str, Any]]:
    """Return the terms of stored holdings that a file may let stand, by reference and name of the column."""
    statement = text(
        "SELECT holding_ref, opened_on, matures_on, credit_limit_fen, rate FROM holding "
        "WHERE line = :line AND holding_ref = ANY(CAST(:refs AS bytea[]))"
    )
    rows = await session.execute(statement, {"line": line, "refs": refs})
    return {row.holding_ref: row._asdict() for row in rows}


async def write_balances(session: AsyncSession, rows: Iterable[Sequence[Any]], *, month_ends: Sequence[date]) -> int:
    """Store balances (customer, holding, day, fen) that differ from the day before or stand at a month's end.

    A balance that is already stored for the day is overwritten when it differs. Returns how many rows changed.
    """
    await stage(session, "stage_balance", _BALANCE_STAGE)
    await copy_rows(session, "stage_balance", ("customer_id", "holding_id", "day", "balance_fen"), rows)
    await session.execute(text("ANALYZE stage_balance"))
    ends = {"month_ends": month_ends}
    if not (await session.execute(text(_GOES_BACK))).scalar():
        appended: Any = await session.execute(text(_INSERT_BALANCES), ends)
        return int(appended.rowcount)
    corrected: Any = await session.execute(text(_CORRECT_BALANCES))
    inserted: Any = await session.execute(text(_INSERT_BALANCES + _IS_NOT_STORED), ends)
    return int(corrected.rowcount) + int(inserted.rowcount)


async def stage_events(session: AsyncSession, rows: Iterable[Sequence[Any]]) -> None:
    """Lay out events for the statements below, in the order of `EVENT_STAGE_COLUMNS`."""
    await stage(session, "stage_event", _EVENT_STAGE)
    await copy_rows(session, "stage_event", EVENT_STAGE_COLUMNS, rows)


async def claim_references(session: AsyncSession, *, line: str, received_at: datetime) -> set[str]:
    """Insert the staged events by reference, waiting for the earning rules; returns the references that are new."""
    return {row.reference for row in await session.execute(_CLAIM_STAGED, {"line": line, "at": received_at})}


async def compare_known(session: AsyncSession, *, line: str, rows: Sequence[int]) -> list[tuple[int, bool]]:
    """Take staged rows whose references were known before out of the stage; returns row and whether it is the same."""
    statement = text(
        'DELETE FROM stage_event s WHERE s."row" = ANY(CAST(:rows AS integer[])) RETURNING s."row", ('
        "  SELECT b.fingerprint = s.fingerprint AND b.customer_id = s.customer_id FROM business_event b"
        "  WHERE b.reference = s.reference AND b.line = :line)"
    )
    return [(row[0], row[1]) for row in await session.execute(statement, {"line": line, "rows": rows})]


async def staged_for_survivors(session: AsyncSession) -> set[int]:
    """Return the staged rows for customers into whom others were merged: of those it is kept whom the line named."""
    statement = text(
        'SELECT s."row" FROM stage_event s WHERE EXISTS ('
        "SELECT FROM customer_merge m WHERE m.customer_id = s.customer_id AND m.undone_at IS NULL)"
    )
    return {row[0] for row in await session.execute(statement)}


async def insert_customer_events(session: AsyncSession, *, line: str, names: Mapping[int, bytes]) -> None:
    """Put the staged events to their customers, some rows with the names by which they came."""
    statement = text(
        "INSERT INTO customer_event (customer_id, reference, line, event_type, occurred_at, occurred_on, amount_fen, "
        "merchant_category, channel, inflow_class, named_by) SELECT customer_id, reference, :line, event_type, "
        "occurred_at, occurred_on, amount_fen, merchant_category, channel, inflow_class, n.named_by FROM stage_event s "
        "LEFT JOIN unnest(CAST(:rows AS integer[]), CAST(:names AS bytea[])) AS n(at_row, named_by)"
        ' ON n.at_row = s."row" ORDER BY customer_id, reference'
    )
    await session.execute(statement, {"line": line, "rows": list(names), "names": list(names.values())})


_EVENTS_OF: Final = "FROM unnest(CAST(:lines AS text[]), CAST(:references AS text[]), CAST(:customers AS uuid[])"
# In the order of the key: two who bring the same events wait for each other in one order.
_CLAIM: Final = text(
    f"{_CLAIM_EVENTS} SELECT k.reference, k.line, k.customer_id, k.fingerprint, 'pending', :at {_EVENTS_OF},"
    " CAST(:fingerprints AS bytea[])) AS k(line, reference, customer_id, fingerprint) ORDER BY k.reference, k.line"
    f"{_NEW_EVENTS}"
)
_KNOWN: Final = text(
    f"SELECT b.line, b.reference, b.customer_id, b.fingerprint {_EVENTS_OF}) AS k(line, reference, customer_id)"
    " JOIN business_event b ON b.reference = k.reference AND b.line = k.line"
)
_DESCRIBE: Final = text(
    "INSERT INTO customer_event (customer_id, reference, line, event_type, occurred_at, occurred_on, amount_fen,"
    " merchant_category, channel, inflow_class, named_by) SELECT k.customer_id, k.reference, k.line, k.event_type,"
    " k.occurred_at, k.occurred_on, k.amount_fen, k.merchant_category, k.channel, k.inflow_class, k.named_by"
    f" {_EVENTS_OF},"
    " CAST(:types AS text[]), CAST(:moments AS timestamptz[]), CAST(:days AS date[]), CAST(:amounts AS bigint[]),"
    " CAST(:categories AS text[]), CAST(:channels AS text[]), CAST(:inflows AS text[]), CAST(:names AS bytea[]))"
    " AS k(line, reference, customer_id, event_type, occurred_at, occurred_on, amount_fen, merchant_category, channel,"
    " inflow_class, named_by) ORDER BY k.customer_id, k.reference"
)


async def claim_events(session: AsyncSession, events: Sequence[LineEvent], *, at: datetime) -> set[tuple[str, str]]:
    """Insert events by line and reference, each pair named once; returns the pairs that are new."""
    bound = _keys_of(events) | {"fingerprints": [one.content.fingerprint for one in events], "at": at}
    return {(row[0], row[1]) for row in await session.execute(_CLAIM, bound)}


async def known_events(session: AsyncSession, events: Sequence[LineEvent]) -> dict[tuple[str, str], tuple[UUID, bytes]]:
    """Return the customer and the fingerprint of those events that are stored, by line and reference."""
    return {(row[0], row[1]): (row[2], row[3]) for row in await session.execute(_KNOWN, _keys_of(events))}


async def describe_events(session: AsyncSession, events: Sequence[LineEvent]) -> None:
    """Put new events to their customers."""
    contents = [one.content for one in events]
    bound = _keys_of(events) | {
        "types": [one.event_type.value for one in contents],
        "moments": [one.occurred_at for one in contents],
        "days": [clock.business_day(one.occurred_at) for one in contents],
        "amounts": [one.amount_fen for one in contents],
        "categories": [one.merchant_category for one in contents],
        "channels": [one.channel for one in contents],
        "inflows": [None if one.inflow_class is None else one.inflow_class.value for one in contents],
        "names": [one.named_by for one in events],
    }
    await session.execute(_DESCRIBE, bound)


def _keys_of(events: Sequence[LineEvent]) -> dict[str, Any]:
    return {
        "lines": [one.line.value for one in events],
        "references": [one.reference for one in events],
        "customers": [one.customer_id for one in events],
    }
