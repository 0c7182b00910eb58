"""Each distribution declares what it imports, and nothing else."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DISTRIBUTIONS = ("shared", "services/customer-api", "services/bank-api", "tools")
OUR_OWN = {"guibin", "customer_api", "bank_api", "guibin_tools"}
NAMES = {"jose": "python-jose", "pydantic_core": "pydantic"}
"""Where the name of a package is not that of its distribution."""

AT_RUN_TIME = {"guibin-shared", "asyncpg", "python-multipart", "tzdata"}
"""Needed without an import: the driver that a URL names, forms, and time zones where the system has none."""


def imported(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.partition(".")[0])
    foreign = found - set(sys.stdlib_module_names) - OUR_OWN
    return {NAMES.get(name, name.replace("_", "-")) for name in foreign}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_a_distribution_declares_what_it_imports_and_nothing_else(distribution: str) -> None:
    manifest = tomllib.loads((ROOT / distribution / "pyproject.toml").read_text("utf-8"))
    declared = {re.split(r"[\[><=]", line)[0].strip() for line in manifest["project"]["dependencies"]}
    needed = imported(ROOT / distribution / "src")
    assert needed - declared == set()
    assert declared - needed <= AT_RUN_TIME
