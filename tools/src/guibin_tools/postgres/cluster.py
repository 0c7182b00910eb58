"""The life of one embedded Postgres server: made, started or adopted, stopped. Known by its data directory only."""

import fcntl
import secrets
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from guibin_tools.errors import OperatorError
from guibin_tools.postgres.binaries import (
    SYSTEM_STATE,
    Binaries,
    locate_binaries,
    make_system_state,
    reachable_binaries,
)
from guibin_tools.postgres.system_user import Finished, Runner, runner_for

HOST = "127.0.0.1"
SUPERUSER = "postgres"
_START_TRIES = 5
_LOG_LINES = 15
_BUILTIN_LOCALES_SINCE = 17
_PORT_LINE = 3

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "listen_addresses": HOST,
        "unix_socket_directories": "",
        "timezone": "UTC",
        "max_connections": "100",
        "shared_preload_libraries": "pg_stat_statements",
        "log_min_duration_statement": "500ms",
        "idle_in_transaction_session_timeout": "60s",
    }
)
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
TEST_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "autovacuum": "off",
        "scram_iterations": "1",
        "shared_preload_libraries": "",  # nobody reads the statistics of tests
        # Little disk, or memory: a test run may live in /dev/shm.
        "min_wal_size": "32MB",
        "max_wal_size": "128MB",
    }
)


@dataclass(frozen=True)
class Running:
    """A server that answers: its port, and whether it ran before we asked."""

    port: int
    adopted: bool


class Cluster:
    """One data directory and the server over it."""

    def __init__(
        self,
        data: Path,
        binaries: Binaries,
        runner: Runner,
        *,
        for_tests: bool = False,
        more: Mapping[str, str] = NO_SETTINGS,
    ) -> None:
        """Describe the cluster; nothing is made or started. Use `open_cluster` to find the three arguments."""
        self.data = data
        self.password_file = data.with_name(f"{data.name}.password")
        self._binaries = binaries
        self._runner = runner
        self._for_tests = for_tests
        self._more = more

    def program(self, name: str) -> Path:
        """Return the path of one of the server's programs."""
        return self._binaries.program(name)

    @property
    def password(self) -> str:
        """The superuser's password. Raises OperatorError when the cluster has not been made."""
        try:
            return self.password_file.read_text().strip()
        except FileNotFoundError as error:
            raise OperatorError(f"There is no password file {self.password_file} for the embedded server.") from error

    def superuser_url(self, port: int, database: str = "postgres") -> str:
        """Return the superuser's URL of a database, in the form that asyncpg takes."""
        return f"postgresql://{SUPERUSER}:{self.password}@{HOST}:{port}/{database}"

    def running_port(self) -> int | None:
        """Return the port of the running server, None when none runs.

        A process number in the pid file may have gone to another program since, so the port must answer as well.
        """
        if self._pg_ctl("status").code != 0:
            return None
        try:
            port = int((self.data / "postmaster.pid").read_text().splitlines()[_PORT_LINE])
        except (OSError, ValueError, IndexError):
            return None
        return port if is_answering(port) else None

    def start(self, port: int = 0) -> Running:
        """Start the server on a port (0: any free one), or adopt the one that runs over the same data.

        Raises:
            OperatorError: the port is taken, the data directory is not ours, or the server does not come up.
        """
        with self._alone():
            if (found := self.running_port()) is not None:
                return Running(found, adopted=True)
            self._initialise()
            if port and is_answering(port):
                raise OperatorError(
                    f"Port {port}, wanted by the embedded Postgres, is taken by another program: "
                    "stop that program or set GUIBIN_PG_PORT."
                )
            return Running(self._launch(port), adopted=False)

    def stop(self) -> bool:
        """Stop the server; say whether one ran.

        Raises:
            OperatorError: it does not end within a minute.
        """
        if not self.data.exists():
            return False
        with self._alone():
            if self._pg_ctl("status").code != 0:
                return False
            done = self._pg_ctl("stop", "-m", "fast", "-w", "-t", "60")
            if done.code != 0 and self.running_port() is not None:
                raise OperatorError(f"The embedded Postgres does not stop: {done.output}")
            return True

    def remove(self) -> None:
        """Stop the server and delete its data, password and lock."""
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)
        for path in (self.password_file, self._lock_file):
            path.unlink(missing_ok=True)

    @property
    def _lock_file(self) -> Path:
        return self.data.with_name(f"{self.data.name}.lock")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the cluster's lock: one start or stop at a time, over all processes."""
        try:
            self.data.parent.mkdir(parents=True, exist_ok=True)
            with self._lock_file.open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except PermissionError as error:
            raise OperatorError(
                f"{error.filename} cannot be written: run as its owner or set GUIBIN_STATE_DIR."
            ) from error

    def _pg_ctl(self, command: str, *options: str | Path) -> Finished:
        return self._runner.run([self.program("pg_ctl"), command, "-D", self.data, *options])

    def _initialise(self) -> None:
        """Make a missing cluster, beside its place and renamed at the end: a half-made one never counts."""
        if (self.data / "PG_VERSION").exists():
            return
        if self.data.exists() and any(self.data.iterdir()):
            raise OperatorError(f"{self.data} is neither empty nor a Postgres data directory: set GUIBIN_PG_DATA.")
        draft = self.data.with_name(f"{self.data.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._runner.take(draft)
        password = secrets.token_urlsafe(24)
        self._write_password(password)
        given = draft.with_name(f"{draft.name}.password")
        try:
            self._write_private(given, password, owned_by_runner=True)
            self._initdb(draft, given)
        finally:
            given.unlink(missing_ok=True)
        draft.rename(self.data)

    def _write_password(self, password: str) -> None:
        self._write_private(self.password_file, password, owned_by_runner=False)

    def _write_private(self, path: Path, text: str, *, owned_by_runner: bool) -> None:
        """Write a file that only its owner can read, from its first moment on."""
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)
        if owned_by_runner:
            self._runner.take(path)

    def _initdb(self, folder: Path, password: Path) -> None:
        locale = ["--locale=C.UTF-8"]
        if self._major_version() >= _BUILTIN_LOCALES_SINCE:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        authentication = ["--auth-local=scram-sha-256", "--auth-host=scram-sha-256", f"--pwfile={password}"]
        sync = ["--no-sync"] if self._for_tests else []
        options = ["-U", SUPERUSER, "--encoding=UTF8", *locale, "--data-checksums", *authentication, *sync]
        done = self._runner.run([self.program("initdb"), "-D", folder, *options])
        if done.code != 0:
            raise OperatorError(f"initdb could not make the database in {self.data}:\n{done.output}")

    def _major_version(self) -> int:
        words = self._runner.run([self.program("postgres"), "--version"]).output.split()
        number = next((word for word in words if word[0].isdigit()), "0")
        return int(number.split(".")[0])

    def _launch(self, port: int) -> int:
        """Start with patience: just after a kill -9 the children of the old server may still be dying."""
        log = self.data / "server.log"
        done = Finished(0, "")
        for _ in range(_START_TRIES):
            chosen = port or free_port()
            self._write_settings(chosen)
            done = self._pg_ctl("start", "-w", "-t", "120", "-l", log)
            if done.code == 0:
                return chosen
            time.sleep(1)
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:]) if log.exists() else ""
        raise OperatorError(f"The embedded Postgres does not start: {done.output}\nThe end of {log}:\n{tail}")

    def _write_settings(self, port: int) -> None:
        """Write our settings to the file that Postgres reads last."""
        wanted = {**SETTINGS, **(TEST_SETTINGS if self._for_tests else {}), **self._more, "port": str(port)}
        text = "".join(f"{name} = '{value}'\n" for name, value in wanted.items())
        path = self.data / "postgresql.auto.conf"
        path.write_text(f"# Written at every start by the tool that owns this server.\n{text}")
        self._runner.take(path)


