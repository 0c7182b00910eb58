"""Does the database hold exactly what the clients were told? Reads the history of a run and the database after it.

Acknowledged is present exactly once, refused is not there at all, and what nobody knows of is there once or not at all.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeAlias

import asyncpg
from chaos.history import History, Operation, Outcome
from chaos.operations import LINE

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

WRITES = frozenset(
    {
        *("earn", "redeem", "reserve", "cancel", "refund", "submit", "approve", "use"),
        *("hold", "capture", "release", "transfer", "paid", "payment-failed", "repaid"),
    }
)
ALL_UNITS = 1_000
NOT_FOUND = 404

TWO_PEOPLE = """
    SELECT 'apr_' || a.id FROM approval a WHERE a.state = 'approved' AND NOT EXISTS (
      SELECT FROM approval_decision d WHERE d.owner_id = a.owner_id AND d.approval_id = a.id
         AND d.approver_id <> a.maker_id AND d.verdict = 'agreed' AND d.payload_hash = a.payload_hash)
"""
"""I10: nothing was carried out that no other person agreed to."""

AUDITED = """
    SELECT 'apr_' || a.id FROM approval a LEFT JOIN audit_entry e ON e.object_id = 'apr_' || a.id
     GROUP BY a.owner_id, a.id, a.state
    HAVING count(e.id) FILTER (WHERE e.result = 'submitted') <> 1
        OR count(e.id) FILTER (WHERE e.result = 'approved') <> (a.state = 'approved')::int
"""
"""I11: each submission and each decision left exactly one row in the trail."""

TOLD = """
    SELECT coalesce(r.state || ' rdm_' || r.redemption_id, e.type || ' ' || e.subject)
      FROM (SELECT redemption_id, state FROM redemption_step WHERE state IN ('confirmed', 'cancelled')
             UNION ALL SELECT id, 'confirmed' FROM redemption WHERE NOT EXISTS (
               SELECT FROM redemption_payment p WHERE p.redemption_id = id AND p.state <> 'paid')) r
      FULL JOIN (SELECT subject, type, count(*) AS times FROM outbox_event
                  WHERE type IN ('redemption.confirmed', 'redemption.cancelled') GROUP BY subject, type) e
        ON e.subject = 'rdm_' || r.redemption_id AND e.type = 'redemption.' || r.state
     WHERE r.redemption_id IS NULL OR e.times IS DISTINCT FROM 1
"""
"""I12: each redemption and each cancellation is told of exactly once, and none is told of that is not there."""


Book: TypeAlias = Mapping[str, Mapping[str, Any]]
"""What a supplier says of each order, by its number."""

ENDS = {("done", "done", "fulfilled"), ("done", "done", "refunded"), ("refused", "refused", "failed")}
"""How an order may stand in the supplier's book, in ours, and its redemption, when all of them have ended."""

PASSED_ON = "SELECT sum(points - debt_change) FROM points_entry WHERE kind IN ('transfer_out', 'transfer_in')"


async def check(history: History, admin_url: str, book: Book | None = None) -> list[str]:
    """Return what does not agree, a sentence each; empty is good. `book` is that of the supplier, if there is one."""
    connection = await asyncpg.connect(admin_url)
    try:
        found = [
            *await _events(history, connection),
            *await _redemptions(history, connection),
            *await _reservations(history, connection),
            *await _approvals(history, connection),
            *await _uses(history, connection),
            *await _given_back(history, connection),
            *await _holds(history, connection),
            *await _transfers(history, connection),
            *await _orders(book or {}, connection),
            *await _keys(history, connection),
        ]
        for name, query in (("I10", TWO_PEOPLE), ("I11", AUDITED), ("I12", TOLD)):
            found += [f"{name}: {row[0]}" for row in await connection.fetch(query)]
    finally:
        await connection.close()
    return found


async def _events(history: History, connection: Connection) -> list[str]:
    """Every event earned once: its entries are those that the answer named, or none."""
    entries: dict[str, set[str]] = {}
    for row in await connection.fetch(
        "SELECT source_id, 'ent_' || id AS id FROM points_entry WHERE source_kind = 'event'"
    ):
        entries.setdefault(row["source_id"], set()).add(row["id"])
    wanted = {f"{LINE}:{one.key}": one for one in history.of("earn")}
    found = [f"I5: an event that nobody sent has earned: {source}" for source in entries.keys() - wanted.keys()]
    for source, one in wanted.items():
        there = entries.get(source, set())
        told = set(chain.from_iterable(result["entry_ids"] for result in one.answer.get("results", [])))
        known = there == told if one.outcome is Outcome.OK else len(there) == 1
        if not _agrees(one, exactly=known, none=not there):
            found.append(f"I5: event {one.number} ({one.outcome}) has {len(there)} entries, told {len(told)}")
    return found


async def _redemptions(history: History, connection: Connection) -> list[str]:
    """Every redemption that was told is there, for its customer and right, and no other one."""
    rows = await connection.fetch("SELECT 'rdm_' || id AS id, 'cus_' || customer_id AS customer FROM redemption")
    return _told_once(history.of("redeem"), {row["id"]: row["customer"] for row in rows}, lambda answer: answer["id"])


