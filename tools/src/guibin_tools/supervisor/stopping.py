"""Ctrl-C, SIGTERM and SIGHUP: the first one stops the run, later ones do not disturb the clean-up."""

import signal
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(KeyboardInterrupt):
    """Somebody asked this run to stop."""


def listen() -> None:
    """Turn the first stop signal into StopRequested.

    Set explicitly: a shell that starts us in the background has SIGINT ignored, and Python would never see it.
    """
    for number in _SIGNALS:
        signal.signal(number, _stop)


def ignore_further() -> None:
    """Ignore stop signals from now on: make and the terminal both pass them on, some twice."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _stop(_number: int, _frame: FrameType | None) -> None:
    ignore_further()
    raise StopRequested
