"""Each distribution declares what it imports, and nothing else."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DISTRIBUTIONS = ("shared", "services/customer-api", "services/bank-api", "tools")
OUR_OWN = {"guibin", "customer_api", "bank_api", "guibin_tools"}
NAMES = {"jose": "python-jose", "pydantic_core": "pydantic"}
"""Where the name of a package is not that of its distribution."""

AT_RUN_TIME = {"guibin-shared", "asyncpg", "python-multipart", "tzdata"}
"""Needed without an import: the driver that a URL names, forms, and time zones where the system has none."""


def imported(folder: Path, *, at_start: bool = False) -> set[str]:
    """Return what modules import; `at_start`: as soon as they are imported themselves."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        module = ast.parse(path.read_text("utf-8"))
        for node in module.body if at_start else ast.walk(module):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.partition(".")[0])
    foreign = found - set(sys.stdlib_module_names) - OUR_OWN
    return {NAMES.get(name, name.replace("_", "-")) for name in foreign}


def named(requirements: Iterable[str]) -> set[str]:
    return {re.split(r"[\[><=]", line)[0].strip() for line in requirements}


def optional(manifest: dict[str, Any]) -> set[str]:
    extras = manifest["project"].get("optional-dependencies", {}).values()
    return {name for extra in extras for name in named(extra)}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_a_distribution_declares_what_it_imports_and_nothing_else(distribution: str) -> None:
    manifest = tomllib.loads((ROOT / distribution / "pyproject.toml").read_text("utf-8"))
    declared = named(manifest["project"]["dependencies"]) | optional(manifest)
    needed = imported(ROOT / distribution / "src")
    assert needed - declared == set()
    assert declared - needed <= AT_RUN_TIME


def test_what_is_optional_is_imported_when_it_is_needed_and_not_before() -> None:
    manifest = tomllib.loads((ROOT / "shared/pyproject.toml").read_text("utf-8"))
    assert optional(manifest) & imported(ROOT / "shared/src") == optional(manifest)
    assert optional(manifest) & imported(ROOT / "shared/src", at_start=True) == set()
