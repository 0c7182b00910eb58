"""What must hold before a port serves: the database's role, schema and durability, and the settings of the profile."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from guibin.core.settings import Profile, Settings
from guibin.web.safety import unsafe_settings
from guibin.web.token_sources import unsafe_in_production

OWNER: Final = "guibin_owner"

_ROLE: Final = text(
    "SELECT role.rolname AS name, role.rolsuper OR role.rolbypassrls OR role.rolcreaterole AS above_the_law, EXISTS ("
    " SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'"
    " AND c.relkind IN ('r', 'p', 'v', 'm') AND pg_has_role(role.oid, c.relowner, 'MEMBER')) AS owns_tables"
    " FROM pg_roles role WHERE role.rolname = current_user"
)
_SCHEMA: Final = text("SELECT version_num FROM alembic_version")
_DURABILITY: Final = text(
    "SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')"
)


class StartRefused(Exception):  # noqa: N818 - reads as the sentence that the operator sees
    """The process must not serve like this; the message says why."""


def check_settings(settings: Settings) -> None:
    """Refuse, in production, what belongs to a development run or lets strangers in.

    Raises:
        StartRefused: with the names of the settings and the reasons.
    """
    if settings.profile is Profile.PRODUCTION:
        _refuse(dict.fromkeys(unsafe_in_production(settings), "belongs to a development run"))
        _refuse(unsafe_settings(settings))


def check_worker_settings(settings: Settings) -> None:
    """Refuse, in production, what the worker must not run with; it takes no tokens.

    Raises:
        StartRefused: with the names of the settings and the reasons.
    """
    if settings.profile is Profile.PRODUCTION:
        _refuse(unsafe_settings(settings))


def _refuse(unsafe: dict[str, str]) -> None:
    if unsafe:
        named = ", ".join(f"GUIBIN_{name.upper()} {reason}" for name, reason in unsafe.items())
        raise StartRefused(f"the production profile refuses these settings: {named}")


async def check_role(engine: AsyncEngine) -> None:
    """Refuse a database role that could do more than a service may.

    Raises:
        StartRefused: the owner, a superuser, or a role that owns tables, may act as their owner, makes roles or passes
            row-level policies.
    """
    async with engine.connect() as connection:
        role = (await connection.execute(_ROLE)).one()
    if role.name == OWNER or role.above_the_law or role.owns_tables:
        raise StartRefused(f"the database role {role.name} may do more than a service may")


async def failed_checks(engine: AsyncEngine, *, schema_version: str | None, profile: Profile) -> list[str]:
    """Return which of `role`, `schema` and `durability` fail; an empty list means ready.

    Raises:
        OSError, DBAPIError: the database is not there.
    """
    failed = []
    async with engine.connect() as connection:
        role = (await connection.execute(_ROLE)).one()
        if role.name == OWNER or role.above_the_law or role.owns_tables:
            failed.append("role")
        if schema_version is not None and await _schema_version(connection) != schema_version:
            failed.append("schema")
        if profile is Profile.PRODUCTION and "off" in (await connection.execute(_DURABILITY)).one():
            failed.append("durability")
    return failed


async def _schema_version(connection: AsyncConnection) -> str | None:
    version: str | None = (await connection.execute(_SCHEMA)).scalar_one_or_none()
    return version
