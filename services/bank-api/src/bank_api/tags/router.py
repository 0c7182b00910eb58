"""Tags on the bank port: their definitions and life, and the tags of customers."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from bank_api.runs.freshness import freshness_of_facts
from guibin.approvals.errors import StateConflict
from guibin.core import clock
from guibin.core.errors import PreconditionRequired, VersionConflict
from guibin.core.ids import CustomerId
from guibin.core.text import Code
from guibin.customers.repository import get_customer
from guibin.security.actors import Domain, Scope, Verb, decide
from guibin.tags import repository, service
from guibin.tags.errors import (
    RuleCycle,
    RuleFieldUnknown,
    RuleOperatorInvalid,
    RuleTagUnknown,
    RuleTextInvalid,
    RuleTooComplex,
    RuleTooExpensive,
    RuleValueInvalid,
    TagCategoryExists,
    TagCategoryUnknown,
    TagConsentMissing,
    TagExists,
    TagInUse,
    TagKindConflict,
    TagNotRealTime,
    TagRuleMissing,
    TagSensitivityTooLow,
)
from guibin.tags.freshness import stale_among
from guibin.tags.lineage.models import UseWay
from guibin.tags.lineage.service import decided_by
from guibin.tags.models import COMPUTED, Sensitivity, Tag, TagAxis, TagKind, TagState
from guibin.tags.sensitivity import count_hidden
from guibin.web import (
    BodyLimit,
    DataClass,
    Day,
    FreshnessOut,
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

from .category_schemas import CategoriesOut, CategoryIn, CategoryOut
from .figures import judged_on
from .run_schemas import SuspendedOut
from .schemas import (
    CustomerTagOut,
    CustomerTagsOut,
    PreviewIn,
    PreviewOut,
    ReasonIn,
    RetiredOut,
    SuspendIn,
    TagDetailOut,
    TagEdit,
    TagIn,
    TagOut,
    TagRunNowOut,
    TagVersionOut,
)
from .using import used

router = PortRouter(prefix="/v1", tags=["tags"])

READ = staff(Verb.READ, Domain.TAGS)
DEFINE = staff(Verb.SUBMIT, Domain.TAGS)
BY_HAND = staff(Verb.WRITE, Domain.TAGS)
WRONG_RULE = (RuleFieldUnknown, RuleOperatorInvalid, RuleValueInvalid, RuleTooComplex, RuleTagUnknown)
WRONG_DRAFT = (*WRONG_RULE, RuleTextInvalid, RuleCycle, TagNotRealTime)

SET_REFUSALS = (StateConflict, TagKindConflict, TagConsentMissing)
MISPLACED = (TagCategoryUnknown, TagSensitivityTooLow)


def sensitive_in(call: StaffCall) -> Scope:
    """Return whose sensitive tags the caller may see."""
    return decide(call.grants, Verb.REVEAL, Domain.TAGS, staff_id=call.actor.id) or Scope.nothing()


@router.get("/tags", operation_id="listTags")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_tags(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    kind: Annotated[TagKind | None, Query(description="Only those of this kind")] = None,
    axis: Annotated[TagAxis | None, Query(description="Only those of this axis")] = None,
    state: Annotated[TagState | None, Query(description="Only those in this state")] = None,
    category: Annotated[Code | None, Query(description="Only those of this category and below")] = None,
) -> Page[TagOut]:
    """List tags in the order of their codes."""
    rows = await repository.list_tags(
        call.session, limit=page.fetch, after=page.after_code, kind=kind, axis=axis, state=state, category=category
    )
    return page.answer(rows, position=lambda row: row.code, shape=TagOut.model_validate)


@router.post("/tags", status_code=201, operation_id="createTag")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    body_limit=BodyLimit.BATCH,
    refusals=(*WRONG_DRAFT, *MISPLACED, TagExists, TagKindConflict),
)
async def create_tag(call: StaffCall, body: Annotated[TagIn, json_body(TagIn)], response: Response) -> TagDetailOut:
    """Make a tag. A rule tag is a draft that nobody has before it is approved; a manual tag can be set at once."""
    tag = await service.create_tag(call.session, actor=call.actor, code=body.code, kind=body.kind, draft=body.draft())
    return await _detail(call, tag, response)


@router.get("/tags/{code}", operation_id="getTag")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_tag(call: StaffCall, code: Code, response: Response) -> TagDetailOut:
    """Show a tag with its rules and its reach; its revision is the ETag."""
    return await _detail(call, await repository.get_tag(call.session, code=code), response)


@router.put("/tags/{code}", operation_id="editTag")
@declare(
    caller=DEFINE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    body_limit=BodyLimit.BATCH,
    refusals=(
        *WRONG_DRAFT,
        *MISPLACED,
        *(PreconditionRequired, VersionConflict, StateConflict, TagExists, TagKindConflict),
    ),
)
async def edit_tag(
    call: StaffCall, code: Code, body: Annotated[TagEdit, json_body(TagEdit)], response: Response
) -> TagDetailOut:
    """Replace names and draft of a tag that was read with the ETag sent as If-Match; what is published stays."""
    tag = await repository.get_tag(call.session, code=code, lock=True)
    call.require_if_match(tag.revision)
    return await _detail(
        call, await service.edit_tag(call.session, tag, actor=call.actor, draft=body.draft()), response
    )


@router.post("/tags/{code}/preview", operation_id="previewTag")
@declare(
    caller=DEFINE,
    rate=RateClass.SEARCH,
    data=DataClass.C2,
    body_limit=BodyLimit.BATCH,
    refusals=(*WRONG_RULE, TagKindConflict, TagRuleMissing, RuleTooExpensive),
)
async def preview_tag(call: StaffCall, code: Code, body: Annotated[PreviewIn, json_body(PreviewIn)]) -> PreviewOut:
    """Count whom a rule would hit in your scope, at most 5 seconds long; nothing is stored."""
    tag = await repository.get_tag(call.session, code=code)
    if tag.kind not in COMPUTED:
        raise TagKindConflict(kind=tag.kind)
    in_force = await repository.find_version(call.session, tag)
    rule = body.rule or tag.draft_rule or (in_force.rule if in_force else None)
    if rule is None:
        raise TagRuleMissing
    kind = TagKind(tag.kind)
    found = await service.preview_rule(
        call.session, call.scope, kind=kind, rule=rule, in_force=in_force, as_of=body.as_of
    )
    freshness = await freshness_of_facts(call, found.as_of)
    return PreviewOut.of(found, freshness, with_sample=tag.sensitivity != Sensitivity.SENSITIVE)


@router.post("/tags/{code}/submit", status_code=202, operation_id="submitTag")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(StateConflict, TagKindConflict, TagRuleMissing, RuleTagUnknown, RuleTooExpensive),
)
async def submit_tag(call: StaffCall, code: Code) -> SubmittedOut:
    """Ask another person to put the draft in force; the approver sees both rules and how many customers each hits."""
    tag = await repository.get_tag(call.session, code=code, lock=True)
    return SubmittedOut.of(await service.submit_tag(call.session, call.scope, tag, actor=call.actor))


@router.post("/tags/{code}/retire", operation_id="retireTag")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(StateConflict, TagInUse),
)
async def retire_tag(call: StaffCall, code: Code, body: Annotated[ReasonIn, json_body(ReasonIn)]) -> RetiredOut:
    """Take a tag out of use by which nothing decides: its memberships end today, its history and its code stay."""
    tag = await repository.get_tag(call.session, code=code, lock=True)
    ended = await service.retire_tag(call.session, tag, actor=call.actor, reason=body.reason)
    return RetiredOut(code=tag.code, state=TagState(tag.state), ended=ended)


@router.post("/tags/{code}/suspend", operation_id="suspendTag")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(StateConflict,),
)
async def suspend_tag(call: StaffCall, code: Code, body: Annotated[SuspendIn, json_body(SuspendIn)]) -> SuspendedOut:
    """Freeze a published tag: no run and nobody gives it, who has it keeps it, until it is resumed or retired.

    The answer lists what decides by the tag, and goes on to do so by members that stay as they are.
    """
    tag = await repository.get_tag(call.session, code=code, lock=True)
    suspended = await service.suspend_tag(
        call.session, tag, actor=call.actor, reason=body.reason, retires_in_days=body.retires_in_days
    )
    affected = [user.label for user in await decided_by(call.session, code)]
    return SuspendedOut(**suspended.model_dump(), affected=affected)


@router.post("/tags/{code}/resume", operation_id="resumeTag")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(StateConflict,),
)
async def resume_tag(call: StaffCall, code: Code, body: Annotated[ReasonIn, json_body(ReasonIn)]) -> TagOut:
    """Take a suspended tag up again; a date on which it was to be retired is off."""
    tag = await repository.get_tag(call.session, code=code, lock=True)
    return TagOut.model_validate(await service.resume_tag(call.session, tag, actor=call.actor, reason=body.reason))


@router.post("/tags/{code}/run", operation_id="runTag")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.SEARCH,
    data=DataClass.C1,
    refusals=(StateConflict, TagKindConflict, TagRuleMissing),
)
async def run_tag(call: StaffCall, code: Code) -> TagRunNowOut:
    """Give one tag anew to all customers on the facts of the last night, as `update_policy` manual waits for."""
    tag = await repository.get_tag(call.session, code=code, lock=True)
    return TagRunNowOut(code=tag.code, **await service.run_tag(call.session, tag, actor=call.actor))


@router.get("/tag-categories", operation_id="listTagCategories")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_categories(call: StaffCall) -> CategoriesOut:
    """Show the tree of categories: the axes, under each the kinds of customers, under these the bank's own."""
    rows = await repository.list_categories(call.session)
    return CategoriesOut(items=[CategoryOut.model_validate(row) for row in rows])


