"""Commands and reads of segments, which are tags of kind `segment`: draft, approval and run are those of tags."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id, to_public
from guibin.customers.repository import get_customer
from guibin.outbox import service as outbox
from guibin.outbox.events import SegmentEntered, SegmentLeft, SegmentReason
from guibin.security.actors import Actor, Scope
from guibin.tags import repository as tags
from guibin.tags.errors import TagRuleMissing
from guibin.tags.models import CustomerTag, Tag, TagKind, TagSource, TagState
from guibin.tags.rules import parse_rule
from guibin.tags.segments import repository
from guibin.tags.segments.models import PinSide, SegmentPin, SegmentSnapshot
from guibin.tags.segments.rules import Step, steps_of
from guibin.tags.service.preview import PREVIEW_SECONDS, read_only


@dataclass(frozen=True, slots=True)
class Waterfall:
    """How many customers in scope each step of a rule leaves, and the pins that stand beside it."""

    as_of: date
    customers: int
    steps: list[tuple[Step, int]]
    pinned_in: int
    pinned_out: int


async def get_segment(session: AsyncSession, *, code: str, lock: bool = False) -> Tag:
    """Return a segment.

    Raises:
        NotFound: there is no tag of this code, or it is no segment.
    """
    found = await tags.get_tag(session, code=code, lock=lock)
    if found.kind != TagKind.SEGMENT:
        raise NotFound
    return found


async def count_steps(
    session: AsyncSession, scope: Scope, segment: Tag, *, rule: dict[str, object] | None = None
) -> Waterfall:
    """Count step by step whom a rule leaves: the one given, else the draft, else the one in force.

    It runs read-only and under the time limit of previews.

    Raises:
        RuleFieldUnknown, RuleOperatorInvalid, RuleValueInvalid, RuleTooComplex: the rule is wrong.
        TagRuleMissing: there is no rule at all.
        RuleTooExpensive: it took too long.
    """
    in_force = await tags.find_version(session, segment)
    raw = rule or segment.draft_rule or (in_force.rule if in_force else None)
    if raw is None:
        raise TagRuleMissing
    steps = steps_of(parse_rule(raw))
    pins = await repository.count_pins(session, scope, code=segment.code)
    async with read_only(session, PREVIEW_SECONDS):
        day = await tags.facts_as_of(session) or clock.last_closed_day()
        customers, counts = await repository.count_each(session, scope, [step.so_far for step in steps], day=day)
    return Waterfall(
        as_of=day,
        customers=customers,
        steps=list(zip(steps, counts, strict=True)),
        pinned_in=pins.get(PinSide.IN, 0),
        pinned_out=pins.get(PinSide.OUT, 0),
    )


async def pin(
    session: AsyncSession, scope: Scope, segment: Tag, *, actor: Actor, customer_id: UUID, side: PinSide, reason: str
) -> SegmentPin:
    """Put a customer into a segment, or out of it, from today on, whatever its rule says; again changes nothing.

    Raises:
        NotFound: no such customer in scope.
        StateConflict: the segment is not published.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    if segment.state == TagState.RETIRED or segment.published_version is None:
        raise StateConflict(**{"from": segment.state, "to": TagState.PUBLISHED})
    lasting = await repository.find_pin(session, code=segment.code, customer_id=customer.id)
    if lasting is not None and lasting.side == side:
        return lasting
    today, was_in = clock.today(), await _is_member(session, scope, segment, customer.id)
    await repository.end_pin(session, code=segment.code, customer_id=customer.id, day=today)
    made = SegmentPin(
        customer_id=customer.id, tag_code=segment.code, since=today, side=side, set_by=actor.id, reason=reason
    )
    await repository.put_pin(session, made)
    if side is PinSide.IN:
        membership = CustomerTag(
            customer_id=customer.id,
            tag_code=segment.code,
            source=TagSource.MANUAL,
            since=today,
            set_by=actor.id,
            reason=reason,
        )
        await tags.put_manual(session, membership)
    else:
        await repository.end_membership(session, code=segment.code, customer_id=customer.id, day=today)
    await _tell(session, segment, customer.id, was_in=was_in, is_in=side is PinSide.IN)
    await _record(session, scope, actor, segment, customer.id, f"segment.pin_{side}", reason)
    return made


async def unpin(
    session: AsyncSession, scope: Scope, segment: Tag, *, actor: Actor, customer_id: UUID, reason: str
) -> None:
    """Let the rule alone say again whether a customer is in; one who was kept out is in again from the next run on.

    Raises:
        NotFound: no such customer in scope, or no pin.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    lasting = await repository.find_pin(session, code=segment.code, customer_id=customer.id)
    if lasting is None:
        raise NotFound
    today = clock.today()
    await repository.end_pin(session, code=segment.code, customer_id=customer.id, day=today)
    if lasting.side == PinSide.IN:
        await repository.end_membership(
            session, code=segment.code, customer_id=customer.id, day=today, source=TagSource.MANUAL
        )
        is_in = await _is_member(session, scope, segment, customer.id)
        await _tell(session, segment, customer.id, was_in=True, is_in=is_in)
    await _record(session, scope, actor, segment, customer.id, "segment.unpin", reason)


async def take_snapshot(
    session: AsyncSession, scope: Scope, segment: Tag, *, actor: Actor, purpose: str
) -> SegmentSnapshot:
    """Freeze the members in scope as they are now."""
    snapshot = SegmentSnapshot(
        id=new_id(),
        tag_code=segment.code,
        version=segment.published_version,
        purpose=purpose,
        members=0,
        taken_by=actor.id,
        taken_at=clock.now(),
    )
    frozen = await repository.freeze(session, scope, snapshot, day=clock.today())
    await audit.record(
        session,
        actor=actor,
        action="segment.snapshot",
        object_type="tag",
        object_id=segment.code,
        reason=purpose,
        facts={"snapshot": to_public("snp", snapshot.id), "members": frozen.members},
    )
    return frozen


async def _is_member(session: AsyncSession, scope: Scope, segment: Tag, customer_id: UUID) -> bool:
    return bool(await tags.find_memberships(session, scope, customer_id=customer_id, code=segment.code))


async def _tell(session: AsyncSession, segment: Tag, customer_id: UUID, *, was_in: bool, is_in: bool) -> None:
    if was_in is is_in:
        return
    event = SegmentEntered if is_in else SegmentLeft
    told = event(segment=segment.code, version=segment.published_version, reason=SegmentReason.PIN)
    await outbox.publish(session, told, subject_id=customer_id, customer_id=customer_id)


async def _record(
    session: AsyncSession, scope: Scope, actor: Actor, segment: Tag, customer_id: UUID, action: str, reason: str
) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="customer",
        object_id=to_public("cus", customer_id),
        owner_id=customer_id,
        scope=scope,
        reason=reason,
        facts={"segment": segment.code},
    )
