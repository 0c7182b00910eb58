"""What a step shows where there is no terminal: a line when it begins, a line with its time when it ends."""

import io
import re

import pytest
from rich.console import Console

from guibin_tools.progress import step


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), force_terminal=False, width=100)


def said(console: Console) -> str:
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


def test_a_step_says_what_it_does_and_what_it_has_done(console: Console) -> None:
    with step(console, "Roles") as doing:
        doing.show("a detail")
        doing.done = "Roles [are] there"
    assert re.fullmatch(r"  \.\.\. Roles\n  ok  Roles \[are\] there \(0\.\d s\)\n", said(console))


def test_a_step_that_fails_is_not_called_done(console: Console) -> None:
    with pytest.raises(ValueError, match="no"), step(console, "Roles"):
        raise ValueError("no")
    assert "ok" not in said(console)
