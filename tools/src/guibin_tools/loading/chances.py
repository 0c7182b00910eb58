"""Gives the demo bank opportunities in all states, and tasks of care that nobody did in time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.clock.service import tell_delays
from guibin.care.models import CareTask, TaskOrigin, TouchKind
from guibin.care.opportunities import night_repository as night
from guibin.care.opportunities.models import Opportunity, OpportunityResult, OpportunitySource, OpportunityState
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.core.zone import BUSINESS_ZONE
from guibin.holdings.models import Holding, HoldingStatus
from guibin.managers.models import Coverage
from guibin.managers.repository.coverage import is_open
from guibin.products.models import Side
from guibin.products.repository import products_by_code

OPENS: Final = time(9, 30)
SLEEP: Final = timedelta(days=90)
_OPENED: Final = 20
"""Days ago on which they were opened."""
_YUAN: Final = 100
MOST_PROVED: Final = 12
BROUGHT_UP: Final = timedelta(days=10)
"""How long before a product was bought somebody had brought it up."""


@dataclass(frozen=True, slots=True)
class _Story:
    """What stands with the customer in a place of the book; days are counted from today."""

    source: OpportunitySource
    about: dict[str, Any]
    yuan: int | None
    due: int
    ended: dict[str, Any] | None = None


_REFUSED: Final = {
    "state": OpportunityState.REFUSED,
    "result": OpportunityResult.RISK,
    "reason": "客户近期不愿承担净值波动",
}
_LOST: Final = {"state": OpportunityState.LOST, "result": OpportunityResult.COMPETITOR}
_UNSEEN: Final = {"state": OpportunityState.WON, "result": OpportunityResult.BOUGHT}
_STORIES: Final = {
    0: _Story(OpportunitySource.WISH, {"product_code": "PF202"}, 300_000, 0),
    1: _Story(OpportunitySource.TOUCH, {"need": "education"}, None, 5),
    2: _Story(OpportunitySource.TRIGGER, {"product_code": "PF103"}, 500_000, -3),
    4: _Story(OpportunitySource.STAFF, {"product_code": "PF301"}, 200_000, -1, _REFUSED),
    5: _Story(OpportunitySource.STAFF, {"product_code": "PF601"}, 80_000, -2, _UNSEEN),
    6: _Story(OpportunitySource.TAG, {"product_code": "PF402"}, 150_000, 12),
    7: _Story(OpportunitySource.TOUCH, {"product_code": "PF801"}, 6_000_000, -4, _LOST),
}
"""In the third place is a customer who complains: nothing is offered."""

_LATE: Final = {1: 1, 5: 12}
"""Days by which a task of the customer in a place is late: the manager hears of the one, the head of the other too."""


async def add_chances(session: AsyncSession, manager_ids: Sequence[UUID], customers: int) -> None:
    """Write them down with the first customers of some managers, and let the night say what follows."""
    known, today = await products_by_code(session), clock.today()
    for manager_id in manager_ids:
        book = (
            select(Coverage.customer_id)
            .where(Coverage.manager_id == manager_id, is_open())
            .order_by(col(Coverage.customer_id))
            .limit(customers)
        )
        for place, customer_id in enumerate((await session.exec(book)).all()):
            story = _STORIES.get(place)
            if story is not None and story.about.get("product_code", "") in {"", *known}:
                await _give_way(session, customer_id, story)
                session.add(_opportunity(story, customer_id, manager_id, today))
            if place in _LATE:
                session.add(_task(customer_id, manager_id, today - timedelta(days=_LATE[place])))
        await session.flush()
    session.add_all(_before(await _bought(session, manager_ids)))
    await session.flush()
    await night.prove(session, day=today)
    await tell_delays(session, day=clock.last_closed_day())


async def _give_way(session: AsyncSession, customer_id: UUID, story: _Story) -> None:
    """Let what the night has opened of the same give way to the story."""
    same = [col(getattr(Opportunity, field)) == value for field, value in story.about.items()]
    query = delete(Opportunity).where(
        col(Opportunity.customer_id) == customer_id, col(Opportunity.state) == OpportunityState.OPEN, *same
    )
    await session.execute(query)


def _opportunity(story: _Story, customer_id: UUID, manager_id: UUID, today: date) -> Opportunity:
    row_id, opened_on = new_id(), today - timedelta(days=_OPENED)
    amount = None if story.yuan is None else story.yuan * _YUAN
    ended: dict[str, Any] = {} if story.ended is None else {**story.ended, "ended_at": _morning(today)}
    if ended.get("state") is OpportunityState.REFUSED:
        ended["sleeps_until"] = today + SLEEP
    if ended.get("state") is OpportunityState.WON:
        ended["won_fen"] = amount
    return Opportunity(
        customer_id=customer_id,
        id=row_id,
        manager_id=manager_id,
        source=story.source,
        reference=to_public("opp", row_id),
        amount_fen=amount,
        due_on=today + timedelta(days=story.due),
        opened_on=opened_on,
        created_at=_morning(opened_on),
        **story.about,
        **ended,
    )


async def _bought(session: AsyncSession, manager_ids: Sequence[UUID]) -> Sequence[tuple[Holding, UUID]]:
    """Return what customers of some managers bought last."""
    query = (
        select(Holding, Coverage.manager_id)
        .join(Coverage, col(Coverage.customer_id) == col(Holding.customer_id))
        .where(col(Coverage.manager_id).in_(manager_ids), is_open())
        .where(Holding.status == HoldingStatus.ACTIVE, Holding.side == Side.ASSET, col(Holding.opened_on).is_not(None))
        .order_by(col(Holding.opened_on).desc(), col(Holding.id))
        .limit(MOST_PROVED)
    )
    return (await session.exec(query)).all()


def _before(found: Sequence[tuple[Holding, UUID]]) -> Iterator[Opportunity]:
    """Yield the opportunity that came before each."""
    for holding, manager_id in found:
        row_id, bought_on = new_id(), holding.opened_on
        if bought_on is None:
            continue
        opened_on = bought_on - BROUGHT_UP
        yield Opportunity(
            customer_id=holding.customer_id,
            id=row_id,
            manager_id=manager_id,
            source=OpportunitySource.STAFF,
            reference=to_public("opp", row_id),
            product_code=holding.product_code,
            amount_fen=100_000 * _YUAN,
            won_fen=100_000 * _YUAN,
            due_on=bought_on,
            state=OpportunityState.WON,
            result=OpportunityResult.BOUGHT,
            opened_on=opened_on,
            created_at=_morning(opened_on),
            ended_at=_morning(bought_on),
        )


def _task(customer_id: UUID, manager_id: UUID, due_on: date) -> CareTask:
    task_id = new_id()
    return CareTask(
        customer_id=customer_id,
        id=task_id,
        manager_id=manager_id,
        kind=TouchKind.CALL,
        title_zh="约定的回访电话",
        title_en="A call that was agreed",
        origin=TaskOrigin.STAFF,
        made_by=to_public("ctk", task_id),
        occasion=due_on,
        starts_on=due_on,
        due_on=due_on,
        created_at=_morning(due_on),
    )


def _morning(day: date) -> datetime:
    return datetime.combine(day, OPENS, BUSINESS_ZONE)
