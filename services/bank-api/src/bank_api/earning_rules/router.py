"""Rules of earning on the bank port: drafting, trying out, four eyes, ending."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from bank_api.tags.naming import require_nameable
from guibin.approvals.errors import StateConflict
from guibin.core import clock
from guibin.core.errors import PreconditionRequired, VersionConflict
from guibin.core.text import Code
from guibin.points.assets.errors import DepositRewardForbidden
from guibin.points.earning import repository
from guibin.points.earning.errors import PointsEndUnspent, RuleCodeTaken, RuleDraftMissing, RuleTermsInvalid
from guibin.points.earning.models import EarningRule, RuleState
from guibin.points.earning.naming import tags_named
from guibin.points.earning.rules import read_rule
from guibin.points.earning.service import definitions, publishing, testing
from guibin.points.earning.terms import EarningTerms
from guibin.points.errors import LimitExceeded
from guibin.security.actors import Domain, Verb
from guibin.tags.errors import (
    RuleFieldUnknown,
    RuleOperatorInvalid,
    RuleTooComplex,
    RuleTooExpensive,
    RuleValueInvalid,
    TagSensitive,
)
from guibin.web import (
    BodyLimit,
    DataClass,
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
    EarningBackTestIn,
    EarningBackTestOut,
    EarningCloneIn,
    EarningEndIn,
    EarningRuleEdit,
    EarningRuleIn,
    EarningRuleOut,
    EarningSimulationIn,
    EarningSimulationOut,
    EarningVersionOut,
)

router = PortRouter(prefix="/v1/earning-rules", tags=["earning rules"])

READ = staff(Verb.READ, Domain.POINTS)
DEFINE = staff(Verb.SUBMIT, Domain.POINTS)
WRONG_TERMS = (
    RuleFieldUnknown,
    RuleOperatorInvalid,
    RuleValueInvalid,
    RuleTooComplex,
    PointsEndUnspent,
    RuleTermsInvalid,
    DepositRewardForbidden,
)


@router.get("", operation_id="listEarningRules")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_rules(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[RuleState | None, Query(description="Only those in this state")] = None,
) -> Page[EarningRuleOut]:
    """List which events earn what, in the order of the codes, each with its last approved version."""
    rows = await repository.list_rules(call.session, limit=page.fetch, after=page.after_code, state=state)
    versions = await repository.versions_of(call.session, codes=[row.code for row in rows])
    return page.answer(
        rows,
        position=lambda row: row.code,
        shape=lambda row: EarningRuleOut.of(row, versions.get((row.code, row.active_version or 0))),
    )


@router.post("", status_code=201, operation_id="createEarningRule")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    body_limit=BodyLimit.BATCH,
    refusals=(*WRONG_TERMS, RuleCodeTaken, TagSensitive),
)
async def create_rule(
    call: StaffCall, body: Annotated[EarningRuleIn, json_body(EarningRuleIn)], response: Response
) -> EarningRuleOut:
    """Draft a rule of a branch in your scope, or of the bank; nobody earns by it before another person approves."""
    await _require_nameable(call, body.terms)
    rule = await definitions.create_rule(
        call.session, call.scope, actor=call.actor, code=body.code, branch=body.branch, terms=body.terms
    )
    return await _shown(call, rule, response)


@router.get("/{rule_code}", operation_id="getEarningRule")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_rule(call: StaffCall, rule_code: Code, response: Response) -> EarningRuleOut:
    """Show a rule with its draft and its terms in force; its revision is the ETag."""
    return await _shown(call, await repository.get_rule(call.session, code=rule_code), response)


@router.put("/{rule_code}", operation_id="editEarningRule")
@declare(
    caller=DEFINE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    body_limit=BodyLimit.BATCH,
    refusals=(*WRONG_TERMS, PreconditionRequired, VersionConflict, StateConflict, TagSensitive),
)
async def edit_rule(
    call: StaffCall, rule_code: Code, body: Annotated[EarningRuleEdit, json_body(EarningRuleEdit)], response: Response
) -> EarningRuleOut:
    """Replace the draft of a rule that was read with the ETag sent as If-Match; what is in force stays."""
    rule = await repository.get_rule(call.session, code=rule_code, lock=True)
    call.require_if_match(rule.revision)
    await _require_nameable(call, body.terms)
    edited = await definitions.edit_rule(call.session, call.scope, rule, actor=call.actor, terms=body.terms)
    return await _shown(call, edited, response)


@router.post("/{rule_code}/clone", status_code=201, operation_id="cloneEarningRule")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(*WRONG_TERMS, RuleCodeTaken, RuleDraftMissing),
)
async def clone_rule(
    call: StaffCall, rule_code: Code, body: Annotated[EarningCloneIn, json_body(EarningCloneIn)], response: Response
) -> EarningRuleOut:
    """Draft a copy under another code: of the draft, or else of the terms in force."""
    copy = await definitions.clone_rule(call.session, call.scope, actor=call.actor, code=rule_code, new_code=body.code)
    return await _shown(call, copy, response)


@router.post("/{rule_code}/submit", status_code=202, operation_id="submitEarningRule")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(*WRONG_TERMS, StateConflict, RuleDraftMissing, LimitExceeded),
)
async def submit_rule(call: StaffCall, rule_code: Code) -> SubmittedOut:
    """Ask another person to put the draft in force; the approver sees both terms and a back-test of last month.

    What it would have cost then counts against your limit and the approver's.
    """
    rule = await repository.get_rule(call.session, code=rule_code, lock=True)
    return SubmittedOut.of(await publishing.submit_rule(call.session, rule, actor=call.actor, grants=call.grants))


@router.post("/{rule_code}/end", operation_id="endEarningRule")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(StateConflict,),
)
async def end_rule(
    call: StaffCall, rule_code: Code, body: Annotated[EarningEndIn, json_body(EarningEndIn)], response: Response
) -> EarningRuleOut:
    """Let a rule end now, for good. Events that occurred before still earn by it when they come in late."""
    rule = await repository.get_rule(call.session, code=rule_code, lock=True)
    await definitions.end_rule(call.session, call.scope, rule, actor=call.actor, reason=body.reason)
    return await _shown(call, rule, response)


@router.get("/{rule_code}/versions", operation_id="listEarningRuleVersions")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_versions(
    call: StaffCall, rule_code: Code, page: Annotated[PageRequest, page_query()]
) -> Page[EarningVersionOut]:
    """List the approved versions of a rule, newest first; entries name the one that made them."""
    rule = await repository.get_rule(call.session, code=rule_code)
    rows = await repository.list_versions(call.session, code=rule.code, limit=page.fetch, before=page.after_seq)
    return page.answer(rows, position=lambda row: row.version, shape=EarningVersionOut.model_validate)


@router.post("/{rule_code}/simulate", operation_id="simulateEarningRule")
@declare(
    caller=DEFINE,
    rate=RateClass.SEARCH,
    data=DataClass.C2,
)
async def simulate(
    call: StaffCall, rule_code: Code, body: Annotated[EarningSimulationIn, json_body(EarningSimulationIn)]
) -> EarningSimulationOut:
    """Say what an event of a customer would earn now, rule by rule and why; nothing is written.

    The draft of this rule counts as if it were in force, without a draft its terms as they are.
    """
    rule = await repository.get_rule(call.session, code=rule_code)
    event = body.occurrence(clock.business_day(body.occurred_at))
    draft = None if rule.draft is None else (rule.code, rule.branch, EarningTerms.of(rule.draft))
    return EarningSimulationOut.of(await testing.simulate(call.session, call.scope, event=event, draft=draft))


@router.post("/{rule_code}/back-test", operation_id="backTestEarningRule")
@declare(
    caller=DEFINE,
    rate=RateClass.SEARCH,
    data=DataClass.C2,
    refusals=(RuleDraftMissing, RuleTooExpensive),
)
async def back_test(
    call: StaffCall, rule_code: Code, body: Annotated[EarningBackTestIn, json_body(EarningBackTestIn)]
) -> EarningBackTestOut:
    """Count what the draft, or else the terms in force, would have given in a month: winners, points, cost, by tier.

    The rule is taken alone, from nothing given before, on the facts of now; at most 10 seconds long.
    """
    rule = await repository.get_rule(call.session, code=rule_code)
    terms = await definitions.latest_terms(call.session, rule)
    if terms is None:
        raise RuleDraftMissing
    tested = await testing.back_test(
        call.session, call.scope, code=rule.code, branch=rule.branch, terms=terms, month=body.first_day
    )
    return EarningBackTestOut.of(tested)


async def _shown(call: StaffCall, rule: EarningRule, response: Response) -> EarningRuleOut:
    set_etag(response, rule.revision)
    return EarningRuleOut.of(rule, await repository.find_version(call.session, rule))


async def _require_nameable(call: StaffCall, terms: EarningTerms) -> None:
    rule = read_rule(code="", version=0, terms=terms, in_force_from=clock.now())
    await require_nameable(call, tags_named(terms, rule))
