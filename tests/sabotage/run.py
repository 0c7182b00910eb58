"""`make sabotage`: take each guard away in a copy of the tree, and see that its test turns red.

The copy's packages come before the installed ones on the path, and its migrations make the copy's databases. Before
anything is taken away all the named tests must be green.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sabotage.appointments import APPOINTMENTS
from sabotage.arrivals import ARRIVALS
from sabotage.assigning import ASSIGNING
from sabotage.care import CARE
from sabotage.heirs import HEIRS
from sabotage.identity import IDENTITY
from sabotage.offers import OFFERS
from sabotage.patches import SABOTAGES, Sabotage
from sabotage.reservations import RESERVATIONS
from sabotage.suppliers import SUPPLIERS
from sabotage.tags import TAGS
from sabotage.touches import TOUCHES_AND_HANDOVERS as TOUCHES
from sabotage.uses import USES

ROOT = Path(__file__).parents[2]
COPIED = ("shared", "services", "tools", "migrations", "tests", "docs", "pyproject.toml", "alembic.ini")
SOURCES = ("shared/src", "services/customer-api/src", "services/bank-api/src", "tools/src")
PATIENCE_SECONDS = 900
TESTS_FAILED = 1


def main(only: Sequence[str]) -> int:
    """Run the sabotages of these ids, all without ids. Returns the exit code."""
    chosen = [
        one
        for one in (
            *SABOTAGES,
            *IDENTITY,
            *OFFERS,
            *APPOINTMENTS,
            *ARRIVALS,
            *ASSIGNING,
            *HEIRS,
            *RESERVATIONS,
            *SUPPLIERS,
            *TAGS,
            *USES,
            *CARE,
            *TOUCHES,
        )
        if not only or one.id in only
    ]
    survivors = []
    with tempfile.TemporaryDirectory(prefix="guibin-sabotage-") as folder:
        tree = _copy(Path(folder))
        if _run(tree, sorted({test for one in chosen for test in one.killed_by})) != 0:
            print("The tests are not green before anything is taken away.")  # noqa: T201 - a command speaks
            return 1
        for one in chosen:
            started = time.monotonic()
            with _without(tree, one):
                killed = _run(tree, one.killed_by) == TESTS_FAILED
            survivors += [] if killed else [one.id]
            verdict = "killed" if killed else "SURVIVED"
            print(f"{one.id:9} {verdict:9} {time.monotonic() - started:5.0f} s  {one.removes}", flush=True)  # noqa: T201
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} killed.")  # noqa: T201 - as above
    return 1 if survivors else 0


def _copy(folder: Path) -> Path:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            shutil.copy(source, folder / name)
    return folder


@contextmanager
def _without(tree: Path, one: Sabotage) -> Iterator[None]:
    file = tree / one.file
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace(one.old, one.new), encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(whole, encoding="utf-8")


def _run(tree: Path, tests: Sequence[str]) -> int:
    """Run tests of the copy and return pytest's exit code; what takes too long has not turned red."""
    path = os.pathsep.join(str(tree / source) for source in SOURCES)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", *tests]
    env = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            command, cwd=tree, env=env, capture_output=True, timeout=PATIENCE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return -1
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
