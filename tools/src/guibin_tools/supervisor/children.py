"""The processes that the supervisor starts, each in a session of its own and on the life-line of a pipe."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from guibin_tools.errors import OperatorError

PIPE_SETTING = "GUIBIN_PARENT_PIPE"
_GRACE_SECONDS = 25
_LOG_LINES = 15


class LifeLine:
    """A pipe whose writing end only this process has: when it closes, by whatever death, the children end."""

    def __init__(self) -> None:
        """Open the pipe; Python keeps both ends from being inherited unless they are passed on."""
        self.reading_end, self._writing_end = os.pipe()

    def close(self) -> None:
        """Close both ends."""
        os.close(self.reading_end)
        os.close(self._writing_end)


@dataclass
class Child:
    """A started process: what it is called, where it writes, and its handle."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def exit_code(self) -> int | None:
        """The exit code, None while it lives."""
        return self.process.poll()

    def last_words(self) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:])


def start(name: str, module: str, *arguments: str, line: LifeLine, env: Mapping[str, str], logs: Path) -> Child:
    """Start `python -m MODULE ARGUMENTS` as a child that watches a life-line.

    `name` is what people call it and the name of its log file, which overwrites the one of the run before; `env` is its
    whole environment.
    """
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{name.replace(' ', '-')}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={**env, PIPE_SETTING: str(line.reading_end)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(line.reading_end,),
            start_new_session=True,
        )
    return Child(name, log, process)


def run_to_end(child: Child) -> None:
    """Wait for a child that has an end of its own.

    Raises:
        OperatorError: it failed; the end of its log is in the message.
    """
    try:
        code = child.process.wait()
    except BaseException:
        stop([child])
        raise
    if code != 0:
        raise OperatorError(f"{child.name} failed (exit code {code}):\n{child.last_words()}")


def stop(children: Iterable[Child]) -> dict[str, int]:
    """Ask children to end, in the given order, wait for each, and kill what is left.

    Returns:
        The exit codes by name. A server that stops gracefully ends by the signal itself, which counts as 0.
    """
    codes = {}
    children = list(children)
    for child in children:
        if child.exit_code is None:
            child.process.send_signal(signal.SIGTERM)
    for child in children:
        try:
            code = child.process.wait(timeout=_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.process.kill()
            code = child.process.wait()
        codes[child.name] = 0 if code == -signal.SIGTERM else code
    return codes


def wait_for_first_end(children: Iterable[Child], *, every: float) -> Child | None:
    """Return a child that has ended by now, after one turn of waiting."""
    time.sleep(every)
    return next((child for child in children if child.exit_code is not None), None)
