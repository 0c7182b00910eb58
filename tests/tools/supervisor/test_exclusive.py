"""One run at a time in one state folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from guibin_tools.errors import OperatorError
from guibin_tools.supervisor.exclusive import alone_in

HOLD_AND_DIE = """
import os, pathlib, signal, sys
from guibin_tools.supervisor.exclusive import alone_in
with alone_in(pathlib.Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_second_run_is_refused_and_told_which_process_runs(tmp_path: Path) -> None:
    refused = pytest.raises(OperatorError, match=f"already runs here, as process {os.getpid()}")
    with alone_in(tmp_path), refused, alone_in(tmp_path):
        pass


def test_a_run_in_another_folder_is_not_hindered(tmp_path: Path) -> None:
    with alone_in(tmp_path / "one"), alone_in(tmp_path / "two"):
        pass


def test_the_lock_goes_with_its_process_even_after_kill_9(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", HOLD_AND_DIE, str(tmp_path)], check=False)  # noqa: S603 - our own program
    assert killed.returncode == -9
    with alone_in(tmp_path):
        pass
