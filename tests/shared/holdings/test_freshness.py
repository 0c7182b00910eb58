"""Which lines were not in for a day, and of which earlier day they are."""

from datetime import date, timedelta

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.freshness import FigureDay, StaleLine
from guibin.core.lines import Line
from guibin.holdings.freshness import day_of_the_bank, figure_day, figure_days
from guibin.holdings.models import Holding, LineDay
from support.points import add_customers
from support.tiers import DAY, MILLION, put_average

CARDS, FINANCE = Line.CREDIT_CARD, Line.PERSONAL_FINANCE
EARLIER = DAY - timedelta(days=4)


async def _in(session: AsyncSession, line: Line, day: date) -> None:
    session.add(LineDay(line=line, day=day, arrived_at=clock.now()))
    await session.flush()


async def test_late_lines_say_their_last_day_before_whatever_came_later(session: AsyncSession) -> None:
    await _in(session, CARDS, EARLIER)
    await _in(session, CARDS, DAY)  # it came after the figures had been made: they are as stale as before
    asked = [(DAY, [FINANCE, CARDS]), (EARLIER, [CARDS]), (DAY, [])]
    assert await figure_days(session, asked) == [
        FigureDay(DAY, (StaleLine(CARDS, EARLIER), StaleLine(FINANCE, None))),
        FigureDay(EARLIER, (StaleLine(CARDS, None),)),
        FigureDay(DAY),
    ]
    assert await figure_day(session, DAY, []) == FigureDay(DAY)


async def test_the_bank_waits_for_lines_in_which_somebody_holds_something(session: AsyncSession) -> None:
    assert await day_of_the_bank(session, DAY) == FigureDay(DAY)
    customer_id = (await add_customers(session))[0]
    await put_average(session, customer_id, MILLION, stale_lines=[FINANCE])
    await _in(session, FINANCE, EARLIER)
    assert await day_of_the_bank(session, DAY) == FigureDay(DAY, (StaleLine(FINANCE, EARLIER),))
    made_at = clock.now()
    await _in(session, FINANCE, DAY)
    assert await day_of_the_bank(session, DAY) == FigureDay(DAY)
    before = await day_of_the_bank(session, DAY, made_at=made_at - timedelta(seconds=1))
    assert before == FigureDay(DAY, (StaleLine(FINANCE, EARLIER),))
    await session.execute(update(Holding).where(col(Holding.customer_id) == customer_id).values(line=CARDS))
    assert await day_of_the_bank(session, DAY) == FigureDay(DAY, (StaleLine(CARDS, None),))
