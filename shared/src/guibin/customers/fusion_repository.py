"""The SQL of fusion: set by set, never record by record."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.bulk import Rows, columns_of, copy_rows, stage, upsert
from guibin.core.lines import Line
from guibin.customers.candidates import Said, rebuilt
from guibin.customers.changes.repository import note_change
from guibin.customers.locks.repository import held_fields
from guibin.customers.personal import FIELDS, unseal
from guibin.customers.policy.repository import policy_in_force
from guibin.customers.policy.rules import PolicyField
from guibin.customers.rules import LINE_RANK
from guibin.security.ciphers import KeyRing

FUSION_LOCK: Final = 0x67756962
"""The advisory lock of whoever connects customers of all lines, or takes one away; files of one line share it."""

_ENCRYPTED: Final = ", ".join(f"{name}_enc" for name in FIELDS)


async def stored_records(session: AsyncSession, *, line: Line, refs: Sequence[bytes]) -> dict[bytes, dict[str, Any]]:
    """Return the stored records of a line by their references."""
    statement = text(
        "SELECT record_ref, customer_id, id, content_hash, as_of, ended_on FROM source_record "
        "WHERE line = :line AND record_ref = ANY(CAST(:refs AS bytea[]))"
    )
    rows = await session.execute(statement, {"line": line.value, "refs": refs})
    return {row.record_ref: row._asdict() for row in rows}


async def numbered_customers(session: AsyncSession, ids: Sequence[UUID]) -> set[UUID]:
    """Return which customers a customer number is known of."""
    statement = text(
        "SELECT DISTINCT customer_id FROM customer_ref "
        "WHERE kind = 'customer_no' AND customer_id = ANY(CAST(:ids AS uuid[]))"
    )
    return {row[0] for row in await session.execute(statement, {"ids": ids})}


async def customer_rows(session: AsyncSession, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Return whole rows of customers, in the order of the model's columns."""
    columns = ", ".join(columns_of("customer"))
    statement = text(f"SELECT {columns} FROM customer WHERE id = ANY(CAST(:ids AS uuid[]))")  # noqa: S608 - our columns
    return [row._asdict() for row in await session.execute(statement, {"ids": ids})]


async def lock_fusion(session: AsyncSession) -> None:
    """Wait until no file is being taken, and let none begin before the end of the transaction."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FUSION_LOCK})


async def write_customers(session: AsyncSession, rows: Rows) -> None:
    """Insert whole rows of customers or compose those that stand anew, unless they were erased since they were read.

    What is not composed of records stays as it is now, not as it was read: others write it without the fusion's lock.
    """
    kept = ("created_at", "merged_into", "not_before", "erased_at")
    written = list(rows)
    await upsert(session, "customer", written, key=("id",), keep=kept, only="customer.erased_at IS NULL")
    await note_change(session, {customer_id for customer_id, *_ in written})


async def said_of_customers(
    session: AsyncSession, keys: KeyRing, ids: Sequence[UUID], branches: Mapping[str, UUID]
) -> dict[UUID, list[Said]]:
    """Return what all records of each customer say: living before ended ones, then by line, then the newest first."""
    statement = text(
        f"SELECT {_ENCRYPTED}, id, customer_id, line, party_type, gender, "  # noqa: S608 - columns of our own model
        "certificate_type, city_code, branch_code, opened_on, as_of, ended_on, data_key "
        "FROM source_record WHERE customer_id = ANY(CAST(:ids AS uuid[]))"
    )
    rows = [row._asdict() for row in await session.execute(statement, {"ids": ids})]
    found: dict[UUID, list[Said]] = defaultdict(list)
    for row in sorted(rows, key=_precedence):
        found[row["customer_id"]].append(_said(keys, row, branches))
    return found


def _precedence(row: Mapping[str, Any]) -> tuple[bool, int, int]:
    return row["ended_on"] is not None, LINE_RANK[Line(row["line"])], -row["as_of"].toordinal()


def _said(keys: KeyRing, row: Mapping[str, Any], branches: Mapping[str, UUID]) -> Said:
    return Said(
        line=Line(row["line"]),
        party_type=row["party_type"],
        gender=row["gender"],
        values=unseal(keys, "source_record", row),
        certificate_type=row["certificate_type"],
        city_code=row["city_code"],
        branch_id=branches.get(row["branch_code"]),
        opened_on=row["opened_on"],
        as_of=row["as_of"],
        is_ended=row["ended_on"] is not None,
    )


async def said_of_rows(session: AsyncSession, keys: KeyRing, ids: Collection[UUID]) -> dict[UUID, Said]:
    """Return what stands in customers' own rows, as a record would say it."""
    return {row["id"]: _standing(keys, row) for row in await customer_rows(session, list(ids))} if ids else {}


