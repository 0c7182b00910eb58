"""Events are written with what they tell of, however many a night has to tell."""

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import new_id
from guibin.outbox.events import TagsAlert
from guibin.outbox.models import OutboxEvent
from guibin.outbox.service import Publication, publish_all
from support.tagging import DAY

MORE_THAN_A_STATEMENT_TAKES = 5_000
"""Of eight values each, where a statement takes 32,767."""


async def test_a_night_of_a_large_bank_tells_of_more_than_a_statement_takes_and_of_nothing_twice(
    session: AsyncSession,
) -> None:
    run_id = new_id()
    told = TagsAlert(business_date=DAY, failed=[], drifted=[], differences=0)
    many = [Publication(told, run_id, once=f"delay:{number}") for number in range(MORE_THAN_A_STATEMENT_TAKES)]
    for _ in range(2):
        await publish_all(session, many)
    written = select(func.count()).where(col(OutboxEvent.owner_id) == run_id)
    assert (await session.exec(written)).one() == MORE_THAN_A_STATEMENT_TAKES
