"""The SQL of proposing: pairs are found by equal keyed hashes alone; nothing is decrypted to find them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import BLOCKS, MatchModelVersion
from guibin.customers.personal import FIELDS
from guibin.customers.proposing.blocks import RULES

RecordKey = tuple[UUID, UUID]
"""A source record: its customer's id and its own."""

MOST_IN_A_BLOCK: Final = 50
"""Records that share one hash; beyond it they share a switchboard or an agent's telephone, and make no pairs."""

_READ: Final = ", ".join(f"{name}_enc" for name in FIELDS) + (
    ", customer_id, id, party_type, gender, certificate_type, data_key"
)
_LISTED: Final = "SELECT * FROM unnest(CAST(:customers AS uuid[]), CAST(:ids AS uuid[]))"


@dataclass(frozen=True, slots=True)
class CandidatePair:
    """Two records of two customers that no line knows both of."""

    one: RecordKey
    other: RecordKey


async def newest_model(session: AsyncSession) -> MatchModelVersion | None:
    """Return the model in force; None before the seed."""
    query = select(MatchModelVersion).order_by(col(MatchModelVersion.version).desc()).limit(1)
    return (await session.exec(query)).one_or_none()


async def due_records(session: AsyncSession, *, limit: int) -> list[dict[str, Any]]:
    """Return records that are new or changed since they were last compared, the oldest first."""
    statement = text(
        f"SELECT {_READ}, match_due_at FROM source_record WHERE match_due_at IS NOT NULL"  # noqa: S608 - our own columns
        " ORDER BY match_due_at, id LIMIT :limit"
    )
    return [row._asdict() for row in await session.execute(statement, {"limit": limit})]


async def records_of(session: AsyncSession, keys: Iterable[RecordKey]) -> dict[RecordKey, dict[str, Any]]:
    """Return records, encrypted as they are."""
    statement = text(f"SELECT {_READ} FROM source_record WHERE (customer_id, id) IN ({_LISTED})")  # noqa: S608 - the same
    rows = await session.execute(statement, _bound(keys))
    return {(row.customer_id, row.id): row._asdict() for row in rows}


async def write_blocks(session: AsyncSession, blocks: Mapping[RecordKey, Mapping[str, bytes | None]]) -> None:
    """Write the hashes of records, which are due no longer."""
    written = ", ".join(f"{name} = s.{name}" for name in BLOCKS)
    arrays = ", ".join(f"CAST(:{name} AS bytea[])" for name in BLOCKS)
    statement = text(
        f"UPDATE source_record r SET match_due_at = NULL, {written} FROM unnest("  # noqa: S608 - our own columns
        f"CAST(:customers AS uuid[]), CAST(:ids AS uuid[]), {arrays}) AS s (customer_id, id, {', '.join(BLOCKS)})"
        " WHERE r.customer_id = s.customer_id AND r.id = s.id"
    )
    columns = {name: [hashes[name] for hashes in blocks.values()] for name in BLOCKS}
    await session.execute(statement, {**_bound(blocks), **columns})


_LIVING: Final = "ended_on IS NULL AND data_key IS NOT NULL"
_PAIRS: Final = (
    "WITH due AS MATERIALIZED (SELECT customer_id, id, party_type, {rule} AS hash FROM source_record"  # noqa: S608 - our own columns
    f" WHERE (customer_id, id) IN ({_LISTED}) AND {{rule}} IS NOT NULL AND {_LIVING}),"
    " small AS MATERIALIZED (SELECT hash FROM (SELECT DISTINCT hash FROM due) d WHERE (SELECT count(*) FROM"
    " (SELECT 1 FROM source_record b WHERE b.{rule} = d.hash LIMIT :most + 1) counted) <= :most)"
    " SELECT d.customer_id, d.id, o.customer_id, o.id FROM due d JOIN small USING (hash)"
    f" JOIN (SELECT * FROM source_record WHERE {_LIVING}) o ON o.{{rule}} = d.hash"
    " WHERE o.customer_id <> d.customer_id AND o.party_type = d.party_type"
    " AND NOT EXISTS (SELECT 1 FROM source_record a JOIN source_record b ON b.line = a.line"
    " WHERE a.customer_id = d.customer_id AND b.customer_id = o.customer_id"
    " AND a.ended_on IS NULL AND b.ended_on IS NULL)"
    " AND NOT EXISTS (SELECT 1 FROM match_review m WHERE m.state = 'apart'"
    " AND ((m.customer_id = d.customer_id AND m.other_customer_id = o.customer_id)"
    " OR (m.customer_id = o.customer_id AND m.other_customer_id = d.customer_id)))"
)


