"""The database that a command works on: the embedded server's, or the one that the settings name."""

import asyncio
from dataclasses import dataclass

from guibin_tools.connections import connected
from guibin_tools.errors import OperatorError
from guibin_tools.postgres.cluster import HOST, Cluster, is_answering, open_cluster
from guibin_tools.roles import (
    URL_SETTINGS,
    Role,
    RoleUrls,
    administrator_script,
    derive_urls,
    ensure_roles,
    missing_roles,
)
from guibin_tools.settings import OperatorSettings


@dataclass(frozen=True)
class RunDatabase:
    """The four URLs, a sentence for the operator, and the server when it is ours to stop."""

    urls: RoleUrls
    sentence: str
    cluster: Cluster | None = None
    port: int = 0

    def is_lost(self) -> bool:
        """Say whether the embedded server no longer answers."""
        return self.cluster is not None and not is_answering(self.port)

    def stop(self) -> None:
        """Stop the embedded server; a server that is not ours is left alone."""
        if self.cluster is not None:
            self.cluster.stop()


def embedded_cluster(settings: OperatorSettings) -> Cluster:
    """Describe the embedded server of these settings."""
    return open_cluster(settings.effective_pg_data, pg_bin=settings.pg_bin)


def embedded_urls(cluster: Cluster, port: int) -> RoleUrls:
    """Return the four URLs of the embedded server."""
    return derive_urls(HOST, port, cluster.password)


def start_embedded(settings: OperatorSettings) -> RunDatabase:
    """Start or adopt the embedded server."""
    cluster = embedded_cluster(settings)
    running = cluster.start(settings.pg_port)
    how = "adopted, it was running" if running.adopted else "started"
    sentence = f"Postgres {how} on {HOST}:{running.port}, data in {cluster.data}"
    return RunDatabase(embedded_urls(cluster, running.port), sentence, cluster, running.port)


def given_database(settings: OperatorSettings) -> RunDatabase:
    """Return the database of the four settings.

    Raises:
        OperatorError: one of the four is missing.
    """
    return RunDatabase(given_urls(settings), "Postgres of GUIBIN_DATABASE_URL")


def database_at_hand(settings: OperatorSettings) -> RunDatabase:
    """Return the embedded server of this checkout if it runs and no URL is set, else the database of the settings.

    Raises:
        OperatorError: one of the four settings is missing.
    """
    if not any(_given(role, settings) for role in Role) and settings.effective_pg_data.parent.exists():
        cluster = embedded_cluster(settings)
        if (port := cluster.running_port()) is not None:
            return RunDatabase(embedded_urls(cluster, port), "the embedded Postgres", cluster, port)
    return given_database(settings)


def given_urls(settings: OperatorSettings) -> RoleUrls:
    """Return the four URLs of the settings. Raises OperatorError when one is missing."""
    values = {role: _given(role, settings) for role in Role}
    if missing := [URL_SETTINGS[role] for role, url in values.items() if not url]:
        raise OperatorError(f"With a database of your own all four URLs are needed; missing: {', '.join(missing)}.")
    owner, customer, bank, worker = (values[role] or "" for role in Role)
    return RoleUrls(owner, customer, bank, worker)


def put_roles(database: RunDatabase, settings: OperatorSettings) -> str:
    """Make the roles where we may, check them where we may not; return what was done in a sentence."""
    if database.cluster is not None:
        asyncio.run(ensure_roles(database.cluster.superuser_url(database.port), database.urls))
        return "Database roles are in place"
    return asyncio.run(_put_given_roles(database.urls, settings))


async def _put_given_roles(urls: RoleUrls, settings: OperatorSettings) -> str:
    admin = settings.admin_database_url or urls.owner
    setting = "GUIBIN_ADMIN_DATABASE_URL" if settings.admin_database_url else URL_SETTINGS[Role.OWNER]
    async with connected(admin, setting) as connection:
        allowed = await connection.fetchval(
            "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        missing = await missing_roles(connection)
    if allowed:
        await ensure_roles(admin, urls)
        return "Database roles are in place"
    if missing:
        raise OperatorError(
            f"The roles {', '.join(missing)} are missing and we may not make them; an administrator runs this:\n\n"
            f"{administrator_script(urls)}"
        )
    for role in Role:
        async with connected(urls.of(role), URL_SETTINGS[role]):
            pass
    return "Database roles are there; an administrator keeps them"


def url_for(role: Role, settings: OperatorSettings) -> str:
    """Return the URL of a role: the setting's, else that of the embedded server if it runs.

    Raises:
        OperatorError: neither is there.
    """
    if (given := _given(role, settings)) is not None:
        return given
    if settings.effective_pg_data.parent.exists():
        cluster = embedded_cluster(settings)
        if (port := cluster.running_port()) is not None:
            return embedded_urls(cluster, port).of(role)
    raise OperatorError(f"No database runs here: start one with `guibin up`, or set {URL_SETTINGS[role]}.")


def _given(role: Role, settings: OperatorSettings) -> str | None:
    return {
        Role.OWNER: settings.database_url,
        Role.CUSTOMER: settings.customer_database_url,
        Role.BANK: settings.bank_database_url,
        Role.WORKER: settings.worker_database_url,
    }[role]
