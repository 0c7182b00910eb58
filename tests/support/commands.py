"""The operators' command as a person runs it: its exit code and what it says."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from unittest import mock

from guibin_tools import main
from guibin_tools.settings import child_environment

_PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str


def guibin(*arguments: str, env: Mapping[str, str]) -> Done:
    """Run `guibin` in this process: quick, and right for every command that leaves signals alone."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.dict(os.environ, env),
        mock.patch.object(sys, "argv", ["guibin", *arguments]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main.run()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def guibin_process(*arguments: str, env: Mapping[str, str]) -> Done:
    """Run `guibin` as a process of its own."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "guibin_tools", *arguments],
        env=child_environment(**env),
        capture_output=True,
        text=True,
        timeout=_PATIENCE_SECONDS,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)
