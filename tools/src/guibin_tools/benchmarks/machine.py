"""Where a figure was measured, and a database that nobody else uses."""

import asyncio
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from guibin_tools import migrations
from guibin_tools.databases import embedded_urls
from guibin_tools.postgres.cluster import open_cluster
from guibin_tools.roles import ensure_roles
from guibin_tools.settings import OperatorSettings


def describe_machine() -> str:
    """Return cores, Python and system in one line."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"


@contextmanager
def fresh_database() -> Iterator[OperatorSettings]:
    """Hand out the settings of a migrated, empty database on a server of its own, with the settings of a real run."""
    with tempfile.TemporaryDirectory(prefix="guibin-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the Postgres user has to pass through
        cluster = open_cluster(folder / "pg")
        try:
            port = cluster.start().port
            urls = embedded_urls(cluster, port)
            asyncio.run(ensure_roles(cluster.superuser_url(port), urls))
            migrations.upgrade(urls.owner)
            yield OperatorSettings().model_copy(update={**urls.fields, "state_dir": folder / "state"})
        finally:
            cluster.remove()
