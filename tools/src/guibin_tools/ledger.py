"""`guibin check-ledger`: does every invariant of points, stock, codes, settlements, orders and gifts hold?"""

from guibin.gifts import invariants as gift_invariants
from guibin.points import invariants as points_invariants
from guibin.points.invariants import Violation
from guibin.rights import invariants as rights_invariants
from guibin.suppliers import invariants as order_invariants
from guibin.suppliers.settlements import invariants as settlement_invariants
from guibin_tools.roles import Role
from guibin_tools.sessions import sessions_as
from guibin_tools.settings import OperatorSettings


async def check_ledger(settings: OperatorSettings) -> list[Violation]:
    """Return what breaks an invariant; empty is good."""
    async with sessions_as(Role.WORKER, settings) as factory, factory() as session:
        kinds = (points_invariants, rights_invariants, settlement_invariants, order_invariants, gift_invariants)
        checks = [kind.check for kind in kinds]
        return [violation for check in checks for violation in await check(session)]