def _standing(keys: KeyRing, row: Mapping[str, Any]) -> Said:
    return Said(
        line=Line(row["leading_line"]),
        party_type=row["party_type"],
        gender=row["gender"],
        values=unseal(keys, "customer", row),
        certificate_type=row["certificate_type"],
        city_code=row["city_code"],
        branch_id=row["branch_id"],
        opened_on=row["opened_on"],
        as_of=clock.today(),
    )


async def recompose(
    session: AsyncSession,
    keys: KeyRing,
    ids: Sequence[UUID],
    branches: Mapping[str, UUID],
    *,
    heard: Mapping[PolicyField, Line] = MappingProxyType({}),
) -> None:
    """Compose customers anew from what all their records say, by the bank's policy; what people hold stands.

    `heard` names the line whose word counts for a field, whatever the policy says.
    """
    saids = await said_of_customers(session, keys, ids, branches)
    policy, stored = await policy_in_force(session), await customer_rows(session, ids)
    held = await held_fields(session, ids)
    holders = await said_of_rows(session, keys, {one for fields in held.values() for one in fields.values()})
    rows = []
    for row in stored:
        said = saids.get(row["id"])
        if said:
            stands = {field: holders[holder] for field, holder in held.get(row["id"], {}).items()}
            stands |= {field: one for field, line in heard.items() for one in reversed(said) if one.line is line}
            rows.append(rebuilt(keys, row, said, policy, stands))
    if rows:
        await write_customers(session, rows)


async def open_reviews(session: AsyncSession, rows: Sequence[tuple[Any, ...]]) -> int:
    """Ask people about pairs that are not kept apart, and of whom nobody asked for that reason; returns how many."""
    if not rows:
        return 0
    definition = "customer_id uuid, id uuid, other_id uuid, reason text, line text, created_at timestamptz"
    await stage(session, "stage_review", definition)
    columns = ("customer_id", "id", "other_id", "reason", "line", "created_at")
    await copy_rows(session, "stage_review", columns, rows)
    statement = text(
        "INSERT INTO match_review (customer_id, id, other_customer_id, reason, evidence, state, created_at) "
        "SELECT customer_id, id, other_id, reason, jsonb_build_object('line', line), 'open', created_at "
        "FROM stage_review s WHERE NOT EXISTS (SELECT 1 FROM match_review m "
        "WHERE (m.reason = s.reason OR m.state = 'apart') "
        "AND ((m.customer_id = s.customer_id AND m.other_customer_id = s.other_id) "
        "OR (m.customer_id = s.other_id AND m.other_customer_id = s.customer_id)))"
    )
    result: Any = await session.execute(statement)
    return int(result.rowcount)


async def end_records(session: AsyncSession, *, line: Line, day: date, seen: Iterable[bytes]) -> list[UUID]:
    """End the records of a line that were not seen, unless something newer is known; returns their customers."""
    await stage(session, "stage_seen_record", "ref bytea")
    await copy_rows(session, "stage_seen_record", ("ref",), ((ref,) for ref in seen))
    statement = text(
        "UPDATE source_record r SET ended_on = :day WHERE line = :line AND ended_on IS NULL AND as_of <= :day "
        "AND NOT EXISTS (SELECT 1 FROM stage_seen_record s WHERE s.ref = r.record_ref) RETURNING customer_id"
    )
    return [row[0] for row in await session.execute(statement, {"line": line.value, "day": day})]


async def end_named_records(session: AsyncSession, *, line: Line, day: date, refs: Sequence[bytes]) -> list[UUID]:
    """End those records of a line among some, unless something newer is known; returns their customers."""
    statement = text(
        "UPDATE source_record SET ended_on = :day WHERE line = :line AND ended_on IS NULL AND as_of <= :day "
        "AND record_ref = ANY(CAST(:refs AS bytea[])) RETURNING customer_id"
    )
    return list((await session.execute(statement, {"line": line.value, "day": day, "refs": refs})).scalars())


async def refresh_customers(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Derive status and first day of customers from their records: a death counts first, then any living relation."""
    statement = text(
        "UPDATE customer c SET status = r.status, opened_on = r.opened_on FROM ("
        "  SELECT customer_id, min(opened_on) AS opened_on, CASE"
        "    WHEN bool_or(status = 'deceased') THEN 'deceased'"
        "    WHEN bool_or(status = 'active' AND ended_on IS NULL) THEN 'active'"
        "    WHEN bool_or(status = 'dormant' AND ended_on IS NULL) THEN 'dormant' ELSE 'closed' END AS status"
        "  FROM source_record WHERE customer_id = ANY(CAST(:ids AS uuid[])) GROUP BY customer_id"
        ") r WHERE c.id = r.customer_id AND (c.status, c.opened_on) IS DISTINCT FROM (r.status, r.opened_on)"
    )
    await session.execute(statement, {"ids": ids})
    await note_change(session, ids)