async def _reservations(history: History, connection: Connection) -> list[str]:
    """Every reservation that was told is there, and those that a redemption was told to have taken are taken by it."""
    rows = await connection.fetch(
        "SELECT 'rsv_' || id AS id, 'cus_' || customer_id AS customer, 'rdm_' || redemption_id AS taken"
        " FROM reservation"
    )
    found = _told_once(history.of("reserve"), {row["id"]: row["customer"] for row in rows}, lambda answer: answer["id"])
    there = {row["id"]: row["taken"] for row in rows}
    for one in history.of("redeem"):
        held = one.facts.get("of")
        if held is None:
            continue
        taken = there.get(held)
        told = taken == one.answer["id"] if one.outcome is Outcome.OK else taken is not None
        if not _agrees(one, exactly=told, none=taken is None):
            found.append(f"I5: {held} was taken by {taken}, redemption {one.number} ({one.outcome}) says otherwise")
    return found


async def _approvals(history: History, connection: Connection) -> list[str]:
    """Every submission is there once; each that was approved has one entry of its points, every other none."""
    rows = await connection.fetch(
        "SELECT 'apr_' || id AS id, 'cus_' || owner_id AS customer FROM approval"
        " WHERE kind IN ('points.adjust', 'points.reverse')"
    )
    found = _told_once(
        history.of("submit"), {row["id"]: row["customer"] for row in rows}, lambda answer: answer["approval_id"]
    )
    posted: dict[str, list[int]] = {}
    for row in await connection.fetch(
        "SELECT source_id, points - debt_change AS points FROM points_entry"
        " WHERE source_kind = 'approval' AND kind IN ('adjust_credit', 'adjust_debit', 'claw_back')"
    ):
        posted.setdefault(row["source_id"], []).append(row["points"])
    for one in history.of("approve"):
        there = posted.pop(one.facts["approval"], [])
        if not _agrees(one, exactly=there == [one.facts["points"]], none=not there):
            found.append(f"I5: correction {one.number} ({one.outcome}) has the entries {there}")
    return found + [f"I5: {approval} was posted and not approved" for approval in posted]


async def _uses(history: History, connection: Connection) -> list[str]:
    """Of each redemption as many codes are used as was acknowledged, and beside them at most what nobody knows of."""
    rows = await connection.fetch(
        "SELECT 'rdm_' || redemption_id AS id, count(*) AS used FROM voucher_code WHERE used_at IS NOT NULL GROUP BY 1"
    )
    used = {row["id"]: row["used"] for row in rows}
    known = Counter(one.facts["redemption"] for one in history.of("use", Outcome.OK))
    unknown = Counter(one.facts["redemption"] for one in history.of("use", Outcome.INFO))
    return [
        f"I5: {used.get(one, 0)} codes of {one} are used, {known[one]} uses were acknowledged, {unknown[one]} unknown"
        for one in used.keys() | known.keys()
        if not known[one] <= used.get(one, 0) <= known[one] + unknown[one]
    ]


async def _given_back(history: History, connection: Connection) -> list[str]:
    """Of each redemption as many units went back as was acknowledged, and beside them at most what nobody knows of."""
    asked: dict[str, list[Operation]] = {}
    for one in (*history.of("cancel"), *history.of("refund")):
        if one.outcome is not Outcome.FAIL:
            asked.setdefault(one.facts["redemption"], []).append(one)
    rows = await connection.fetch("SELECT 'rdm_' || id AS id, state, quantity, quantity_refunded FROM redemption")
    gone = {one for one, by in asked.items() if _units(by, Outcome.OK)} - {row["id"] for row in rows}
    found = [f"I5: {one} was given back and is not there" for one in gone]
    for row in rows:
        known, unknown = _units(asked.get(row["id"], []), Outcome.OK), _units(asked.get(row["id"], []), Outcome.INFO)
        least, most = min(known, row["quantity"]), min(known + unknown, row["quantity"])
        over = row["state"] in {"cancelled", "refunded", "failed", "unpaid"}
        if row["state"] in {"failed", "unpaid"}:  # its supplier refused, or no money came: the rest went back by itself
            most = row["quantity"]
        if not least <= row["quantity_refunded"] <= most or over != (row["quantity_refunded"] == row["quantity"]):
            found.append(f"I5: {row['id']} is {row['state']} with {row['quantity_refunded']} units given back")
    return found


def _units(operations: Iterable[Operation], outcome: Outcome) -> int:
    """Add up what operations of an outcome give back; a whole redemption counts as more than any has."""
    return sum(one.facts.get("units") or ALL_UNITS for one in operations if one.outcome is outcome)


