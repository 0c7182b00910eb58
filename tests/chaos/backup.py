"""A base backup with its write-ahead log, and a server made from both as it was at an instant.

As an operator does it with any tool: `pg_backup_start`, a copy of the files, `pg_backup_stop`, an archive of the log.
"""

import asyncio
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from guibin_tools.postgres.cluster import Cluster, open_cluster

PATIENCE_SECONDS = 600
LEFT_OUT = shutil.ignore_patterns("postmaster.pid", "pg_wal", "server.log", "pgsql_tmp*")


@dataclass(frozen=True)
class Archive:
    """Where a server's finished pieces of log go, and where its base backup lies."""

    folder: Path

    @property
    def log(self) -> Path:
        """The folder of the pieces of log."""
        return self.folder / "log"

    @property
    def base(self) -> Path:
        """The folder of the base backup."""
        return self.folder / "base"


async def archive(cluster: Cluster, port: int, folder: Path) -> Archive:
    """Let a server keep its log in a folder from now on; it is started anew."""
    made = Archive(folder)
    made.log.mkdir(parents=True)
    _own(made.folder, like=cluster.data)
    with (cluster.data / "postgresql.conf").open("a") as file:
        file.write(f"\narchive_mode = on\narchive_command = 'cp %p {made.log}/%f'\n")
    await asyncio.to_thread(cluster.stop)
    await asyncio.to_thread(cluster.start, port)
    return made


async def back_up(cluster: Cluster, port: int, into: Archive) -> None:
    """Take a base backup while the server works."""
    connection = await asyncpg.connect(cluster.superuser_url(port))
    try:
        await connection.fetchval("SELECT pg_backup_start('drill', true)")
        await asyncio.to_thread(_copy, cluster.data, into.base)
        label = await connection.fetchval("SELECT labelfile FROM pg_backup_stop(true)")
    finally:
        await connection.close()
    (into.base / "backup_label").write_text(label)
    _own(into.base, like=cluster.data)


async def close_log(cluster: Cluster, port: int) -> None:
    """End the piece of log at hand, and wait until the archive has it."""
    connection = await asyncpg.connect(cluster.superuser_url(port))
    try:
        last = await connection.fetchval("SELECT pg_walfile_name(pg_switch_wal())")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (await connection.fetchval("SELECT last_archived_wal FROM pg_stat_archiver") or "") < last:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{last} does not reach the archive")
            await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def restore(lost: Cluster, source: Archive, *, until: datetime) -> tuple[Cluster, int]:
    """Make a server of an archive as all was at an instant; returns it and its port."""
    data = source.folder / "restored"
    await asyncio.to_thread(shutil.copytree, source.base, data)
    (data / "pg_wal").mkdir(exist_ok=True)
    (data / "recovery.signal").touch()
    with (data / "postgresql.conf").open("a") as file:
        file.write(
            f"\narchive_mode = off\nrestore_command = 'cp {source.log}/%f %p'\n"
            f"recovery_target_time = '{until.isoformat()}'\nrecovery_target_action = 'promote'\n"
        )
    _own(data, like=lost.data)
    data.chmod(0o700)
    shutil.copy(lost.password_file, data.with_name(f"{data.name}.password"))
    cluster = open_cluster(data)
    port = (await asyncio.to_thread(cluster.start)).port
    await _until_recovered(cluster.superuser_url(port))
    return cluster, port


async def _until_recovered(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with suppress(OSError, asyncpg.PostgresError):
            connection = await asyncpg.connect(url)
            try:
                if not await connection.fetchval("SELECT pg_is_in_recovery()"):
                    return
            finally:
                await connection.close()
        if time.monotonic() > deadline:
            raise TimeoutError("the server does not recover")
        await asyncio.sleep(0.1)


def _copy(source: Path, target: Path) -> None:
    """Copy the files of a working server: what goes while it is copied is made good by the log."""
    with suppress(shutil.Error):
        shutil.copytree(source, target, ignore=LEFT_OUT, symlinks=True)
    (target / "pg_wal").mkdir(exist_ok=True)


def _own(folder: Path, *, like: Path) -> None:
    """Give a folder and all in it to whom another one belongs."""
    owner = like.stat()
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
