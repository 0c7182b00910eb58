"""How a bank starts to approve: what differs from the rule of all kinds."""

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.models import ApprovalRule
from guibin.approvals.rules import DEFAULT_RULE
from guibin.core.seeding import add_missing

FREE_ITEMS = {"coverage.assign": 20}
"""How many customers one person assigns at once without a second one."""


async def seed(session: AsyncSession) -> int:
    """Add the rules that are missing; what a bank has changed stays. Returns the rows added."""
    rows = [
        {
            "kind": kind,
            "business_days": DEFAULT_RULE.business_days,
            "approvers": DEFAULT_RULE.approvers,
            "threshold_fen": DEFAULT_RULE.threshold_fen,
            "approvers_above": DEFAULT_RULE.approvers_above,
            "free_items": free_items,
        }
        for kind, free_items in FREE_ITEMS.items()
    ]
    return await add_missing(session, ApprovalRule, rows)
