"""What the night asks of many customers at once is asked in one statement, however many they are."""

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.owners import hand_on
from guibin.core.ids import new_id
from guibin.managers import repository
from guibin.managers.stability import repository as stability
from support.tiers import DAY

MORE_THAN_A_STATEMENT_TAKES_VALUES = 32_768


async def test_more_customers_than_a_statement_takes_values_are_looked_up_and_handed_on(session: AsyncSession) -> None:
    many = [new_id() for _ in range(MORE_THAN_A_STATEMENT_TAKES_VALUES)]
    await hand_on(session, dict.fromkeys(many))
    assert await repository.open_coverages(session, customer_ids=many) == {}
    assert await repository.open_team(session, customer_ids=many) == []
    assert await repository.served_since(session, many, DAY) == []
    assert await stability.open_successions(session, many) == []
