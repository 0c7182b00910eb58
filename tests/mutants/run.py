"""`make mutants`: change the rules one small thing at a time (mutmut), and see that unit tests notice (T-MUT-1).

A copy of the tree is changed, with one folder of sources, as the tool wants it. A mutant that no test reaches counts as
one that lives. `FLOORS` says for each module which share has to die: a new rule comes with tests that hold it.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[2]
TESTED = ("points", "rights", "suppliers", "idempotency")
"""Domains whose unit tests are run."""

FLOORS: Final[Mapping[str, float]] = {
    "guibin/points/rules.py": 0.85,
    "guibin/points/transfer_rules.py": 0.85,
    "guibin/points/inheritance/rules.py": 0.85,
    "guibin/rights/rules.py": 0.85,
    "guibin/rights/offer.py": 0.85,
    "guibin/rights/packages.py": 0.85,
    "guibin/rights/parts.py": 0.85,
    "guibin/rights/payments.py": 0.85,
    "guibin/rights/releases.py": 0.85,
    "guibin/suppliers/rules.py": 0.85,
    "guibin/idempotency/rules.py": 0.85,
}
"""The least share of a module's mutants that die."""

KILLED: Final = frozenset({"killed", "timeout", "suspicious", "segfault", "caught by type check"})
SETTINGS: Final = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = {modules}
use_git_change_detection = false
track_dependencies = false
pytest_add_cli_args_test_selection = ["tests/unit"]

[tool.pytest.ini_options]
pythonpath = ["tests"]
addopts = "--import-mode=importlib -p no:xdist -p no:cacheprovider -p no:schemathesis"
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "session"
asyncio_default_test_loop_scope = "session"
"""


def main(only: Sequence[str]) -> int:
    """Change these modules (`guibin/rights/rules.py`), all without names. Returns the exit code."""
    modules = [module for module in FLOORS if not only or module in only]
    with tempfile.TemporaryDirectory(prefix="guibin-mutants-") as name:
        tree = _copy(Path(name), modules)
        mutmut = Path(sys.executable).with_name("mutmut")
        done = subprocess.run([mutmut, "run", "--max-children", "2"], cwd=tree, env=_environment(), check=False)  # noqa: S603
        found = _results(tree)
    if done.returncode != 0 or not found:
        print("The unit tests are not green before anything is changed.")  # noqa: T201 - a command speaks
        return 1
    return _judge(modules, found)


def _copy(tree: Path, modules: Sequence[str]) -> Path:
    caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "shared/src", tree / "src", ignore=caches)
    shutil.copytree(ROOT / "tests/support", tree / "tests/support", ignore=caches)
    for domain in TESTED:
        shutil.copytree(ROOT / "tests/unit" / domain, tree / "tests/unit" / domain, ignore=caches)
    text = SETTINGS.format(modules=json.dumps([f"src/{module}" for module in modules]))
    (tree / "pyproject.toml").write_text(text, encoding="utf-8")
    return tree


def _environment() -> dict[str, str]:
    """Let the tool, which has an environment of its own, find what the product needs."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    installed = ROOT / ".venv/lib" / version / "site-packages"
    others = [ROOT / place / "src" for place in ("tools", "services/bank-api", "services/customer-api")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [installed, *others]))}


def _results(tree: Path) -> dict[str, Counter[str]]:
    """Return of each module how many of its mutants came to which end; those that live are printed."""
    mutmut = Path(sys.executable).with_name("mutmut")
    listed = subprocess.run(  # noqa: S603 - our own command
        [mutmut, "results", "--all", "true"], cwd=tree, env=_environment(), capture_output=True, text=True, check=False
    )
    found: dict[str, Counter[str]] = {}
    for line in listed.stdout.splitlines():
        mutant, _, end = line.strip().rpartition(": ")
        if not mutant:
            continue
        module = mutant.partition(".x")[0].replace(".", "/") + ".py"
        found.setdefault(module, Counter())[end] += 1
        if end not in KILLED:
            print(f"  {end:10} {mutant}")  # noqa: T201 - a command speaks
    return found


def _judge(modules: Sequence[str], found: Mapping[str, Counter[str]]) -> int:
    below = 0
    for module in modules:
        ends = found.get(module, Counter())
        whole, killed = sum(ends.values()), sum(ends[end] for end in KILLED)
        share = killed / whole if whole else 0.0
        below += share < FLOORS[module]
        print(f"{module:32} {killed:4} of {whole:4} killed, {share:4.0%} (floor {FLOORS[module]:.0%})")  # noqa: T201
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
