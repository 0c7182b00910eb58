"""Segments on the bank port: sets of customers by rule and by hand, counted, listed and frozen.

A segment is a tag of kind `segment`: the routes of tags show, edit, submit and retire it, list its versions and runs,
and say why a customer is in it.
"""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from bank_api.runs.freshness import freshness_of_facts
from bank_api.tags.schemas import TagDetailOut, TagOut
from bank_api.tags.using import used
from guibin.approvals.errors import StateConflict
from guibin.core import clock
from guibin.core.ids import CustomerId, SnapshotId
from guibin.core.text import Code
from guibin.security.actors import Domain, Verb
from guibin.tags import repository as tags
from guibin.tags.errors import (
    RuleCycle,
    RuleFieldUnknown,
    RuleOperatorInvalid,
    RuleTagUnknown,
    RuleTooComplex,
    RuleTooExpensive,
    RuleValueInvalid,
    TagExists,
    TagRuleMissing,
)
from guibin.tags.lineage.models import UseWay
from guibin.tags.models import TagKind
from guibin.tags.segments import repository, service
from guibin.tags.service import create_tag
from guibin.web import (
    BodyLimit,
    DataClass,
    Day,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    json_body,
    page_query,
    set_etag,
    staff,
)

from .schemas import (
    ComparedOut,
    CountIn,
    FrozenOut,
    MemberOut,
    PinIn,
    PinOut,
    SegmentIn,
    SnapshotIn,
    SnapshotOut,
    UnpinIn,
    WaterfallOut,
)

router = PortRouter(prefix="/v1/segments", tags=["segments"])

READ = staff(Verb.READ, Domain.TAGS)
DEFINE = staff(Verb.SUBMIT, Domain.TAGS)
BY_HAND = staff(Verb.WRITE, Domain.TAGS)
WRONG_RULE = (RuleFieldUnknown, RuleOperatorInvalid, RuleValueInvalid, RuleTooComplex, RuleTagUnknown)


@router.get("", operation_id="listSegments")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_segments(call: StaffCall, page: Annotated[PageRequest, page_query()]) -> Page[TagOut]:
    """List segments in the order of their codes."""
    rows = await tags.list_tags(call.session, limit=page.fetch, after=page.after_code, kind=TagKind.SEGMENT)
    return page.answer(rows, position=lambda row: row.code, shape=TagOut.model_validate)


@router.post("", status_code=201, operation_id="createSegment")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    body_limit=BodyLimit.BATCH,
    refusals=(*WRONG_RULE, RuleCycle, TagExists),
)
async def create_segment(
    call: StaffCall, body: Annotated[SegmentIn, json_body(SegmentIn)], response: Response
) -> TagDetailOut:
    """Make a segment: a draft that nobody is in before it is submitted (`POST /v1/tags/{code}/submit`) and approved."""
    made = await create_tag(call.session, actor=call.actor, code=body.code, kind=TagKind.SEGMENT, draft=body.draft())
    set_etag(response, made.revision)
    reach = await tags.count_reach(call.session, call.scope, code=made.code)
    return TagDetailOut.of(made, None, reach)


@router.post("/{code}/count", operation_id="countSegment")
@declare(
    caller=DEFINE,
    rate=RateClass.SEARCH,
    data=DataClass.C2,
    body_limit=BodyLimit.BATCH,
    refusals=(*WRONG_RULE, TagRuleMissing, RuleTooExpensive),
)
async def count_segment(call: StaffCall, code: Code, body: Annotated[CountIn, json_body(CountIn)]) -> WaterfallOut:
    """Count whom each step of a rule leaves in your scope, at most 5 seconds long; nothing is stored."""
    segment = await service.get_segment(call.session, code=code)
    await used(call, UseWay.COUNTED, [code])
    found = await service.count_steps(call.session, call.scope, segment, rule=body.rule)
    return WaterfallOut.of(found, await freshness_of_facts(call, found.as_of))


@router.get("/{code}/members", operation_id="listSegmentMembers")
@declare(caller=READ, rate=RateClass.SEARCH, data=DataClass.C2)
async def list_members(
    call: StaffCall,
    code: Code,
    page: Annotated[PageRequest, page_query()],
    as_of: Annotated[Day | None, Query(description="The day of business; today without it")] = None,
) -> Page[MemberOut]:
    """List the members of a segment in your scope, now or on a past day, each with what put it there."""
    segment = await service.get_segment(call.session, code=code)
    rows = await repository.list_members(
        call.session,
        call.scope,
        code=segment.code,
        day=as_of or clock.today(),
        limit=page.fetch,
        after=page.after_id,
    )
    return page.answer(rows, position=lambda row: str(row.customer_id), shape=MemberOut.of)


