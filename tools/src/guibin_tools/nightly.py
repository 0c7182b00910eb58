"""`guibin nightly`: the nightly run in this process, shown step by step."""

import asyncio
from datetime import date

from guibin import wiring
from guibin.core import clock
from guibin.core.errors import Refusal
from guibin.runs import service
from guibin.runs.errors import RunInProgress
from guibin.runs.models import Run
from guibin.runs.service import Progress
from guibin.security.actors import NIGHTLY_JOB
from guibin_tools.errors import OperatorError
from guibin_tools.roles import Role
from guibin_tools.sessions import sessions_as
from guibin_tools.settings import OperatorSettings

_PATIENCE_TURNS = 15
_TURN_SECONDS = 2.0


async def run_nightly(
    settings: OperatorSettings,
    *,
    day: date | None = None,
    progress: Progress | None = None,
    without_awaited: bool = False,
) -> Run:
    """Run the night of a business day, by default the last closed one, and return the finished run.

    A run that was killed holds its lease for some seconds more; that time is waited for.

    Raises:
        OperatorError: the run is refused, or another process is at it all the time.
    """
    wiring.connect()
    business_date = day or clock.last_closed_day()
    async with sessions_as(Role.WORKER, settings) as factory:
        for _ in range(_PATIENCE_TURNS):
            try:
                return await service.nightly(
                    factory,
                    day=business_date,
                    actor=NIGHTLY_JOB,
                    progress=progress,
                    without_awaited=without_awaited,
                )
            except RunInProgress:
                await asyncio.sleep(_TURN_SECONDS)
            except Refusal as refusal:
                raise OperatorError(f"{business_date}: {refusal.en} ({refusal.code}).") from refusal
    raise OperatorError("Another process runs the night now: wait until it has finished.")
