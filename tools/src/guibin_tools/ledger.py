"""`guibin check-ledger`: does every invariant of the ledger hold?"""

from guibin.points import invariants
from guibin.points.invariants import Violation
from guibin_tools.roles import Role
from guibin_tools.sessions import sessions_as
from guibin_tools.settings import OperatorSettings


async def check_ledger(settings: OperatorSettings) -> list[Violation]:
    """Return what breaks an invariant; empty is good."""
    async with sessions_as(Role.WORKER, settings) as factory, factory() as session:
        return await invariants.check(session)
