"""Handovers: opened when customers change hands, signed by both managers, confirmed by the customer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.care.rules import after_business_days
from guibin.care.words import words_of
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id, to_public
from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.handovers import repository, rules
from guibin.handovers.errors import HandoverNotYours, HandoverOver, HandoverSigned
from guibin.handovers.models import Handover, HandoverItem, HandoverState
from guibin.handovers.repository import NewHandover, Parties
from guibin.handovers.rules import Side
from guibin.managers.followers import Change, CoverageFollower
from guibin.managers.joint import service as joint
from guibin.managers.joint.repository import Accompanied, ends_of
from guibin.managers.terms.service import COVERAGE_TERMS
from guibin.organisation.calendars import special_days
from guibin.outbox.events import HandoverOverdue, HandoverReady
from guibin.outbox.service import Publication, publish, publish_all
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing
from guibin.security.row_scope import all_rows

_CALENDAR_AHEAD: Final = timedelta(days=40)
_TABLE: Final = "handover"


@dataclass(frozen=True, slots=True)
class HandoverView:
    """A handover with its list and the giver's notes, which are None without any or once the customer is erased."""

    row: Handover
    items: Sequence[HandoverItem]
    notes: str | None


class HandoverFollower(CoverageFollower):
    """Opens a handover for each customer who had a manager and gets another one."""

    name = "handovers"

    async def follow(self, session: AsyncSession, changes: Sequence[Change]) -> None:
        """Open them all; one that still waits for signatures gives way to the new one, or to nobody in the pool.

        The giver accompanies the customer for a while, and whoever did until now does so no longer.
        """
        today, at = clock.today(), clock.now()
        given = [one for one in changes if one.giver_id is not None and one.giver_id != one.taker_id]
        if not given:
            return
        calendar = await special_days(session, today, today + _CALENDAR_AHEAD)
        due_on = after_business_days(today, rules.DAYS_TO_SIGN, calendar)
        async with all_rows(session):
            away = [one.customer_id for one in given]
            await repository.supersede(session, customer_ids=away)
            await joint.end_for(session, away)
            until = await _accompany(session, given)
            opened = [
                NewHandover(one.customer_id, new_id(), one.giver_id, one.taker_id, one.reason, one.on_day, until(one))
                for one in given
                if one.giver_id is not None and one.taker_id is not None
            ]
            await repository.open_many(session, opened, due_on=due_on, at=at, today=today)


async def _accompany(session: AsyncSession, given: Sequence[Change]) -> Callable[[Change], date]:
    """Let givers accompany their customers for the days of the terms; returns until when, the day itself for none."""
    days = (await COVERAGE_TERMS.in_force(session)).terms.accompanied_days

    def until(one: Change) -> date:
        return one.on_day + timedelta(days=days)

    def over(one: Change) -> date:
        return until(one) + timedelta(days=1)

    wanted = [
        Accompanied(one.customer_id, one.giver_id, one.on_day, over(one), one.source, one.reason)
        for one in given
        if days and one.giver_id is not None and one.taker_id is not None
    ]
    begun = await joint.accompany(session, wanted)
    return lambda one: until(one) if one.customer_id in begun else one.on_day


class HandoverParticipant(MergeParticipant):
    """In a merge a handover of the losing customer that waits is over: its manager serves nobody any more."""

    name = "handovers"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Let what waits be superseded."""
        ended = await repository.supersede(session, customer_ids=[merge.losing_id])
        return {"superseded": [str(one) for one in ended]}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Let it wait again."""
        await repository.reopen(session, customer_id=merge.losing_id, ids=moved.get("superseded", []))


async def list_handovers(
    session: AsyncSession,
    scope: Scope,
    *,
    staff_id: UUID,
    state: HandoverState | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Handover]:
    """Return the handovers of customers in scope, and those in which the caller gives or takes, newest first."""
    managers = await repository.managers_of_staff(session, staff_id=staff_id)
    async with all_rows(session):  # who has given a customer away does not reach it any more, and still signs
        return await repository.list_handovers(
            session, scope, managers=managers, state=state, before=before, limit=limit
        )


async def read_handover(
    session: AsyncSession, scope: Scope, keys: KeyRing, *, staff_id: UUID, handover_id: UUID
) -> HandoverView:
    """Return a handover with its list.

    Raises:
        NotFound: there is none in scope, and the caller neither gives nor takes in it.
    """
    managers = await repository.managers_of_staff(session, staff_id=staff_id)
    async with all_rows(session):
        parties = await repository.find(session, scope, handover_id=handover_id, managers=managers)
        return await _view(session, keys, parties.row)


