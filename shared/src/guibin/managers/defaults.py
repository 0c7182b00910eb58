"""The matrix of grades and tiers that a bank starts from: 1 should serve, 2 may serve."""

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.seeding import add_missing
from guibin.managers.models import Grade, GradeTier

MATRIX = (
    (Grade.INTERMEDIATE, "T1", 1),
    (Grade.SENIOR, "T1", 2),
    (Grade.SENIOR, "T2", 1),
    (Grade.EXPERT, "T2", 2),
    (Grade.EXPERT, "T3", 1),
    (Grade.PRIVATE_BANKER, "T3", 2),
    (Grade.PRIVATE_BANKER, "T4", 1),
    (Grade.EXPERT, "T4", 2),
    (Grade.PRIVATE_BANKER, "T5", 1),
)


async def seed(session: AsyncSession) -> int:
    """Add the missing pairs of the matrix; returns how many."""
    rows = [{"grade": grade, "tier_code": tier, "preference": preference} for grade, tier, preference in MATRIX]
    return await add_missing(session, GradeTier, rows)
