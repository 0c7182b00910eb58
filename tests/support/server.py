"""The one Postgres server of a test run.

It is started by whoever needs it first, in the folder of the run, and stopped by the process that opened the run. A
part of the suite that needs no database therefore starts none. Migrations take longest, and come out the same each
time: the first run keeps its server, stopped, with the checkout's other state, and later ones begin with a copy of it.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from guibin_tools.migrations import INI_FILE
from guibin_tools.postgres.cluster import HOST, Cluster, open_cluster
from guibin_tools.roles import RoleUrls, derive_urls, ensure_roles
from guibin_tools.settings import child_environment

ROOT = Path(__file__).resolve().parents[2]
_PREFIX = "guibin-test-"
_KEPT = ROOT / ".guibin" / "tests"
_SHAPES_THE_SERVER = ("migrations/**/*.py", "migrations/**/*.sql", "tools/src/**/*.py", "requirements.lock")
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder with a random name of its own is made in it
_ENOUGH_BYTES = 2 << 30


@dataclass(frozen=True)
class Server:
    """The running server and the name of its migrated template database."""

    port: int
    secret: str
    admin_url: str
    template: str

    def urls(self, database: str) -> RoleUrls:
        """Return the four roles' URLs of a database."""
        return derive_urls(HOST, self.port, self.secret, database)


class TestRun:
    """The folder of one run of the suite; its lock is held for as long as the run lives."""

    __test__ = False

    def __init__(self) -> None:
        """Open the folder, after sweeping up what runs that were killed have left."""
        _sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=roomiest()))
        self.folder.chmod(0o711)  # the Postgres user has to pass through
        self._lock = (self.folder / "run.lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """Stop the server, if anybody started one, and delete the folder."""
        _discard(self.folder)
        self._lock.close()


def obtain_server(folder: Path) -> Server:
    """Return the server of a run, started and with its template migrated; the first caller does the work."""
    cluster = _cluster(folder)
    with _locked(folder / "server.lock"):
        if not cluster.data.exists() and not _take_kept(cluster):
            _make_template(_start(cluster))
            cluster.stop()
            _keep(cluster)
        return _start(cluster)


def _start(cluster: Cluster) -> Server:
    port = cluster.start().port
    return Server(port=port, secret=cluster.password, admin_url=cluster.superuser_url(port), template="template")


def _make_template(server: Server) -> None:
    urls = server.urls(server.template)
    asyncio.run(ensure_roles(server.admin_url, urls))
    if (ROOT / INI_FILE).exists():
        subprocess.run(
            [sys.executable, "-m", "guibin_tools", "migrate"],
            cwd=ROOT,
            env=child_environment(GUIBIN_DATABASE_URL=urls.owner),
            check=True,
        )


def _take_kept(cluster: Cluster) -> bool:
    """Begin with a copy of the stopped server that an earlier run has kept; say whether there was one."""
    kept = _KEPT / _shape()
    with contextlib.suppress(FileNotFoundError):
        _copy(kept / "password", cluster.password_file)
        _copy(kept / "data", cluster.data)
    return cluster.data.exists()


def _keep(cluster: Cluster) -> None:
    """Keep the stopped server for later runs, whole or not at all, instead of what older migrations made."""
    _KEPT.mkdir(parents=True, exist_ok=True)
    for older in _KEPT.iterdir():
        shutil.rmtree(older, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=_KEPT))
    _copy(cluster.password_file, draft / "password")
    _copy(cluster.data, draft / "data")
    with contextlib.suppress(OSError):  # another run was first
        draft.rename(_KEPT / _shape())


def _copy(source: Path, target: Path) -> None:
    """Copy with owners and modes: the data may belong to the Postgres user."""
    if not source.exists():
        raise FileNotFoundError(source)
    subprocess.run(["cp", "-a", "--", source, target], check=True)  # noqa: S603, S607 - both paths are ours


def _shape() -> str:
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _SHAPES_THE_SERVER for path in ROOT.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _cluster(folder: Path) -> Cluster:
    return open_cluster(folder / "pg", for_tests=True)


def _discard(folder: Path) -> None:
    if (folder / "server.lock").exists():
        _cluster(folder).remove()
    shutil.rmtree(folder, ignore_errors=True)


def roomiest() -> Path:
    """Return where runs live: in memory if there is room, which makes cloning a database ten times as fast."""
    if os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free >= _ENOUGH_BYTES:
        return _MEMORY
    return Path(tempfile.gettempdir())


def _sweep() -> None:
    """Discard the folders of runs of this user whose process is gone."""
    for folder in itertools.chain.from_iterable(
        place.glob(f"{_PREFIX}*") for place in (_MEMORY, Path(tempfile.gettempdir()))
    ):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid != os.geteuid():
                continue
            with (folder / "run.lock").open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _discard(folder)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
