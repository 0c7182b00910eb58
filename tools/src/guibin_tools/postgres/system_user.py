"""Who runs the Postgres programs: they refuse root, so root hands them to a system user."""

import os
import pwd
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from guibin_tools.errors import OperatorError

USER_NAME = "guibin-postgres"
_USERADD_TRIES = 5
_NAME_TAKEN = 9
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": os.defpath}


@dataclass(frozen=True)
class Finished:
    """A program that has ended: its exit code and everything it said."""

    code: int
    output: str


@dataclass(frozen=True)
class Runner:
    """Runs programs as one operating-system user; without ids, as whoever runs this process."""

    uid: int | None = None
    gid: int | None = None

    def run(self, arguments: Sequence[str | Path]) -> Finished:
        """Run a program to its end, without any PG* variable, in `/`.

        The output goes through a file: a server that pg_ctl leaves behind would keep a pipe open for ever.
        """
        extra_groups: list[int] | None = None if self.uid is None else []
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [str(argument) for argument in arguments],
                env=_ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=self.uid,
                group=self.gid,
                extra_groups=extra_groups,
                check=False,
            )
            output.seek(0)
            return Finished(done.returncode, output.read().decode(errors="replace").strip())

    def can_execute(self, path: Path) -> bool:
        """Say whether the user can run a program, or enter a folder."""
        return self.run(["test", "-x", path]).code == 0

    def take(self, path: Path) -> None:
        """Make the user the owner of a file or folder."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def runner_for(data: Path) -> Runner:
    """Return who runs Postgres over a data directory.

    Root never does: a cluster that somebody else made is run as its owner, any other as the system user, which is made
    when it is missing.

    Raises:
        OperatorError: the system user cannot be made.
    """
    if os.geteuid() != 0:
        return Runner()
    version = data / "PG_VERSION"
    if version.exists() and (owner := version.stat()).st_uid != 0:
        return Runner(owner.st_uid, owner.st_gid)
    entry = _find_user() or _make_user()
    return Runner(entry.pw_uid, entry.pw_gid)


def _find_user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(USER_NAME)
    except KeyError:
        return None


def _make_user() -> pwd.struct_passwd:
    """Make the system user; another process may be doing the same, so a locked password file is tried again."""
    command = ["useradd", "--system", "--no-create-home", "--user-group", "--shell", "/usr/sbin/nologin", USER_NAME]
    said = ""
    for _ in range(_USERADD_TRIES):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            said = "there is no program useradd"
            break
        if done.returncode in {0, _NAME_TAKEN} and (entry := _find_user()) is not None:
            return entry
        said = done.stderr.strip()
        time.sleep(0.5)
    raise OperatorError(
        f"Postgres refuses to run as root and the system user {USER_NAME} cannot be made ({said}): "
        "run as another user or set GUIBIN_DATABASE_URL."
    )
