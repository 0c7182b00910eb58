"""What the documents say of the code is held to the code."""

import re
from collections import Counter
from pathlib import Path

import pytest

from guibin.core.schema import SCHEMA_VERSION
from guibin.organisation.defaults import seeded_grants
from guibin_tools.settings import OperatorSettings

ROOT = Path(__file__).parents[2]


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_the_schema_version_is_the_newest_migration() -> None:
    revisions = {}
    for path in (ROOT / "migrations/versions").glob("*.py"):
        text = path.read_text("utf-8")
        found = re.search(r"^revision(?:: str)? = \"(\w+)\"", text, re.MULTILINE)
        before = re.search(r"^down_revision(?:: [^=]+)? = (?:\"(\w+)\"|None)", text, re.MULTILINE)
        assert found
        assert before
        revisions[found[1]] = before[1]
    assert set(revisions) - set(revisions.values()) == {SCHEMA_VERSION}


def test_operations_lists_every_setting_and_no_other() -> None:
    documented = set(re.findall(r"^\| `(GUIBIN_\w+)` \|", read("docs/operations.md"), re.MULTILINE))
    assert documented == {f"GUIBIN_{name.upper()}" for name in OperatorSettings.model_fields}


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs/operations.md",
        "docs/patterns.md",
        "docs/security.md",
        "docs/asvs.md",
    ],
)
def test_make_targets_and_files_that_a_document_names_exist(name: str) -> None:
    text = read(name)
    targets = set(re.findall(r"^([a-z-]+):.*##", read("Makefile"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)\)", text):
        assert (ROOT / name).parent.joinpath(link).exists(), link


@pytest.mark.parametrize("name", ["docs/patterns.md", "docs/security.md", "docs/asvs.md", "SECURITY.md"])
def test_places_that_a_document_names_exist(name: str) -> None:
    for place in re.findall(r"`((?:shared|services|tools|tests|migrations|docs)/[^`<*]+)`", read(name)):
        assert (ROOT / place).exists(), place


def test_the_security_page_names_every_seeded_role_and_no_other() -> None:
    table = read("docs/security.md").partition("| role | whose data |")[2].partition("\n\n")[0]
    first_cells = " ".join(line.split("|")[1] for line in table.splitlines()[2:])
    assert set(re.findall(r"`(\w+)`", first_cells)) == {grant.role for grant in seeded_grants()}


def test_the_asvs_table_has_each_requirement_once_and_is_counted_right() -> None:
    text = read("docs/asvs.md")
    rows = re.findall(r"^\| (\d+\.[\d.*-]+) \| .+ \| (met|partly|not met|not ours) \| .+ \|$", text, re.MULTILINE)
    assert max(Counter(number for number, _state in rows).values()) == 1
    counted = {state: int(count) for state, count in re.findall(r"^\| ([a-z ]+) \| (\d+) \|$", text, re.MULTILINE)}
    assert counted == Counter(state for _number, state in rows)
