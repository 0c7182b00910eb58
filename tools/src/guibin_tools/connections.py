"""Connecting to a database that may be dead, wrong or closed: each trouble is one sentence."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from guibin_tools.errors import OperatorError

_PATIENCE_SECONDS = 5


@asynccontextmanager
async def connected(url: str, setting: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """Connect to the database that a setting names.

    Args:
        url: the setting's value, a SQLAlchemy or asyncpg URL.
        setting: its name, for the sentence.

    Raises:
        OperatorError: the value is no URL, nobody answers, the role is refused, or the database is not there.
    """
    try:
        parts = make_url(url)
    except ArgumentError as error:
        raise OperatorError(
            f"{setting} is not a database URL (postgresql+asyncpg://ROLE:PASSWORD@HOST/NAME)."
        ) from error
    place = f"{parts.host or 'localhost'}:{parts.port or 5432}"
    target = parts.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        connection = await asyncpg.connect(target, timeout=_PATIENCE_SECONDS)
    except asyncpg.InvalidCatalogNameError as error:
        raise OperatorError(f"There is no database {parts.database} at {place}.") from error
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise OperatorError(f"The database at {place} refuses the role {parts.username} of {setting}.") from error
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise OperatorError(f"The database of {setting} at {place} does not answer: {error or 'no reply'}.") from error
    try:
        yield connection
    finally:
        await connection.close()
