"""Wrap every data key with the current key-encryption key while the services go on: a batch is a short transaction.

What is done is told by the data keys themselves, so a run that was killed is taken up by the next one. A key that
somebody else writes meanwhile is left as it is: whoever wrote it wrapped it.
"""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.security.ciphers import KeyRing, WrappedKey
from guibin_tools.roles import Role
from guibin_tools.sessions import open_keys, sessions_as
from guibin_tools.settings import OperatorSettings

BATCH = 1_000
_FIRST = UUID(int=0)

Progress = Callable[[str, int], None]


async def rewrap_all(settings: OperatorSettings, *, progress: Progress) -> dict[str, int]:
    """Wrap the data keys of every table again; returns by table how many there were to wrap.

    `progress` is told the table and how many of its keys are done, after each batch.

    Raises:
        DecryptionFailed: a data key that these keys do not open; those before it are done.
    """
    keys = open_keys(settings)
    done: dict[str, int] = {}
    async with sessions_as(Role.OWNER, settings) as factory:
        async with factory() as session:
            tables = await _tables_with_data_keys(session)
        for table in tables:
            done[table], after = 0, _FIRST
            while True:
                async with factory() as session, session.begin():
                    batch = await _read_batch(session, table, keys, after)
                    done[table] += await _write_batch(session, table, keys, batch)
                if not batch:
                    break
                after = batch[-1][0]
                progress(table, done[table])
    return done


async def _tables_with_data_keys(session: AsyncSession) -> list[str]:
    """Ask the database itself: a table that is new to this program is not forgotten."""
    query = text(
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'data_key' ORDER BY table_name"
    )
    return [row[0] for row in await session.execute(query)]


async def _read_batch(session: AsyncSession, table: str, keys: KeyRing, after: UUID) -> list[tuple[UUID, bytes]]:
    query = text(
        f"SELECT id, data_key FROM {table}"  # noqa: S608 - the name of a table of ours
        " WHERE id > :after AND data_key IS NOT NULL AND substring(data_key FROM 3 FOR 2) <> :current"
        " ORDER BY id LIMIT :limit"
    )
    rows = await session.execute(query, {"after": after, "current": keys.current_mark, "limit": BATCH})
    return [(row[0], row[1]) for row in rows]


async def _write_batch(session: AsyncSession, table: str, keys: KeyRing, batch: list[tuple[UUID, bytes]]) -> int:
    if not batch:
        return 0
    statement = text(f"UPDATE {table} SET data_key = :new WHERE id = :id AND data_key = :old")  # noqa: S608 - as above
    values = [{"id": row, "old": old, "new": keys.wrap_again(WrappedKey(old), row)} for row, old in batch]
    await session.execute(statement, values)
    return len(batch)
