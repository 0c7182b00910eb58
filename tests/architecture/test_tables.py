"""The rules that keep the schema ready for a distributed engine, held without one (docs/adr/0001)."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from guibin.registry import metadata

ROOT = Path(__file__).parents[2]
TABLES = [pytest.param(table, id=table.name) for table in metadata.sorted_tables]


def declared(table: Table) -> object:
    return table.info.get("distribution")


def key_of(table: Table) -> str | None:
    distribution = declared(table)
    return distribution[0] if isinstance(distribution, tuple) else None


def colocation(table: Table) -> str:
    distribution = declared(table)
    assert isinstance(distribution, tuple)
    return distribution[1] if len(distribution) > 1 else table.name


@pytest.mark.parametrize("table", TABLES)
def test_every_table_declares_its_distribution(table: Table) -> None:
    distribution = declared(table)
    assert distribution in {"reference", "local"} or (isinstance(distribution, tuple) and distribution[0] in table.c)


@pytest.mark.parametrize("table", TABLES)
def test_primary_keys_and_unique_constraints_begin_with_the_distribution_key(table: Table) -> None:
    key = key_of(table)
    if key is None:
        return
    for constraint in table.constraints:
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint | ExcludeConstraint):
            assert next(iter(constraint.columns)).name == key, constraint.name
    for index in table.indexes:
        if index.unique:
            assert next(iter(index.columns)).name == key, index.name


@pytest.mark.parametrize("table", TABLES)
def test_foreign_keys_go_to_reference_tables_or_keep_the_distribution_key_in_its_place(table: Table) -> None:
    for constraint in table.constraints:
        if not isinstance(constraint, ForeignKeyConstraint):
            continue
        assert (constraint.ondelete or "").upper() != "SET NULL"
        target = constraint.referred_table
        if declared(target) == "reference":
            continue
        if declared(table) == "local":
            assert declared(target) == "local"
            continue
        assert key_of(table) is not None, f"{table.name} points at {target.name}"
        assert colocation(table) == colocation(target)
        pairs = {element.parent.name: element.column.name for element in constraint.elements}
        assert pairs.get(key_of(table) or "") == key_of(target)


def sources() -> Iterator[Path]:
    yield from (ROOT / "shared/src").rglob("*.py")
    yield from (ROOT / "services").rglob("*.py")
    yield from (ROOT / "migrations").rglob("*.py")
    yield from (ROOT / "migrations/functions").rglob("*.sql")


FORBIDDEN = {
    "a trigger": re.compile(r"CREATE\s+(OR\s+REPLACE\s+)?(CONSTRAINT\s+)?TRIGGER", re.IGNORECASE),
    "ON DELETE SET NULL": re.compile(r"ON\s+DELETE\s+SET\s+NULL|ondelete=[\"']SET NULL", re.IGNORECASE),
    "an update by function": re.compile(r"onupdate\s*=\s*func\."),
    "a branch on a constraint's name": re.compile(r"\.constraint_name\b"),
    "a batch by ctid": re.compile(r"\bctid\b", re.IGNORECASE),
    "a volatile function in an update": re.compile(
        r"\bSET\b[^;]{0,400}\b(clock_timestamp|gen_random_uuid|random|uuidv7)\s*\(", re.IGNORECASE
    ),
    "a function of a newer server": re.compile(r"\buuidv7\s*\("),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_no_source_contains_what_a_distributed_engine_refuses(name: str) -> None:
    found = [str(path.relative_to(ROOT)) for path in sources() if FORBIDDEN[name].search(path.read_text("utf-8"))]
    assert found == []


def test_locks_name_one_customer_or_one_right() -> None:
    """FOR UPDATE stands only behind an equality of the distribution key, never behind IN."""
    pattern = re.compile(r"([^;]*?)\bFOR\s+(NO\s+KEY\s+)?UPDATE\b", re.IGNORECASE | re.DOTALL)
    for path in (ROOT / "migrations/functions").rglob("*.sql"):
        text = re.sub(r"--[^\n]*", "", path.read_text("utf-8"))
        for statement in pattern.finditer(text):
            last = statement.group(1)[-600:]
            assert re.search(r"\b(customer_id|right_id|owner_id|actor_id)\s*=", last), path
            assert not re.search(r"\b(customer_id|right_id)\s+IN\s*\(", last, re.IGNORECASE), path
