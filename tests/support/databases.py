"""Databases of a test's own: clones of the migrated template."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from guibin_tools.roles import Role, access_statements
from support.server import Server

_WAITING = (Role.CUSTOMER, Role.BANK)


@dataclass(frozen=True)
class Database:
    """A really committed database: one URL per role, and the superuser's in asyncpg's own form."""

    name: str
    owner_url: str
    customer_url: str
    bank_url: str
    worker_url: str
    admin_url: str

    @property
    def urls(self) -> dict[str, Any]:
        """The four URLs under the names of the fields of settings."""
        return {
            "database_url": self.owner_url,
            "customer_database_url": self.customer_url,
            "bank_database_url": self.bank_url,
            "worker_database_url": self.worker_url,
        }

    @property
    def environment(self) -> dict[str, str]:
        """The four URLs under the names of their settings, for a child process."""
        return {f"GUIBIN_{name.upper()}": url for name, url in self.urls.items()}


@asynccontextmanager
async def cloned_database(
    server: Server,
    name: str,
    *,
    template: str | None = None,
    cloner: asyncpg.Connection | None = None,
    patience: str | None = None,
) -> AsyncIterator[Database]:
    """Clone a template (the migrated one) under a name, and drop the clone at the end, whoever is still connected.

    Without a cloner, who makes and drops many, a connection is opened for this one. `patience` is how long the ports
    wait for a lock there instead of the three seconds after which a customer is told to come again.
    """
    async with AsyncExitStack() as stack:
        if cloner is None:
            cloner = await asyncpg.connect(server.admin_url)
            stack.push_async_callback(cloner.close)
        await cloner.execute(
            f'CREATE DATABASE "{name}" OWNER {Role.OWNER} TEMPLATE "{template or server.template}" STRATEGY file_copy'
        )
        stack.push_async_callback(cloner.execute, f'DROP DATABASE "{name}" WITH (FORCE)')
        await cloner.execute("; ".join([*access_statements(name), *_patience_statements(name, patience)]))
        yield _describe(server, name)


def _patience_statements(name: str, patience: str | None) -> list[str]:
    roles = _WAITING if patience else ()
    return [f"ALTER ROLE {role} IN DATABASE \"{name}\" SET lock_timeout = '{patience}'" for role in roles]


def _describe(server: Server, name: str) -> Database:
    urls = server.urls(name)
    return Database(
        name=name,
        owner_url=urls.owner,
        customer_url=urls.customer,
        bank_url=urls.bank,
        worker_url=urls.worker,
        admin_url=server.admin_url.removesuffix("/postgres") + f"/{name}",
    )
