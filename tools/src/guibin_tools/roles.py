"""The four database roles: who they are, their time-outs, and the SQL that makes them.

Roles belong to a whole server and a migration to one database, so roles are made here and migrations only GRANT.
Time-outs hang on the role: a setting of a database is not copied to its clones, one of a session is lost in a pool.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import asyncpg
from sqlalchemy.engine import URL, make_url

from guibin_tools.errors import OperatorError

DATABASE = "guibin"
EXTENSIONS = ("btree_gist",)
_SCRAM_ROUNDS = 4096


class Role(StrEnum):
    """The roles of the database; the owner migrates, the others serve."""

    OWNER = "guibin_owner"
    CUSTOMER = "guibin_customer"
    BANK = "guibin_bank"
    WORKER = "guibin_worker"


_TIMEOUTS: Mapping[Role, Mapping[str, str]] = {
    Role.OWNER: {"lock_timeout": "30s", "statement_timeout": "0", "idle_in_transaction_session_timeout": "10min"},
    Role.CUSTOMER: {"lock_timeout": "3s", "statement_timeout": "30s", "idle_in_transaction_session_timeout": "60s"},
    Role.BANK: {"lock_timeout": "3s", "statement_timeout": "30s", "idle_in_transaction_session_timeout": "60s"},
    Role.WORKER: {"lock_timeout": "30s", "statement_timeout": "0", "idle_in_transaction_session_timeout": "10min"},
}


@dataclass(frozen=True)
class RoleUrls:
    """The URLs of the four roles, in SQLAlchemy's form with asyncpg as the driver."""

    owner: str
    customer: str
    bank: str
    worker: str

    def of(self, role: Role) -> str:
        """Return the URL of a role."""
        return {
            Role.OWNER: self.owner,
            Role.CUSTOMER: self.customer,
            Role.BANK: self.bank,
            Role.WORKER: self.worker,
        }[role]

    @property
    def fields(self) -> dict[str, str]:
        """The four URLs under the names of the settings' fields."""
        return {name.removeprefix("GUIBIN_").lower(): url for name, url in self.environment.items()}

    @property
    def environment(self) -> dict[str, str]:
        """The four URLs under the names of their settings."""
        return {setting: self.of(role) for role, setting in URL_SETTINGS.items()}


URL_SETTINGS: Mapping[Role, str] = {
    Role.OWNER: "GUIBIN_DATABASE_URL",
    Role.CUSTOMER: "GUIBIN_CUSTOMER_DATABASE_URL",
    Role.BANK: "GUIBIN_BANK_DATABASE_URL",
    Role.WORKER: "GUIBIN_WORKER_DATABASE_URL",
}


def derive_urls(host: str, port: int, secret: str, database: str = DATABASE) -> RoleUrls:
    """Return the four URLs of a server of our own; the passwords follow from its superuser's, so nothing is stored."""

    def url(role: Role) -> str:
        digest = hmac.new(secret.encode(), role.value.encode(), hashlib.sha256).digest()
        password = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        made = URL.create("postgresql+asyncpg", role.value, password, host, port, database)
        return made.render_as_string(hide_password=False)

    return RoleUrls(url(Role.OWNER), url(Role.CUSTOMER), url(Role.BANK), url(Role.WORKER))


def driver_url(url: str, database: str | None = None) -> str:
    """Return a URL in the form that asyncpg itself takes, on another database if one is named."""
    parts = make_url(url).set(drivername="postgresql")
    if database is not None:
        parts = parts.set(database=database)
    return parts.render_as_string(hide_password=False)


async def ensure_roles(admin_url: str, urls: RoleUrls) -> None:
    """Make or mend the four roles, the database and its extensions; repeatable.

    Args:
        admin_url: URL of a role that may create roles and databases, on any database of the server.
        urls: where the roles will connect, with their passwords; the database is the one that the owner's URL names.

    Raises:
        OperatorError: two of the URLs name different databases or no password.
    """
    database = _common_database(urls)
    connection = await asyncpg.connect(driver_url(admin_url))
    try:
        for role in Role:
            exists = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role.value)
            for statement in role_statements(role, _verifier(_password(urls, role)), exists=bool(exists)):
                await connection.execute(statement)
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", database):
            await connection.execute(create_database_statement(database))
        for statement in access_statements(database):
            await connection.execute(statement)
    finally:
        await connection.close()
    inside = await asyncpg.connect(driver_url(admin_url, database))
    try:
        for name in EXTENSIONS:
            await inside.execute(extension_statement(name))
    finally:
        await inside.close()


