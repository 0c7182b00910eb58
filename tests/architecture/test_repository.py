"""The repository speaks of the project only: no machine's paths, no registry hosts, no secrets."""

import re
from pathlib import Path

import pytest

from support.repository import ROOT, tracked_files

FORBIDDEN = {
    "a path of a machine": re.compile(r"(?<![\w.])/(?:work|home|root|Users)/\w"),
    "a registry host": re.compile(r"(?:files\.pythonhosted|pypi\.(?:org|io)|registry\.npmjs)\b"),
}
THIS = "tests/architecture/test_repository.py"


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_contains_what_belongs_to_a_machine(what: str) -> None:
    found = [
        name
        for name in tracked_files()
        if name != THIS and FORBIDDEN[what].search((ROOT / name).read_text("utf-8", errors="ignore"))
    ]
    assert found == []


def test_no_lock_file_that_records_hosts_is_committed() -> None:
    assert not [name for name in tracked_files() if Path(name).name in {"uv.lock", "poetry.lock", "pdm.lock"}]
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in text
    assert "file:" not in text
