"""A night that kills itself with -9 at a chosen place of a chosen step: `python -m guibin_tools.benchmarks.struck`.

`killed.py` starts it as a process of its own, over and over. The product knows nothing of it: the steps are wrapped
here.
"""

import argparse
import asyncio
import os
import signal
from dataclasses import replace
from datetime import date
from enum import StrEnum
from unittest.mock import patch

from sqlalchemy import event
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.runs import service
from guibin.runs.steps import STEPS, Counts, Step
from guibin_tools.nightly import run_nightly
from guibin_tools.settings import OperatorSettings


class Place(StrEnum):
    """Where in a step the process dies."""

    STATEMENT = "statement"
    """With one of its statements on the way to the server."""
    END = "end"
    """With everything done and nothing committed."""
    COMMITTED = "committed"
    """With its first transaction committed: a batch of it, or all."""


class Strike:
    """Counts the statements of the step's first transaction and kills the process where it was asked to."""

    def __init__(self, place: Place, number: int) -> None:
        """Die at a place; `number` says at which statement, from one, and means nothing elsewhere."""
        self._place = place
        self._number = number
        self._statements = 0

    def wrap(self, step: Step) -> Step:
        """Return the step, deadly."""

        async def run(session: AsyncSession, day: date) -> Counts:
            connection = (await session.connection()).sync_connection
            event.listen(connection, "before_cursor_execute", self._on_statement)
            if self._place is Place.COMMITTED:
                event.listen(session.sync_session, "after_commit", lambda _session: _die())
            counts = await step.run(session, day)
            if self._place is Place.END:
                print(self._statements, flush=True)
                _die()
            return counts

        return replace(step, run=run)

    def _on_statement(self, *_details: object) -> None:
        self._statements += 1
        if self._place is Place.STATEMENT and self._statements == self._number:
            # The driver sends before it waits, and nothing else runs until then.
            asyncio.get_running_loop().call_soon(_die)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run the night of a day and die in it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("day", type=date.fromisoformat)
    parser.add_argument("step")
    parser.add_argument("place", type=Place)
    parser.add_argument("--number", type=int, default=1)
    given = parser.parse_args()
    strike = Strike(given.place, given.number)
    deadly = tuple(strike.wrap(step) if step.name == given.step else step for step in STEPS)
    with patch.object(service, "STEPS", deadly):
        asyncio.run(run_nightly(OperatorSettings(), day=given.day))


if __name__ == "__main__":
    main()