@router.post("/tag-categories", status_code=201, operation_id="createTagCategory")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(TagCategoryUnknown, TagCategoryExists),
)
async def create_category(call: StaffCall, body: Annotated[CategoryIn, json_body(CategoryIn)]) -> CategoryOut:
    """Add a category below another one; it belongs to the same axis."""
    made = await service.create_category(
        call.session,
        actor=call.actor,
        code=body.code,
        parent=body.parent,
        name_zh=body.name_zh,
        name_en=body.name_en,
    )
    return CategoryOut.model_validate(made)


@router.get("/tags/{code}/versions", operation_id="listTagVersions")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_versions(call: StaffCall, code: Code, page: Annotated[PageRequest, page_query()]) -> Page[TagVersionOut]:
    """List the published versions of a tag, newest first."""
    tag = await repository.get_tag(call.session, code=code)
    rows = await repository.list_versions(call.session, code=tag.code, limit=page.fetch, before=page.after_seq)
    return page.answer(rows, position=lambda row: row.version, shape=TagVersionOut.model_validate)


@router.get("/customers/{customer_id}/tags", operation_id="listCustomerTags")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_customer_tags(
    call: StaffCall,
    customer_id: CustomerId,
    as_of: Annotated[Day | None, Query(description="The day of business; today without it")] = None,
) -> CustomerTagsOut:
    """List the tags that a customer has, or had on a day."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    day = as_of or clock.today()
    sight = sensitive_in(call)
    held = await repository.list_held(call.session, call.scope, customer_id=customer.id, day=day, sensitive_in=sight)
    hidden = await count_hidden(call.session, call.scope, customer_id=customer.id, day=day, sensitive_in=sight)
    await service.record_seen(call.session, call.scope, held, actor=call.actor)
    await used(call, UseWay.SHOWN, (one.tag.code for one in held))
    closed = min(day, clock.last_closed_day())
    stale = await stale_among(call.session, (one.tag for one in held), day=closed)
    items = [CustomerTagOut.of(one, stale=one.tag.code in stale) for one in held]
    figures = None if as_of else await judged_on(call, customer.id)
    return CustomerTagsOut(
        customer_id=customer.id,
        as_of=day,
        freshness=FreshnessOut.of(figures) if figures else None,
        items=items,
        hidden=hidden,
    )


@router.put("/customers/{customer_id}/tags/{code}", operation_id="setCustomerTag")
@declare(caller=BY_HAND, rate=RateClass.WRITE, data=DataClass.C2, refusals=SET_REFUSALS)
async def set_customer_tag(
    call: StaffCall, customer_id: CustomerId, code: Code, body: Annotated[ReasonIn, json_body(ReasonIn)]
) -> CustomerTagOut:
    """Give a customer a manual tag; no run takes it away. A customer who has it keeps it as it was given, confirmed."""
    held = await service.set_tag(
        call.session,
        call.scope,
        actor=call.actor,
        customer_id=customer_id,
        code=code,
        reason=body.reason,
        sensitive_in=sensitive_in(call),
    )
    await used(call, UseWay.GIVEN, [code])
    return CustomerTagOut.of(held)


@router.delete("/customers/{customer_id}/tags/{code}", status_code=204, operation_id="unsetCustomerTag")
@declare(caller=BY_HAND, rate=RateClass.WRITE, data=DataClass.C2, refusals=(TagKindConflict,))
async def unset_customer_tag(
    call: StaffCall, customer_id: CustomerId, code: Code, body: Annotated[ReasonIn, json_body(ReasonIn)]
) -> None:
    """Take a manual tag from a customer; that the customer had it stays on record."""
    await service.unset_tag(
        call.session,
        call.scope,
        actor=call.actor,
        customer_id=customer_id,
        code=code,
        reason=body.reason,
        sensitive_in=sensitive_in(call),
    )


async def _detail(call: StaffCall, tag: Tag, response: Response) -> TagDetailOut:
    set_etag(response, tag.revision)
    in_force = await repository.find_version(call.session, tag)
    if call.scope == Scope(aggregates=True):
        reach = await repository.count_in_aggregate(call.session, code=tag.code)
    else:
        reach = await repository.count_reach(call.session, call.scope, code=tag.code)
    return TagDetailOut.of(tag, in_force.rule if in_force else None, reach)
