"""What a bank starts from: how much each grade carries, and what a customer of each tier weighs."""

from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.seeding import add_missing
from guibin.managers.capacity.models import GradeCapacity, TierLoad
from guibin.managers.models import Grade

HARD_MINUTES: Final = 33_000
"""550 hours a year with customers: a full book of a private banker."""

SOFT_MINUTES: Final = 29_700
CUSTOMERS: Final = {
    Grade.LOBBY: (300, 400),
    Grade.INTERMEDIATE: (300, 400),
    Grade.SENIOR: (108, 120),
    Grade.EXPERT: (72, 80),
    Grade.PRIVATE_BANKER: (45, 50),
}
"""Soft and hard maximum of customers."""

MINUTES: Final = {"T1": 60, "T2": 90, "T3": 360, "T4": 660, "T5": 660}
"""By the default contact plan: four calls a year; six; twelve and two reviews; twelve, four reviews and a visit."""


async def seed(session: AsyncSession) -> int:
    """Add what is missing; what a bank has changed stays. Returns the rows added."""
    capacities: list[dict[str, object]] = [
        {
            "grade": grade,
            "soft_customers": soft,
            "hard_customers": hard,
            "soft_minutes": SOFT_MINUTES,
            "hard_minutes": HARD_MINUTES,
            "revision": 1,
        }
        for grade, (soft, hard) in CUSTOMERS.items()
    ]
    loads: list[dict[str, object]] = [{"tier_code": tier, "minutes": minutes} for tier, minutes in MINUTES.items()]
    return await add_missing(session, GradeCapacity, capacities) + await add_missing(session, TierLoad, loads)
