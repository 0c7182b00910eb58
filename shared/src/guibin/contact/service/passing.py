"""Passing the gate: a place of a customer's month is taken at the decision, so that two who send at once cannot."""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.contact import repository
from guibin.contact.errors import ContactOver
from guibin.contact.models import ContactDecision, ContactState
from guibin.contact.rules import Facts
from guibin.contact.service.judging import ContactRequest, Gate, Judgement, open_gate
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.repository import lock_customers
from guibin.security.actors import Actor
from guibin.security.row_scope import all_rows


async def reserve(
    session: AsyncSession, request: ContactRequest, *, actor: Actor, reference: str | None = None
) -> ContactDecision:
    """Decide on a contact that is to be made now or at `request.at`, and take its place until it is sent.

    The answer is a row either way: `held` until `held_until`, or `refused` with all reasons, which is kept as well; so
    the caller commits, whatever it says. Customers are locked: who asks at the same time is told after this one.
    """
    gate, judgement = await _judge_locked(session, request)
    allowed, now = judgement.verdict.allowed, clock.now()
    row = _row(request, judgement, actor, reference, ContactState.HELD if allowed else ContactState.REFUSED)
    if allowed:
        row.held_until = max(now, gate.at) + timedelta(minutes=gate.policy.terms.held_minutes)
    session.add(row)
    await session.flush()
    return row


async def note_made(
    session: AsyncSession, request: ContactRequest, *, actor: Actor, reference: str | None = None
) -> ContactDecision:
    """Keep a contact that was made already, with what the gate says to it: it counts, allowed or not."""
    _, judgement = await _judge_locked(session, request)
    row = _row(request, judgement, actor, reference, ContactState.SENT)
    row.ended_at = row.at
    session.add(row)
    await session.flush()
    return row


async def mark_sent(session: AsyncSession, row: ContactDecision) -> None:
    """Say that a contact went out: its place is taken for good.

    Raises:
        ContactOver: its place is not held any more.
    """
    await _end(session, row, ContactState.SENT)


async def release(session: AsyncSession, row: ContactDecision) -> None:
    """Say that a contact did not go out: its place is free again.

    Raises:
        ContactOver: its place is not held any more.
    """
    await _end(session, row, ContactState.RELEASED)


async def release_lapsed(session: AsyncSession, *, limit: int) -> int:
    """Release what never went out; returns how many places."""
    return await repository.release_lapsed(session, now=clock.now(), limit=limit)


async def _judge_locked(session: AsyncSession, request: ContactRequest) -> tuple[Gate, Judgement]:
    async with all_rows(session):  # a place that another branch has taken counts
        await lock_customers(session, [request.customer_id])
        gate = await open_gate(session, request.plan, request.at)
        facts = await repository.facts_of(session, [request.customer_id], request.plan, at=gate.at, now=clock.now())
    return gate, gate.judge(facts.get(request.customer_id, Facts(gone=True)))


def _row(
    request: ContactRequest, judgement: Judgement, actor: Actor, reference: str | None, state: ContactState
) -> ContactDecision:
    plan = request.plan
    return ContactDecision(
        customer_id=request.customer_id,
        id=new_id(),
        channel=plan.channel,
        purpose=plan.purpose,
        sender=plan.sender,
        subject=plan.subject,
        reference=reference,
        state=state,
        reasons=list(judgement.verdict.reasons),
        possible_at=judgement.verdict.possible_at,
        policy_version=judgement.policy_version,
        at=judgement.at,
        decided_at=clock.now(),
        decided_by=actor.id,
    )


async def _end(session: AsyncSession, row: ContactDecision, state: ContactState) -> None:
    ended = await repository.end_held(
        session, customer_id=row.customer_id, decision_id=row.id, state=state, at=clock.now()
    )
    await session.refresh(row)
    if not ended:
        raise ContactOver(state=row.state)