async def missing_roles(connection: "asyncpg.Connection[asyncpg.Record]") -> list[Role]:
    """Return the roles that a server does not have yet."""
    rows = await connection.fetch("SELECT rolname FROM pg_roles WHERE rolname LIKE 'guibin%'")
    present = {row["rolname"] for row in rows}
    return [role for role in Role if role.value not in present]


def administrator_script(urls: RoleUrls) -> str:
    """Return the SQL that an administrator has to run where we may not; passwords are left for the administrator."""
    database = _common_database(urls)
    lines = [
        "-- Run this once in psql as a superuser; it asks for no password and shows none:",
        "-- set the passwords of the four URLs afterwards with \\password ROLE.",
    ]
    for role in Role:
        lines += [f"{statement};" for statement in role_statements(role, None, exists=False)]
    lines.append(f"{create_database_statement(database)};")
    lines += [f"{statement};" for statement in access_statements(database)]
    lines.append(f"\\connect {database}")
    lines += [f"{extension_statement(name)};" for name in EXTENSIONS]
    return "\n".join(lines)


def role_statements(role: Role, verifier: str | None, *, exists: bool) -> list[str]:
    """Return the statements that make or mend one role; only the verifier of a password reaches the server's logs."""
    password = f" PASSWORD '{verifier}'" if verifier else ""
    verb = "ALTER" if exists else "CREATE"
    statements = [f"{verb} ROLE {role.value} LOGIN{password}"]
    statements += [f"ALTER ROLE {role.value} SET {name} = '{value}'" for name, value in _TIMEOUTS[role].items()]
    return [*statements, f"ALTER ROLE {role.value} SET timezone = 'UTC'"]


def create_database_statement(database: str) -> str:
    """Return the statement that makes the database, owned by the role that migrates it."""
    return f'CREATE DATABASE "{database}" OWNER {Role.OWNER.value}'


def access_statements(database: str) -> list[str]:
    """Return who may connect to a database; the access list is not copied to a clone, so a clone needs this again."""
    services = f"{Role.CUSTOMER.value}, {Role.BANK.value}, {Role.WORKER.value}"
    return [
        f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC',
        f'GRANT CONNECT ON DATABASE "{database}" TO {services}',
        f'GRANT TEMPORARY ON DATABASE "{database}" TO {Role.BANK.value}, {Role.WORKER.value}',
    ]


def extension_statement(name: str) -> str:
    """Return the statement that puts an extension into the current database."""
    return f"CREATE EXTENSION IF NOT EXISTS {name}"


def _common_database(urls: RoleUrls) -> str:
    names = {make_url(urls.of(role)).database for role in Role}
    if len(names) != 1 or not (name := names.pop()) or '"' in name:
        raise OperatorError("The four database URLs must name one and the same database.")
    return name


def _password(urls: RoleUrls, role: Role) -> str:
    url = make_url(urls.of(role))
    if url.username != role.value or url.password is None:
        raise OperatorError(f"{URL_SETTINGS[role]} must name the role {role.value} and its password.")
    return str(url.password)


def _verifier(password: str) -> str:
    """Return what Postgres stores of a password (RFC 5803): the password itself never leaves this process."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _SCRAM_ROUNDS)
    client = hmac.new(salted, b"Client Key", hashlib.sha256).digest()
    server = hmac.new(salted, b"Server Key", hashlib.sha256).digest()
    stored, salt64, server64 = (
        base64.b64encode(part).decode() for part in (hashlib.sha256(client).digest(), salt, server)
    )
    return f"SCRAM-SHA-256${_SCRAM_ROUNDS}:{salt64}${stored}:{server64}"
