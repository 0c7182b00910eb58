"""What a bank starts from: a manager of a fitting grade, contacts as the seeded care plan makes them, swift answers."""

from datetime import date
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.definitions.repository import list_versions
from guibin.care.standards.models import ServiceStandard, StandardState
from guibin.care.standards.rules import Sheet
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.managers.models import Grade

SINCE: Final = date(2026, 1, 1)

SHEETS: Final[dict[str, Sheet]] = {
    "T1": Sheet(grade=Grade.INTERMEDIATE, contacts_a_year=4, reviews_a_year=0, answer_days=2, resolve_days=15),
    "T2": Sheet(grade=Grade.SENIOR, contacts_a_year=6, reviews_a_year=0, answer_days=1, resolve_days=10),
    "T3": Sheet(grade=Grade.EXPERT, contacts_a_year=12, reviews_a_year=2, answer_days=1, resolve_days=7),
    "T4": Sheet(grade=Grade.PRIVATE_BANKER, contacts_a_year=13, reviews_a_year=4, answer_days=1, resolve_days=5),
    "T5": Sheet(grade=Grade.PRIVATE_BANKER, contacts_a_year=13, reviews_a_year=4, answer_days=0, resolve_days=3),
}


async def seed(session: AsyncSession) -> int:
    """Publish the default sheets where there was never a version. Returns the rows added."""
    if await list_versions(session, ServiceStandard, limit=1):
        return 0
    session.add(
        ServiceStandard(
            id=new_id(),
            name="默认服务标准",
            state=StandardState.PUBLISHED,
            sheets={tier: sheet.model_dump(mode="json") for tier, sheet in SHEETS.items()},
            effective_from=SINCE,
            created_at=clock.now(),
        )
    )
    await session.flush()
    return 1