def open_cluster(
    data: Path, *, pg_bin: Path | None = None, for_tests: bool = False, more: Mapping[str, str] = NO_SETTINGS
) -> Cluster:
    """Describe the cluster of a data directory: who runs it, with which programs, and where its data really lie.

    `more` are settings of the server beside ours, as a large bank's have to be.

    Raises:
        OperatorError: there are no programs, or nobody who could run them.
    """
    data = data.absolute()
    runner = runner_for(data)
    binaries = reachable_binaries(locate_binaries(pg_bin), runner)
    return Cluster(_reachable_data(data, runner), binaries, runner, for_tests=for_tests, more=more)


def _reachable_data(data: Path, runner: Runner) -> Path:
    """Return where the data lie: root keeps them in the system state when the Postgres user cannot reach the place.

    The asked place is never opened for that. A note beside it says where the data are: the data of a checkout that was
    deleted are not found again by another one at the same place, whose keys could not read them.
    """
    if runner.uid is None:
        return data
    with suppress(FileExistsError):
        data.parent.mkdir(parents=True, exist_ok=True)
    if runner.can_execute(data.parent):
        return data
    if (data / "PG_VERSION").exists():
        raise OperatorError(f"The Postgres user can no longer reach {data}: open its folder or set GUIBIN_PG_DATA.")
    make_system_state()
    note = data.with_name(f"{data.name}.elsewhere")
    with suppress(FileExistsError), note.open("x") as file:
        file.write(str(SYSTEM_STATE / f"{data.name}-{secrets.token_hex(8)}"))
    return Path(note.read_text())


def is_answering(port: int) -> bool:
    """Say whether a program listens on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
