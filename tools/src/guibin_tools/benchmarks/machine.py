"""Where a figure was measured, and a database that nobody else uses."""

import asyncio
import os
import platform
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from guibin_tools import migrations
from guibin_tools.databases import embedded_urls
from guibin_tools.postgres.cluster import NO_SETTINGS, open_cluster
from guibin_tools.roles import ensure_roles
from guibin_tools.settings import OperatorSettings

_MEGABYTE: Final = 1 << 20


def describe_machine() -> str:
    """Return cores, Python and system in one line."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"


def server_of_a_large_bank() -> Mapping[str, str]:
    """Return the settings of a server with a large bank's data; the embedded one's defaults are for a laptop.

    A quarter of the memory is the server's own, as Postgres advises (`shared_buffers` in its documentation).
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "shared_buffers": f"{memory // 4 // _MEGABYTE}MB",
        "effective_cache_size": f"{memory // 2 // _MEGABYTE}MB",
        "work_mem": "64MB",
        "maintenance_work_mem": "512MB",
        "max_wal_size": "8GB",
    }


@contextmanager
def fresh_database(more: Mapping[str, str] = NO_SETTINGS) -> Iterator[OperatorSettings]:
    """Hand out the settings of a migrated, empty database on a server of its own, with the settings of a real run.

    `more` are settings of that server besides.
    """
    with tempfile.TemporaryDirectory(prefix="guibin-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the Postgres user has to pass through
        cluster = open_cluster(folder / "pg", more=more)
        try:
            port = cluster.start().port
            urls = embedded_urls(cluster, port)
            asyncio.run(ensure_roles(cluster.superuser_url(port), urls))
            migrations.upgrade(urls.owner)
            yield OperatorSettings().model_copy(update={**urls.fields, "state_dir": folder / "state"})
        finally:
            cluster.remove()
