"""Opportunities: opened where nothing stands in the way, and ended with a result of a closed list."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care import repository
from guibin.care.errors import CareRecordOver, TouchSubjectUnknown
from guibin.care.models import CareTask, TaskOrigin, Touch
from guibin.care.opportunities import repository as opportunities
from guibin.care.opportunities.errors import OffersWait, OpportunityIsOpen, OpportunitySleeps
from guibin.care.opportunities.models import Opportunity, OpportunityState
from guibin.care.opportunities.repository import DuePlace, OpportunityFilter
from guibin.care.opportunities.rules import source_of
from guibin.care.opportunities.terms import OpportunityTerms
from guibin.care.plans.repository import active_plan
from guibin.care.plans.terms import PlanTerms
from guibin.care.service.seen import Precondition, Seen, on_record, opened, require_ahead, seal, told
from guibin.care.service.wishes import Chance, Outcome
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.core.reasons import require_reason
from guibin.customers.origins import with_origins
from guibin.customers.repository import get_customer
from guibin.products.repository import products_by_code
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing


async def open_opportunity(
    session: AsyncSession, scope: Scope, keys: KeyRing, *, actor: Actor, customer_id: UUID, chance: Chance
) -> Seen[Opportunity]:
    """Open an opportunity; it is the serving manager's.

    Raises:
        NotFound: the customer is out of scope or erased.
        DueDayInvalid: the day is over, or too far ahead.
        TouchSubjectUnknown: there is no such product.
        OpportunityIsOpen, OpportunitySleeps, OffersWait: something stands in the way.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    row = await add_opportunity(session, scope, keys, actor=actor, customer_id=customer.id, chance=chance)
    await told(session, actor, row, "opportunity.open", source=row.source, product=row.product_code, need=row.need)
    return Seen(row, customer.id, chance.note)


async def add_opportunity(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    actor: Actor,
    customer_id: UUID,
    chance: Chance,
    touch: Touch | None = None,
    task: CareTask | None = None,
) -> Opportunity:
    """Add an opportunity of a customer whom the caller has looked up; `task` is the one that the touch completed."""
    require_ahead(chance.due_on)
    if chance.product_code is not None and chance.product_code not in await products_by_code(session):
        raise TouchSubjectUnknown(field="product_code")
    await _refuse(session, scope, customer_id, chance)
    row = await _row(session, actor, customer_id, chance, touch, task)
    await seal(session, keys, row, chance.note)
    try:
        async with session.begin_nested():
            await repository.insert(session, row)
    except IntegrityError:  # another one was opened at the same moment
        await _refuse(session, scope, customer_id, chance)
        raise
    return row


async def _refuse(session: AsyncSession, scope: Scope, customer_id: UUID, chance: Chance) -> None:
    today = clock.today()
    async with with_origins(session, scope, customer_id=customer_id) as wide:
        found = await opportunities.in_the_way(
            session,
            wide,
            customer_id=customer_id,
            product_code=chance.product_code,
            need=chance.need,
            today=today,
        )
        if found is None and await opportunities.offers_wait(session, (customer_id, *wide.origins), today=today):
            raise OffersWait
    if found is None:
        return
    public = to_public("opp", found.id)
    if found.sleeps_until is not None:
        raise OpportunitySleeps(opportunity_id=public, possible_from=found.sleeps_until.isoformat())
    raise OpportunityIsOpen(opportunity_id=public, due_on=found.due_on.isoformat())


async def _row(
    session: AsyncSession,
    actor: Actor,
    customer_id: UUID,
    chance: Chance,
    touch: Touch | None,
    task: CareTask | None,
) -> Opportunity:
    row_id = new_id()
    triggered = task is not None and task.origin == TaskOrigin.TRIGGER
    about = to_public("opp", row_id) if touch is None else to_public("tch", touch.id)
    return Opportunity(
        customer_id=customer_id,
        id=row_id,
        manager_id=await repository.serving_manager(session, customer_id=customer_id),
        source=source_of(
            wished=chance.wished,
            in_touch=touch is not None,
            completed=None if task is None else TaskOrigin(task.origin),
        ),
        reference=task.made_by if task is not None and triggered and not chance.wished else about,
        product_code=chance.product_code,
        need=chance.need,
        amount_fen=chance.amount_fen,
        due_on=chance.due_on,
        touch_id=None if touch is None else touch.id,
        opened_on=clock.today(),
        created_by=actor.id,
        created_at=clock.now(),
    )


async def end_opportunity(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    actor: Actor,
    customer_id: UUID,
    opportunity_id: UUID,
    outcome: Outcome,
    precondition: Precondition,
) -> Seen[Opportunity]:
    """Say what became of an opportunity: won, refused by the customer, or lost.

    Raises:
        NotFound, CareRecordOver, VersionConflict: there is no such one, it has ended, or was changed meanwhile.
        ReasonRequired: a refusal takes a reason that says something.
    """
    async with on_record(session, scope, Opportunity, customer_id=customer_id, row_id=opportunity_id) as (
        customer,
        row,
    ):
        precondition(row.revision)
        await _end(session, actor, row, outcome)
        await told(session, actor, row, f"opportunity.{outcome.state}", result=outcome.result)
        return (await opened(session, keys, [row], customer_id=customer.id))[0]


async def end_in_touch(
    session: AsyncSession, scope: Scope, *, actor: Actor, touch: Touch, opportunity_id: UUID, outcome: Outcome
) -> None:
    """Say together with a touch what became of an opportunity, whatever its revision.

    Raises:
        NotFound, CareRecordOver, ReasonRequired: as above.
    """
    customer_id = touch.customer_id
    async with on_record(session, scope, Opportunity, customer_id=customer_id, row_id=opportunity_id) as (_, row):
        await _end(session, actor, row, outcome, touch_id=touch.id)


async def _end(
    session: AsyncSession, actor: Actor, row: Opportunity, outcome: Outcome, touch_id: UUID | None = None
) -> None:
    if row.state != OpportunityState.OPEN:
        raise CareRecordOver(state=row.state)
    today, won = clock.today(), outcome.state is OpportunityState.WON
    sleeps_until = None
    if outcome.state is OpportunityState.REFUSED:
        require_reason(outcome.reason)
        sleeps_until = today + timedelta(days=(await terms_in_force(session)).sleep_days)
    await repository.change(
        session,
        row,
        state=outcome.state,
        result=outcome.result,
        reason=outcome.reason,
        sleeps_until=sleeps_until,
        won_fen=(row.amount_fen if outcome.won_fen is None else outcome.won_fen) if won else None,
        ended_in=touch_id,
        ended_at=clock.now(),
        ended_by=actor.id,
    )
    if won and row.product_code is not None:
        await opportunities.prove(session, row, day=today)


async def terms_in_force(session: AsyncSession) -> OpportunityTerms:
    """Return what the care plan in force says of opportunities."""
    plan = await active_plan(session)
    return OpportunityTerms() if plan is None else PlanTerms.read(plan.terms).opportunities


async def opportunities_in(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    wanted: OpportunityFilter,
    *,
    after: DuePlace | None,
    limit: int,
) -> list[Seen[Opportunity]]:
    """Return opportunities of all customers in scope with their words, the one that is due first before the others."""
    rows = await opportunities.list_opportunities(session, scope, wanted, after=after, limit=limit)
    return await opened(session, keys, rows)