async def sign_handover(
    session: AsyncSession, scope: Scope, keys: KeyRing, *, actor: Actor, handover_id: UUID, notes: str | None
) -> HandoverView:
    """Sign as who gives or who takes; who leads the branch signs for a giver who is gone. With both it is signed.

    Then the customer is told. Notes are the giver's, for who takes.

    Raises:
        NotFound: there is none in scope, and the caller neither gives nor takes in it.
        HandoverNotYours, HandoverSigned, HandoverOver: it is not the caller's, this side has signed, it is over.
    """
    managers = await repository.managers_of_staff(session, staff_id=actor.id)
    async with all_rows(session):
        parties = await repository.find(session, scope, handover_id=handover_id, managers=managers, lock=True)
        row = parties.row
        if row.state != HandoverState.OPEN:
            raise HandoverOver(state=row.state)
        side = _side(parties, actor)
        await _sign(session, row, side, actor)
        if notes is not None and side is Side.GIVER:
            await _note(session, keys, row, notes)
        await session.flush()
        await _record(session, actor, row, "handover.sign", side=side)
        return await _view(session, keys, row)


async def joint_until(session: AsyncSession, row: Handover) -> date:
    """Return until when the giver accompanies the customer, as things stand: the day of the change where none does."""
    today = clock.today()
    ends = await ends_of(session, customer_id=row.customer_id, day=today)
    ended_before = row.joint_until >= today and row.giver_id not in dict(ends)
    return row.on_day if ended_before else row.joint_until


async def confirm_handover(session: AsyncSession, *, actor: Actor, customer_id: UUID) -> Handover:
    """Let the customer confirm the last handover; again changes nothing.

    Raises:
        NotFound: the customer was told of none.
    """
    row = await repository.told_of(session, customer_id=customer_id, lock=True)
    if row is None:
        raise NotFound
    if row.state == HandoverState.SIGNED:
        row.state, row.confirmed_at, row.revision = HandoverState.CONFIRMED, clock.now(), row.revision + 1
        session.add(row)
        await session.flush()
    await _record(session, actor, row, "handover.confirm")
    return row


async def escalate_overdue(session: AsyncSession, *, day: date) -> int:
    """Tell once of each handover that was to be signed before a day; returns how many."""
    found = await repository.escalate(session, day=day)
    await publish_all(
        session,
        [
            Publication(HandoverOverdue(due_on=due_on), handover_id, customer_id, once=str(handover_id))
            for customer_id, handover_id, due_on in found
        ],
    )
    return len(found)


def _side(parties: Parties, actor: Actor) -> Side:
    side = rules.side_of(
        is_giver=parties.giver_staff_id == actor.id,
        is_taker=parties.taker_staff_id == actor.id,
        leads="branch_head" in actor.roles,
        giver_is_gone=parties.giver_is_gone,
    )
    if side is None:
        raise HandoverNotYours
    return side


async def _sign(session: AsyncSession, row: Handover, side: Side, actor: Actor) -> None:
    now = clock.now()
    if side is Side.GIVER:
        if row.giver_signed_at is not None:
            raise HandoverSigned
        row.giver_signed_by, row.giver_signed_at = actor.id, now
    else:
        if row.taker_signed_at is not None:
            raise HandoverSigned
        row.taker_signed_by, row.taker_signed_at = actor.id, now
    row.revision += 1
    if row.giver_signed_at is not None and row.taker_signed_at is not None:
        row.state = HandoverState.SIGNED
        told = HandoverReady(on_day=row.on_day, joint_until=await joint_until(session, row))
        await publish(session, told, subject_id=row.id, customer_id=row.customer_id)
    session.add(row)


async def _note(session: AsyncSession, keys: KeyRing, row: Handover, notes: str) -> None:
    words = await words_of(session, keys, [row.customer_id])
    row.notes_enc = words.seal(notes, _TABLE, "notes_enc", customer_id=row.customer_id, row_id=row.id)


async def _view(session: AsyncSession, keys: KeyRing, row: Handover) -> HandoverView:
    words = await words_of(session, keys, [row.customer_id])
    notes = words.open(row.notes_enc, _TABLE, "notes_enc", customer_id=row.customer_id, row_id=row.id)
    return HandoverView(row, await repository.items_of(session, row), notes)


async def _record(session: AsyncSession, actor: Actor, row: Handover, action: str, **facts: object) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="handover",
        object_id=to_public("hnd", row.id),
        owner_id=row.customer_id,
        facts=facts,
    )


FOLLOWER: Final = HandoverFollower()
PARTICIPANT: Final = HandoverParticipant()
