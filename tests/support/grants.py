"""What each service's database role may do on plain Postgres, as the migrated database's own catalogue says.

Run as a program it writes the table that `tests/shared/security/test_grants.py` holds the database to; `make openapi`
does so, on a server of its own.
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from support.databases import cloned_database
from support.server import Server, TestRun, obtain_server

FILE = Path(__file__).parents[1] / "shared/security/grants.txt"
ROLES = ("guibin_customer", "guibin_bank", "guibin_worker")
WHOLE_TABLE = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
BY_COLUMN = ("SELECT", "INSERT", "UPDATE")

_COLUMNS = """
    SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') GROUP BY 1 ORDER BY 1
"""
_FUNCTIONS = """
    SELECT p.oid::regprocedure::text AS name FROM pg_proc p LEFT JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'
     WHERE p.pronamespace = 'public'::regnamespace AND d.objid IS NULL
       AND has_function_privilege($1, p.oid, 'EXECUTE') ORDER BY 1
"""


@dataclass
class TableGrants:
    """What a role may do with one table: with all of it, and with some of its columns."""

    columns: list[str]
    whole: set[str] = field(default_factory=set)
    some: dict[str, list[str]] = field(default_factory=dict)

    def permits(self, verb: str, column: str | None = None) -> bool:
        """Tell whether a verb is granted, on a column if one is named."""
        return verb in self.whole or (column is not None and column in self.some.get(verb, ()))

    def describe(self) -> str:
        """Write the grants in one line; empty without any."""
        words = [verb for verb in WHOLE_TABLE if verb in self.whole]
        words += [f"{verb} ({', '.join(self.some[verb])})" for verb in BY_COLUMN if verb in self.some]
        return ", ".join(words)


async def grants_of(connection: asyncpg.Connection, role: str) -> dict[str, TableGrants]:
    """Read what a role may do with each table."""
    found = {}
    for row in await connection.fetch(_COLUMNS):
        table = TableGrants(row["columns"])
        for verb in WHOLE_TABLE:
            if await connection.fetchval("SELECT has_table_privilege($1, $2, $3)", role, row["name"], verb):
                table.whole.add(verb)
        for verb in set(BY_COLUMN) - table.whole:
            columns = await connection.fetchval(
                "SELECT array_agg(c ORDER BY n) FROM unnest($3::text[]) WITH ORDINALITY AS u(c, n)"
                " WHERE has_column_privilege($1, $2, c, $4)",
                role,
                row["name"],
                row["columns"],
                verb,
            )
            if columns:
                table.some[verb] = columns
        found[row["name"]] = table
    return found


async def state_of(connection: asyncpg.Connection, statement: str) -> str | None:
    """Run a statement and return its SQLSTATE; None when it went through."""
    try:
        await connection.execute(statement)
    except asyncpg.PostgresError as error:
        return error.sqlstate
    return None


async def table(connection: asyncpg.Connection) -> str:
    """Write the expectation of all roles."""
    lines = []
    for role in ROLES:
        grants = {name: grant.describe() for name, grant in (await grants_of(connection, role)).items()}
        lines += [role, *(f"    {name}: {words}" for name, words in grants.items() if words)]
        lines.append(f"    nothing on: {', '.join(name for name, words in grants.items() if not words)}")
        functions = [row["name"] for row in await connection.fetch(_FUNCTIONS, role)]
        lines += [*(f"    call {name}" for name in functions), ""]
    return "\n".join(lines)


async def _read(server: Server) -> str:
    async with cloned_database(server, "grants") as database:
        connection = await asyncpg.connect(database.admin_url)
        try:
            return await table(connection)
        finally:
            await connection.close()


if __name__ == "__main__":
    run = TestRun()
    try:
        FILE.write_text(asyncio.run(_read(obtain_server(run.folder))), "utf-8")
    finally:
        run.close()
