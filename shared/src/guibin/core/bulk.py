"""Many rows at once: COPY into a table, or into a stage of its form and from there in one statement."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.models import metadata

Rows = Iterable[Sequence[Any]]


def columns_of(table: str) -> tuple[str, ...]:
    """Return the columns of a table in the order of its model."""
    return tuple(metadata.tables[table].columns.keys())


async def _driver(session: AsyncSession) -> Any:
    """Return the driver's connection, in whose transaction something has been executed before."""
    raw = await (await session.connection()).get_raw_connection()
    return raw.driver_connection


async def fetch_rows(session: AsyncSession, statement: str, *values: Any) -> Sequence[Sequence[Any]]:
    """Fetch many rows as the driver makes them, inside the session's transaction; values by `$1`, `$2`.

    For tens of thousands of rows: what the layers above would make of each takes longer than reading it.
    """
    rows: Sequence[Sequence[Any]] = await (await _driver(session)).fetch(statement, *values)
    return rows


async def copy_rows(session: AsyncSession, table: str, columns: Sequence[str], rows: Rows) -> None:
    """COPY rows into a table, inside the session's transaction; values in the order of `columns`.

    Into a stage, or a table without row-level policies: Postgres refuses COPY under them.
    """
    await (await _driver(session)).copy_records_to_table(table, columns=list(columns), records=rows)


async def stage(session: AsyncSession, name: str, definition: str) -> None:
    """Make a temporary table, or empty the one that this connection already has; it is emptied at the commit too.

    `name` and `definition` are words of the code, never of a caller.
    """
    await session.execute(text(f"CREATE TEMP TABLE IF NOT EXISTS {name} ({definition}) ON COMMIT DELETE ROWS"))
    await session.execute(text(f"TRUNCATE {name}"))


async def insert_rows(session: AsyncSession, table: str, columns: Sequence[str], rows: Rows) -> None:
    """Insert rows by way of a stage, as row-level policies demand; values in the order of `columns`.

    Columns that are not named have to take NULL.
    """
    listed = ", ".join(columns)
    await stage(session, f"stage_{table}", f"LIKE {table}")
    await copy_rows(session, f"stage_{table}", columns, rows)
    statement = f"INSERT INTO {table} ({listed}) SELECT {listed} FROM stage_{table}"  # noqa: S608 - names of our own models
    await session.execute(text(statement))


async def upsert(
    session: AsyncSession, table: str, rows: Rows, *, key: Sequence[str], keep: Sequence[str] = (), only: str = "true"
) -> int:
    """Insert rows, whole and in the order of the model's columns, or overwrite those with the same key.

    `keep` names columns that an existing row keeps, `only` is the condition (of the code) under which it is
    overwritten. Returns how many rows were inserted or overwritten.
    """
    columns = columns_of(table)
    await stage(session, f"stage_{table}", f"LIKE {table}")
    await copy_rows(session, f"stage_{table}", columns, rows)
    listed = ", ".join(f'"{column}"' for column in columns)
    written = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in {*key, *keep})
    statement = (
        f"INSERT INTO {table} ({listed}) SELECT {listed} FROM stage_{table} "  # noqa: S608 - names of our own models
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {written} WHERE {only}"
    )
    result: Any = await session.execute(text(statement))
    return int(result.rowcount)
