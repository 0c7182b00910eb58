"""One furnished database of a worker in which many houses follow each other, swept after each.

A clone for each house takes Postgres 60 ms for its files alone, and whoever comes to it anew learns its tables and
plans again. So the clone and the connections to it stay, and what a test has left is deleted: whatever is in a table
that was furnished empty, and all of a furnished one whose rows are not those of then. A database whose tables were
altered, or that cannot be swept, is given up, and the next house gets a new one.
"""

import io
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

import asyncpg
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from guibin.core.database import make_engine, make_session_factory
from guibin.core.direct import DirectPool
from guibin.core.settings import Settings
from support.databases import Database, cloned_database
from support.house import PATIENCE, Furniture, House, Life, house_in, settings_in
from support.server import Server

MOST_HOUSES: Final = 60
"""After so many the dead rows, which nobody clears away, begin to show."""

_ALTERED: Final = "altered"
_TABLES: Final = (
    "SELECT c.relname, array_agg(quote_ident(a.attname) ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '')"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
    " GROUP BY c.relname ORDER BY c.relname"
)
_SEQUENCES: Final = (
    "SELECT string_agg(format('setval(%L, %s, %L)', s.sequencename, coalesce(s.last_value, s.start_value),"
    " s.last_value IS NOT NULL), ', ') FROM pg_sequences s WHERE s.schemaname = 'public'"
)
_WRITTEN: Final = "xmin::text::bigint >= $1"
_HAS_CHANGED: Final = (
    f"SELECT '{_ALTERED}' WHERE EXISTS"
    f" (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND {_WRITTEN})"
)
_UNSWEPT: Final = (
    asyncpg.LockNotAvailableError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.InterfaceError,
    OSError,
)
"""What a test may have left behind that is in the way: a lock, or no connection any more."""

_NOW: Final = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"


@dataclass(frozen=True)
class _Table:
    """A table, and the rows with which it was furnished in the form of COPY."""

    name: str
    columns: Sequence[str]
    count: int
    rows: bytes


async def _copied(connection: asyncpg.Connection, name: str, columns: Sequence[str]) -> _Table:
    rows, listed = io.BytesIO(), ", ".join(columns)
    copied = await connection.copy_from_query(f'SELECT {listed} FROM "{name}"', output=rows, format="binary")
    names = [column.strip('"') for column in columns]
    return _Table(name, names, int(copied.removeprefix("COPY ")), rows.getvalue())


def _differs(table: _Table) -> str:
    """Ask for a table's name if it is not as it was furnished."""
    if table.count:
        return f"SELECT '{table.name}' FROM \"{table.name}\" HAVING count(*) <> {table.count} OR bool_or({_WRITTEN})"
    return f"SELECT '{table.name}' WHERE EXISTS (SELECT FROM \"{table.name}\")"


@dataclass
class _Broom:
    """Finds what differs from the furnished database and puts it right, past all triggers and policies."""

    connection: asyncpg.Connection
    furnished: dict[str, _Table]
    differing: asyncpg.prepared_stmt.PreparedStatement
    sequences: str
    since: int

    @classmethod
    async def of(cls, connection: asyncpg.Connection) -> "_Broom":
        """Look at a database as it was furnished."""
        await connection.execute("SET lock_timeout = '3s'; SET plan_cache_mode = force_generic_plan")
        tables = [await _copied(connection, name, columns) for name, columns in await connection.fetch(_TABLES)]
        differing = await connection.prepare(" UNION ALL ".join([_HAS_CHANGED, *map(_differs, tables)]))
        sequences = await connection.fetchval(_SEQUENCES)
        furnished = {table.name: table for table in tables if table.count}
        return cls(connection, furnished, differing, sequences, await connection.fetchval(_NOW))

    async def sweep(self) -> bool:
        """Make the database what it was; False when that cannot be done."""
        differing = [name for (name,) in await self.differing.fetch(self.since)]
        if _ALTERED in differing:
            return False
        async with self.connection.transaction():
            deletes = "; ".join(f'DELETE FROM "{name}"' for name in differing)
            await self.connection.execute(
                f"SET LOCAL session_replication_role = replica; {deletes}; SELECT {self.sequences}"
            )
            for name in differing:
                if (table := self.furnished.get(name)) is not None:
                    await self.connection.copy_to_table(
                        name, source=io.BytesIO(table.rows), columns=table.columns, format="binary"
                    )
        self.since = await self.connection.fetchval(_NOW)
        return True


@dataclass
class _Kept:
    """A database with the connections that stay open to it."""

    database: Database
    broom: _Broom
    owner: AsyncEngine
    settings: Settings
    ports: dict[str, tuple[AsyncEngine, DirectPool]] = field(default_factory=dict)
    houses: int = 0

    @property
    def is_quiet(self) -> bool:
        """Whether every connection is back: one that a test has kept may still be about to write."""
        engines = [self.owner, *(engine for engine, _ in self.ports.values())]
        return not any(engine.pool.checkedout() for engine in engines)  # type: ignore[attr-defined]


class Lodging:
    """Where a worker's houses stand, one after the other."""

    def __init__(self, server: Server, worker_name: str, furniture: Furniture, cloner: asyncpg.Connection) -> None:
        """Make nothing yet: many workers need no house."""
        self._server = server
        self._worker = worker_name
        self._furniture = furniture
        self._cloner = cloner
        self._numbers = itertools.count(1)
        self._stack = AsyncExitStack()
        self._kept: _Kept | None = None

    @asynccontextmanager
    async def house(self) -> AsyncIterator[House]:
        """Lend the house, as furnished."""
        kept = self._kept or await self._open()
        kept.houses += 1
        try:
            sessions = make_session_factory(kept.owner)
            yield house_in(kept.database, self._furniture, sessions, kept.settings.model_copy())
        finally:
            await self._clear(kept)

    def life(self, app: FastAPI, house: House, *, database_url: str) -> Life:
        """Return the life of an application in the house that is lent, on connections that outlast it."""
        made = replace(app.state.life, settings=house.settings, database_url=database_url)

        @asynccontextmanager
        async def life(app: FastAPI) -> AsyncIterator[None]:
            engine, direct = await self._connections(made)
            async with made.serving(app, engine, direct):
                yield

        return life

    async def close(self) -> None:
        """Give the database up."""
        self._kept = None
        stack, self._stack = self._stack, AsyncExitStack()
        await stack.aclose()

    async def _open(self) -> _Kept:
        name = f"lodging_{self._worker}_{next(self._numbers)}"
        database = await self._stack.enter_async_context(
            cloned_database(
                self._server, name, template=self._furniture.template, cloner=self._cloner, patience=f"{PATIENCE}s"
            )
        )
        connection = await asyncpg.connect(database.admin_url)
        self._stack.push_async_callback(connection.close)
        owner = make_engine(database.owner_url, pool_size=2, application="guibin-tests")
        self._stack.push_async_callback(owner.dispose)
        self._kept = _Kept(database, await _Broom.of(connection), owner, settings_in(database, self._furniture))
        return self._kept

    async def _connections(self, life: Any) -> tuple[AsyncEngine, DirectPool]:
        kept = self._kept
        if kept is None:
            raise LookupError("no house is lent")
        if life.database_url not in kept.ports:
            kept.ports[life.database_url] = await self._stack.enter_async_context(life.connected())
        return kept.ports[life.database_url]

    async def _clear(self, kept: _Kept) -> None:
        try:
            swept = kept.is_quiet and kept.houses < MOST_HOUSES and await kept.broom.sweep()
        except _UNSWEPT:
            swept = False
        if not swept:
            await self.close()
