import json
import subprocess
import sys

import pytest

PROGRAM = """
from guibin.core.settings import SettingMissing
from guibin.web import StartRefused
from guibin.web.serving import serve
def factory():
    raise {kind}("the reason")
serve(factory, host="127.0.0.1", port=1)
"""


@pytest.mark.parametrize("kind", ["StartRefused", "SettingMissing"])
def test_a_process_that_must_not_start_says_why_in_one_line(kind: str) -> None:
    program = PROGRAM.format(kind=kind)
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    (line,) = run.stderr.splitlines()
    assert run.returncode == 1
    assert json.loads(line)["reason"] == "the reason"