async def find_pairs(session: AsyncSession, keys: Sequence[RecordKey]) -> set[CandidatePair]:
    """Return who shares a hash with one of these records, each pair once.

    Never two customers whom one line both knows, nor two whom people keep apart.
    """
    found: set[CandidatePair] = set()
    for rule in RULES:
        rows = await session.execute(text(_PAIRS.format(rule=rule)), {**_bound(keys), "most": MOST_IN_A_BLOCK})
        for row in rows:
            one, other = sorted(((row[0], row[1]), (row[2], row[3])))
            found.add(CandidatePair(one, other))
    return found


async def unweighed_pairs(session: AsyncSession, *, limit: int) -> tuple[list[RecordKey], set[CandidatePair]]:
    """Return open reviews that nobody has weighed, and every pair of records of their two customers."""
    reviews = await session.execute(
        text(
            "SELECT customer_id, id FROM match_review WHERE state = 'open' AND weighed_at IS NULL"
            " ORDER BY created_at LIMIT :limit"
        ),
        {"limit": limit},
    )
    keys = [(row[0], row[1]) for row in reviews]
    statement = text(
        "SELECT a.customer_id, a.id, b.customer_id, b.id FROM match_review m"  # noqa: S608 - a constant
        " JOIN source_record a ON a.customer_id = m.customer_id AND a.data_key IS NOT NULL"
        " JOIN source_record b ON b.customer_id = m.other_customer_id AND b.data_key IS NOT NULL"
        f" WHERE (m.customer_id, m.id) IN ({_LISTED}) AND m.customer_id <> m.other_customer_id"
    )
    found = set()
    for row in await session.execute(statement, _bound(keys)):
        one, other = sorted(((row[0], row[1]), (row[2], row[3])))
        found.add(CandidatePair(one, other))
    return keys, found


async def count_customers(session: AsyncSession) -> int:
    """Return how many customers the bank has."""
    return int((await session.execute(text("SELECT count(*) FROM customer"))).scalar_one())


async def count_names(session: AsyncSession, indexes: Iterable[bytes]) -> dict[bytes, int]:
    """Return how many customers have a name, by its index."""
    statement = text(
        "SELECT name_idx, count(*) FROM customer WHERE name_idx = ANY(CAST(:indexes AS bytea[])) GROUP BY name_idx"
    )
    rows = await session.execute(statement, {"indexes": list(set(indexes))})
    return {row[0]: row[1] for row in rows}


_WEIGH: Final = text(
    "UPDATE match_review SET score = :score, probability = :probability, model_version = :version, weighed_at = :at,"
    " evidence = evidence || CAST(:evidence AS jsonb)"
    " WHERE state = 'open' AND ((customer_id = :one AND other_customer_id = :other)"
    " OR (customer_id = :other AND other_customer_id = :one))"
)
_ASK: Final = text(
    "INSERT INTO match_review (customer_id, id, other_customer_id, reason, evidence, state, created_at, score,"
    " probability, model_version, weighed_at) VALUES (:one, :id, :other, :reason, CAST(:evidence AS jsonb), 'open',"
    " :at, :score, :probability, :version, :at)"
)


async def weigh_reviews(session: AsyncSession, said: Mapping[str, Any]) -> int:
    """Write what was weighed on the open reviews of a pair; returns how many there are."""
    result: Any = await session.execute(_WEIGH, said)
    return int(result.rowcount)


async def ask(session: AsyncSession, said: Mapping[str, Any]) -> None:
    """Ask people about a pair."""
    await session.execute(_ASK, said)


async def mark_weighed(session: AsyncSession, keys: Iterable[RecordKey], *, at: datetime) -> None:
    """Say of reviews that there is nothing more to weigh."""
    await session.execute(
        text(
            f"UPDATE match_review SET weighed_at = :at WHERE weighed_at IS NULL AND (customer_id, id) IN ({_LISTED})"  # noqa: S608 - a constant
        ),
        {**_bound(keys), "at": at},
    )


async def weigh_again(session: AsyncSession) -> None:
    """Let all open reviews be weighed anew, because the model is another."""
    await session.execute(text("UPDATE match_review SET weighed_at = NULL WHERE state = 'open'"))


async def decided_evidence(session: AsyncSession) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Return what was weighed of every pair that people decided about, with the decision."""
    statement = text(
        "SELECT state, evidence FROM match_review WHERE state IN ('merged', 'apart') AND decided_by IS NOT NULL"
        " AND evidence ? 'weights'"
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


def _bound(keys: Iterable[RecordKey]) -> dict[str, Any]:
    listed = list(keys)
    return {"customers": [key[0] for key in listed], "ids": [key[1] for key in listed]}
