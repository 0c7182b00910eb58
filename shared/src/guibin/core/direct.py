"""The direct path to the database: asyncpg without a session, for the few calls that are one statement each.

The pool stands beside the engine and takes the same URL. Between two uses of a connection nothing is asked of Postgres,
so a statement may set something for its own transaction only: `set_config(..., true)`, no session lock, no LISTEN, no
temporary table. Time-outs hang on the database role, as for every other connection.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import asyncpg
from sqlalchemy import make_url
from sqlmodel.ext.asyncio.session import AsyncSession

IDLE_SECONDS: Final = 300
_OF_THE_ENGINE: Final = frozenset({"prepared_statement_cache_size", "prepared_statement_name_func"})


CountValues = tuple[bytes, list[str], list[datetime], list[int], datetime]
"""What the SQL function `rate_count` takes: whose call, names, ends and bounds of the limits, and the moment."""


class OrdinaryWay(Exception):  # noqa: N818 - named for where the call goes on
    """Nothing was written: the call is one of those that a session's unit of work answers."""


class Row(Protocol):
    """A row of a result, whose columns have names."""

    def __getitem__(self, name: str, /) -> Any:
        """Return the value of a column."""


class Asks(Protocol):
    """Runs one statement of asyncpg's form ($1, $2 ...): through the direct pool, or in a session's transaction."""

    async def row(self, statement: str, *values: object) -> Row | None:
        """Return the statement's first row, None when it has none."""


class _Connection(asyncpg.Connection):
    """A connection that comes back to the pool without a question to Postgres."""

    def get_reset_query(self) -> str:
        """Reset nothing: see the module."""
        return ""


class DirectPool:
    """A pool of asyncpg connections; each keeps the plans of its statements.

    How many work at once is bounded by the port's gate, for this pool and the engine's together. A connection whose use
    ended well is kept here for the next one: a turn through asyncpg's own pool is a task each time, and costs about
    as much as a short statement. Whatever else became of one, asyncpg's pool sees to it.
    """

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool
        self._kept: list[Any] = []
        self._waiting = 0

    async def row(self, statement: str, *values: object) -> Row | None:
        """Run one statement as a transaction of its own; returns its first row, or None.

        Raises:
            PostgresError, InterfaceError: the statement failed; nothing is done.
            OSError: the way to the database failed; a commit that was on its way may have arrived.
        """
        async with _Lent(self) as connection:
            row: Row | None = await connection.fetchrow(statement, *values)
            return row

    async def rows(self, statement: str, *values: object) -> Sequence[Row]:
        """Run one statement as `row` does; returns all its rows."""
        async with _Lent(self) as connection:
            rows: Sequence[Row] = await connection.fetch(statement, *values)
            return rows

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Asks]:
        """Run a few statements as one transaction; an exception rolls it back.

        Raises:
            PostgresError, InterfaceError, OSError: as `row`.
        """
        async with _Lent(self) as connection, connection.transaction():
            yield _Transaction(connection)

    async def take(self) -> Any:
        """Take a connection, one that is kept here first."""
        while self._kept:
            connection = self._kept.pop()
            if not _is_lost(connection):
                return connection
        self._waiting += 1
        try:
            return await self._pool.acquire()
        finally:
            self._waiting -= 1

    async def put_away(self, connection: Any, *, in_order: bool) -> None:
        """Keep a connection for whoever comes next, or give it back to asyncpg's pool: broken, or waited for there."""
        if in_order and not self._waiting and not _is_lost(connection):
            self._kept.append(connection)
        else:
            await self._pool.release(connection)

    async def give_back(self) -> None:
        """Give all connections that are kept here back to asyncpg's pool, which closes them in its time."""
        kept, self._kept = self._kept, []
        for connection in kept:
            await self._pool.release(connection)


class _Lent:
    """A connection that is lent; one that breaks in use is an OSError, whatever the driver was doing when it noticed.

    The driver tells a server that went away by errors of its own use (closed) or of its state (still in another
    operation), depending on which step of a statement met it.
    """

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: DirectPool) -> None:
        self._pool = pool

    async def __aenter__(self) -> Any:
        self._connection = await self._pool.take()
        return self._connection

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        lost = isinstance(error, asyncpg.InterfaceError) and _is_lost(self._connection)
        # After an error of its own the server waits for the next statement.
        in_order = error is None or isinstance(error, asyncpg.PostgresError)
        await self._pool.put_away(self._connection, in_order=in_order)
        if lost or isinstance(error, asyncpg.InternalClientError):
            raise ConnectionResetError(str(error)) from error


def _is_lost(connection: Any) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True  # the pool has noticed first, and taken it back


@dataclass(frozen=True, slots=True)
class _Transaction:
    connection: Any

    async def row(self, statement: str, *values: object) -> Row | None:
        row: Row | None = await self.connection.fetchrow(statement, *values)
        return row


@dataclass(frozen=True, slots=True)
class InSession:
    """Asks in the transaction of a unit of work: what the session holds back is written first."""

    session: AsyncSession

    async def row(self, statement: str, *values: object) -> Row | None:
        """Run a statement in the session's transaction; None when it has no row."""
        await self.session.flush()
        connection = await self.session.connection()
        return (await connection.exec_driver_sql(statement, values)).mappings().first()


@asynccontextmanager
async def open_direct_pool(url: str, *, size: int, application: str) -> AsyncIterator[DirectPool]:
    """Open the pool for an engine's URL; connections are made when they are needed and dropped when long idle."""
    pool = asyncpg.create_pool(
        **_arguments(url),
        connection_class=_Connection,
        min_size=0,
        max_size=size,
        max_inactive_connection_lifetime=IDLE_SECONDS,
        server_settings={"application_name": application, "timezone": "UTC"},
    )
    async with pool:
        direct = DirectPool(pool)
        resting = asyncio.create_task(_let_rest(direct))
        try:
            yield direct
        finally:
            resting.cancel()
            await direct.give_back()


async def _let_rest(direct: DirectPool) -> None:
    """Give back what is kept from time to time, so that what a busy hour needed is not held for ever."""
    while True:
        await asyncio.sleep(IDLE_SECONDS)
        await direct.give_back()


def _arguments(url: str) -> dict[str, Any]:
    """Return what the engine would hand to asyncpg, so that host, TLS and the rest of a URL mean the same here."""
    parsed = make_url(url)
    _, arguments = parsed.get_dialect()().create_connect_args(parsed)
    return {name: value for name, value in arguments.items() if name not in _OF_THE_ENGINE}