async def _holds(history: History, connection: Connection) -> list[str]:
    """Every hold that was told is there, and closed as was acknowledged or as nobody knows."""
    rows = await connection.fetch(
        "SELECT 'hol_' || id AS id, 'cus_' || customer_id AS customer, state, captured FROM points_hold"
        " WHERE id NOT IN (SELECT hold_id FROM redemption_payment)"
    )
    found = _told_once(history.of("hold"), {row["id"]: row["customer"] for row in rows}, lambda answer: answer["id"])
    closings: dict[str, list[Operation]] = {}
    for one in (*history.of("capture"), *history.of("release")):
        closings.setdefault(one.facts["hold"], []).append(one)
    for row in rows:
        agreeing = [one for one in closings.get(row["id"], []) if _closed_it(one, row["state"], row["captured"])]
        known = {one.number for one in closings.get(row["id"], []) if one.outcome is Outcome.OK}
        if known - {one.number for one in agreeing} or (row["state"] != "open" and not agreeing):
            found.append(f"I5: {row['id']} is {row['state']} with {row['captured']} spent")
    return found


def _closed_it(one: Operation, state: str, captured: int) -> bool:
    """Tell whether a hold may be as it is because of this operation."""
    if one.outcome is Outcome.FAIL or {"capture": "captured", "release": "released"}[one.kind] != state:
        return False
    told = one.answer["captured"] if one.outcome is Outcome.OK else one.facts["points"]
    return state == "released" or told == captured


async def _transfers(history: History, connection: Connection) -> list[str]:
    """Every transfer that was told is there once, to whom and for what it was asked; all of them together make nothing.

    By one code there is one transfer at most: its id is in the code.
    """
    rows = await connection.fetch(
        "SELECT 'trf_' || id AS id, 'cus_' || customer_id AS customer, 'cus_' || other_id AS receiver, points"
        " FROM points_transfer WHERE side = 'out'"
    )
    asked = history.of("transfer")
    found = _told_once(asked, {row["id"]: row["customer"] for row in rows}, lambda answer: answer["id"])
    there = {row["id"]: (row["receiver"], row["points"]) for row in rows}
    for one in history.of("transfer", Outcome.OK):
        given = there.get(one.answer["id"])
        if given is not None and given != (one.facts["to"], one.facts["points"]):
            found.append(f"I5: transfer {one.number} gave {given[1]} points to {given[0]}")
    if made := await connection.fetchval(PASSED_ON):
        found.append(f"I1: all transfers together made {made} points")
    return found


async def _orders(book: Book, connection: Connection) -> list[str]:
    """Every order has ended as its supplier says; what the supplier never had has not been delivered."""
    rows = await connection.fetch(
        "SELECT 'ord_' || o.id AS id, o.state, r.state AS redemption FROM supplier_order o"
        " JOIN redemption r ON r.customer_id = o.customer_id AND r.id = o.redemption_id"
    )
    found = [f"I5: the supplier has {id_}, which nobody ordered" for id_ in book.keys() - {row["id"] for row in rows}]
    for row in rows:
        told = book[row["id"]]["state"] if row["id"] in book else None
        if (told, row["state"], row["redemption"]) not in ENDS:
            found.append(f"I5: {row['id']} is {row['state']}, {row['redemption']}; its supplier says {told}")
    return found


async def _keys(history: History, connection: Connection) -> list[str]:
    """The key of every answer is kept with the status that was told."""
    rows = await connection.fetch("SELECT key, array_agg(status) AS statuses FROM idempotency_key GROUP BY key")
    kept = {row["key"]: row["statuses"] for row in rows}
    return [
        f"I5: operation {one.number} ({one.kind}) was told {one.status}, its key keeps {kept.get(one.key)}"
        for one in history.operations
        if one.kind in WRITES
        and one.outcome is not Outcome.INFO
        and one.status != NOT_FOUND  # is not kept
        and kept.get(one.key) != [one.status]
    ]


def _told_once(
    operations: Sequence[Operation], there: Mapping[str, str], id_of: Callable[[dict[str, Any]], str]
) -> list[str]:
    """Hold ids in answers against rows: acknowledged ones are there, for their customer, and others only if unknown."""
    told = {id_of(one.answer): one for one in operations if one.outcome is Outcome.OK}
    found = [
        f"I5: {id_} was acknowledged to {one.customer}, there it is of {there.get(id_)}"
        for id_, one in told.items()
        if there.get(id_) != one.customer
    ]
    if len(told) != sum(one.outcome is Outcome.OK for one in operations):
        found.append("I5: two operations were told the same id")
    unknown = Counter(one.customer for one in operations if one.outcome is Outcome.INFO)
    surplus = Counter(customer for id_, customer in there.items() if id_ not in told)
    return found + [
        f"I5: {count} rows of {customer} belong to no answer, {unknown[customer]} ends are unknown"
        for customer, count in surplus.items()
        if count > unknown[customer]
    ]


def _agrees(operation: Operation, *, exactly: bool, none: bool) -> bool:
    return {Outcome.OK: exactly, Outcome.FAIL: none, Outcome.INFO: exactly or none}[operation.outcome]


def summary(operations: Iterable[Operation]) -> str:
    """Count the ends by kind, for people."""
    counts = Counter(f"{one.kind} {one.code or one.outcome}" for one in operations)
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
