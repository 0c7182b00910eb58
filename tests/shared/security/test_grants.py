"""What each service's database role may do (T-LED-1): exactly what `grants.txt` says, tried role x table x verb.

The file is the expectation on plain Postgres, committed so that a change of grants shows in its diff.
"""

from collections.abc import Iterator

import asyncpg
import pytest

from support.databases import Database
from support.grants import FILE, ROLES, TableGrants, grants_of, state_of, table

LEDGER = ("points_account", "points_entry", "points_lot", "points_lot_use", "ledger_grant")
TRAIL = ("audit_entry", "audit_seal", "tier_history", "redemption_step", "approval_decision")
"""What is only ever added to."""

MAY_DELETE = {"source_record", "holding", "holding_balance", "holding_party", "customer_event"}
"""A merge of two customers and a new owner of a holding copy rows and delete the old ones."""

WORKED_OUT_ANEW = {"credit_month", "book_cover", "assignment_plan_move", "assignment_plan_book", "held_since"}
"""Who stands in follows from the absences, what a plan moves from its computation, since when a condition holds from
runs, what a month is credited for from its days: each is worked out anew, in place of what was there."""

RELEASED = {"customer_field_lock"}
"""A field that people hold is released: the trail says who and why."""

TAKEN = {"customer_change", "customer_watch"}
"""A queue: who has acted on a row takes it away; and whether anybody watches it."""

DENIED = "42501"


@pytest.fixture(scope="module")
def written() -> dict[str, dict[str, str]]:
    """Return the file's words by role and table."""
    found: dict[str, dict[str, str]] = {}
    for line in FILE.read_text("utf-8").splitlines():
        if line and not line.startswith(" "):
            found[line] = {}
        elif ": " in line:
            name, _, words = line.strip().partition(": ")
            found[next(reversed(found))][name] = words
    return found


async def test_the_committed_table_is_what_the_migrated_database_grants(database: Database) -> None:
    connection = await asyncpg.connect(database.admin_url)
    assert FILE.read_text("utf-8") == await table(connection)
    await connection.close()


def statements(name: str, grants: TableGrants) -> Iterator[tuple[str, str, bool]]:
    """Yield a verb, a statement that changes nothing, and whether it is granted."""
    first = next((column for column in grants.columns if grants.permits("INSERT", column)), grants.columns[0])
    yield "SELECT", f"SELECT count(*) FROM {name} WHERE false", grants.permits("SELECT", first)
    yield "INSERT", f'INSERT INTO {name} ("{first}") SELECT NULL WHERE false', grants.permits("INSERT", first)
    for column in grants.columns:
        yield "UPDATE", f'UPDATE {name} SET "{column}" = NULL WHERE false', grants.permits("UPDATE", column)
    yield "DELETE", f"DELETE FROM {name} WHERE false", grants.permits("DELETE")
    yield "TRUNCATE", f"TRUNCATE {name} CASCADE", grants.permits("TRUNCATE")
    yield "ALTER", f"ALTER TABLE {name} ADD COLUMN extra int", False
    yield "DISABLE", f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY", False
    yield "DROP", f"DROP TABLE {name} CASCADE", False


@pytest.mark.parametrize("role", ROLES)
async def test_whatever_is_not_granted_is_denied_and_whatever_is_granted_is_not(database: Database, role: str) -> None:
    admin = await asyncpg.connect(database.admin_url)
    grants = await grants_of(admin, role)
    await admin.close()
    url = str(getattr(database, f"{role.removeprefix('guibin_')}_url"))
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    wrong = []
    for name, granted in grants.items():
        for verb, statement, permitted in statements(name, granted):
            found = await state_of(connection, statement)
            if found != (None if permitted else DENIED):
                wrong.append((name, verb, statement, found))
    await connection.close()
    assert wrong == []


def test_nobody_writes_the_ledger_past_its_functions(written: dict[str, dict[str, str]]) -> None:
    assert {written[role].get(name, "SELECT") for role in ROLES for name in LEDGER} == {"SELECT"}


def test_what_is_only_added_to_is_never_changed(written: dict[str, dict[str, str]]) -> None:
    words = {written[role].get(name, "SELECT") for role in ROLES for name in TRAIL}
    assert words <= {"SELECT", "INSERT", "SELECT, INSERT"}


def test_of_coverage_only_the_end_is_written(written: dict[str, dict[str, str]]) -> None:
    ended = "SELECT, INSERT, UPDATE (valid_to, end_reason)"
    assert [written[role]["coverage"] for role in ROLES] == ["SELECT", ended, ended]


def test_rows_are_deleted_where_a_reason_is_known_and_no_table_is_emptied(written: dict[str, dict[str, str]]) -> None:
    tables = [(name, words) for role in ROLES for name, words in written[role].items()]
    assert {name for name, words in tables if "DELETE" in words} <= MAY_DELETE | WORKED_OUT_ANEW | RELEASED | TAKEN
    assert [name for name, words in tables if {"TRUNCATE", "TRIGGER", "REFERENCES"} & set(words.split(", "))] == []


async def test_what_works_with_its_owners_rights_states_its_search_path(database: Database) -> None:
    connection = await asyncpg.connect(database.admin_url)
    rows = await connection.fetch(
        "SELECT proname, proconfig, pg_get_userbyid(proowner) AS owner FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace AND prosecdef"
    )
    await connection.close()

    assert {row["proname"] for row in rows} >= {"points_post", "privacy_forget", "customer_enter", "my_access_log"}
    assert {(*row["proconfig"], row["owner"]) for row in rows} == {
        ("search_path=pg_catalog, public, pg_temp", "guibin_owner")
    }