@router.get("/{code}/pins", operation_id="listSegmentPins")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_pins(call: StaffCall, code: Code, page: Annotated[PageRequest, page_query()]) -> Page[PinOut]:
    """List the customers in your scope who were put into a segment, or out of it, by hand."""
    segment = await service.get_segment(call.session, code=code)
    rows = await repository.list_pins(
        call.session, call.scope, code=segment.code, limit=page.fetch, after=page.after_id
    )
    return page.answer(rows, position=lambda row: str(row.customer_id), shape=PinOut.of)


@router.put("/{code}/pins/{customer_id}", operation_id="pinCustomer")
@declare(caller=BY_HAND, rate=RateClass.WRITE, data=DataClass.C2, refusals=(StateConflict,))
async def pin_customer(
    call: StaffCall, code: Code, customer_id: CustomerId, body: Annotated[PinIn, json_body(PinIn)]
) -> PinOut:
    """Put a customer into a segment, or out of it, at once; no run changes that."""
    segment = await service.get_segment(call.session, code=code)
    made = await service.pin(
        call.session,
        call.scope,
        segment,
        actor=call.actor,
        customer_id=customer_id,
        side=body.side,
        reason=body.reason,
    )
    return PinOut.of(made)


@router.delete("/{code}/pins/{customer_id}", status_code=204, operation_id="unpinCustomer")
@declare(caller=BY_HAND, rate=RateClass.WRITE, data=DataClass.C2)
async def unpin_customer(
    call: StaffCall, code: Code, customer_id: CustomerId, body: Annotated[UnpinIn, json_body(UnpinIn)]
) -> None:
    """Let the rule alone say whether a customer is in; one who was kept out comes in with the next run."""
    segment = await service.get_segment(call.session, code=code)
    await service.unpin(
        call.session, call.scope, segment, actor=call.actor, customer_id=customer_id, reason=body.reason
    )


@router.post("/{code}/snapshots", status_code=201, operation_id="takeSegmentSnapshot")
@declare(caller=DEFINE, idempotency=Idempotency.OPTIONAL, rate=RateClass.WRITE, data=DataClass.C1)
async def take_snapshot(call: StaffCall, code: Code, body: Annotated[SnapshotIn, json_body(SnapshotIn)]) -> SnapshotOut:
    """Freeze the members in your scope as they are now: the list of a campaign, which no run changes."""
    segment = await service.get_segment(call.session, code=code)
    await used(call, UseWay.COUNTED, [code])
    return SnapshotOut.of(
        await service.take_snapshot(call.session, call.scope, segment, actor=call.actor, purpose=body.purpose)
    )


@router.get("/{code}/snapshots", operation_id="listSegmentSnapshots")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_snapshots(call: StaffCall, code: Code, page: Annotated[PageRequest, page_query()]) -> Page[SnapshotOut]:
    """List the snapshots of a segment, newest first."""
    segment = await service.get_segment(call.session, code=code)
    rows = await repository.list_snapshots(call.session, code=segment.code, limit=page.fetch, before=page.after_id)
    return page.answer(rows, position=lambda row: str(row.id), shape=SnapshotOut.of)


@router.get("/{code}/snapshots/{snapshot_id}", operation_id="getSegmentSnapshot")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_snapshot(call: StaffCall, code: Code, snapshot_id: SnapshotId) -> ComparedOut:
    """Hold a snapshot against the segment as it is now: who is still in it, who has left, who has joined."""
    found = await repository.get_snapshot(call.session, code=code, snapshot_id=snapshot_id)
    return ComparedOut.compared(found, await repository.compare(call.session, call.scope, found, day=clock.today()))


@router.get("/{code}/snapshots/{snapshot_id}/members", operation_id="listSnapshotMembers")
@declare(caller=READ, rate=RateClass.SEARCH, data=DataClass.C2)
async def list_snapshot_members(
    call: StaffCall, code: Code, snapshot_id: SnapshotId, page: Annotated[PageRequest, page_query()]
) -> Page[FrozenOut]:
    """List the customers of a snapshot who are in your scope."""
    found = await repository.get_snapshot(call.session, code=code, snapshot_id=snapshot_id)
    rows = await repository.list_frozen(
        call.session, call.scope, snapshot_id=found.id, limit=page.fetch, after=page.after_id
    )
    return page.answer(rows, position=str, shape=lambda row: FrozenOut(customer_id=row))
