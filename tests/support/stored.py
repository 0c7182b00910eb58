"""Where values stand in clear in the database: as text, as the bytes of a bytea, in base 64, in another encoding."""

import base64
from collections.abc import Collection, Iterator

from sqlalchemy import text

from support.house import House

_FEWEST_ROWS = 100


async def stored_in_clear(house: House, secrets: Collection[str]) -> list[tuple[str, str]]:
    """Return which table holds which value."""
    found, rows_read = [], 0
    wanted = {value: tuple(forms(value)) for value in secrets}
    async with house.sessions() as session:
        tables = await session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        for (table,) in tables.all():
            rows = await session.execute(text(f'SELECT t::text FROM "{table}" t'))
            for (row,) in rows:
                rows_read += 1
                found += [(table, value) for value, written in wanted.items() if any(form in row for form in written)]
    assert rows_read > _FEWEST_ROWS
    return found


def forms(value: str) -> Iterator[str]:
    """Yield the ways in which a value could stand in a row."""
    yield value
    for encoded in (value.encode(), value.encode("gb18030"), value.encode("utf-16-le")):
        yield encoded.hex()
        yield base64.b64encode(encoded).decode().rstrip("=")
