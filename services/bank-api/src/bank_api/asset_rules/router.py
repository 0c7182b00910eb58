"""Earning from assets on the bank port: rules in versions, what they would give, and who agrees."""

from typing import Annotated

from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from bank_api.customers.views import view_of
from guibin.core.errors import PreconditionRequired, VersionConflict
from guibin.core.ids import AssetRuleId
from guibin.managers.repository import is_primary_manager
from guibin.points.assets import service
from guibin.points.assets.errors import (
    AssetMonthBegun,
    AssetRuleInvalid,
    AssetRuleNotDraft,
    AssetRuleOpen,
    DepositRewardForbidden,
)
from guibin.points.assets.service import ASSET_RULES
from guibin.security.actors import Domain, Verb
from guibin.tags.errors import RuleTooExpensive
from guibin.web import (
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
    AssetBackTestIn,
    AssetBackTestOut,
    AssetRuleIn,
    AssetRuleOut,
    AssetRuleTermsIn,
    AssetSimulationIn,
    AssetSimulationOut,
    month_in,
)

router = PortRouter(prefix="/v1", tags=["points"])

READ = staff(Verb.READ, Domain.POINTS)
DEFINE = staff(Verb.SUBMIT, Domain.POINTS)
WRONG_TERMS = (AssetRuleInvalid, AssetMonthBegun, DepositRewardForbidden)


@router.get("/asset-rules", operation_id="listAssetRules")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_rules(call: StaffCall, page: Annotated[PageRequest, page_query()]) -> Page[AssetRuleOut]:
    """List the versions of all rules that give points for assets, the newest first."""
    rows = await ASSET_RULES.page(call.session, limit=page.fetch, before=page.after_moment)
    return page.answer(rows, position=lambda row: (row.created_at, row.id), shape=AssetRuleOut.of)


@router.post("/asset-rules", status_code=201, operation_id="createAssetRule")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(AssetRuleOpen, *WRONG_TERMS),
)
async def create_rule(
    call: StaffCall, body: Annotated[AssetRuleIn, json_body(AssetRuleIn)], response: Response
) -> AssetRuleOut:
    """Draft a rule, or the next version of one. It gives nothing before another person has approved it.

    `asset_rule_invalid` names its fault: `wallet_unknown`, `wallet_or_owner_changed`, `branch_unknown`, `tier_unknown`,
    `step_or_rate` (exactly one is to be given), `rate_out_of_range`, `nothing_counts` or `months_out_of_order`.
    A class of deposits (`deposits`, `structured`, `certificate_of_deposit`) that counts in a wallet which buys goods,
    coupons or top-ups, or is transferable, is refused `deposit_reward_forbidden` unless the document of compliance is
    named.
    """
    rule = await service.create_rule(call.session, call.scope, actor=call.actor, code=body.code, terms=body.terms())
    set_etag(response, rule.revision)
    return AssetRuleOut.of(rule)


@router.get("/asset-rules/{asset_rule_id}", operation_id="getAssetRule")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_rule(call: StaffCall, asset_rule_id: AssetRuleId, response: Response) -> AssetRuleOut:
    """Show one version; its revision is the ETag."""
    rule = await ASSET_RULES.get(call.session, asset_rule_id)
    set_etag(response, rule.revision)
    return AssetRuleOut.of(rule)


@router.put("/asset-rules/{asset_rule_id}", operation_id="editAssetRule")
@declare(
    caller=DEFINE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(PreconditionRequired, VersionConflict, AssetRuleNotDraft, *WRONG_TERMS),
)
async def edit_rule(
    call: StaffCall,
    asset_rule_id: AssetRuleId,
    body: Annotated[AssetRuleTermsIn, json_body(AssetRuleTermsIn)],
    response: Response,
) -> AssetRuleOut:
    """Replace the terms of a draft that was read with the ETag sent as If-Match."""
    rule = await ASSET_RULES.lock(call.session, asset_rule_id)
    call.require_if_match(rule.revision)
    edited = await service.edit_rule(call.session, call.scope, rule, actor=call.actor, terms=body.terms())
    set_etag(response, edited.revision)
    return AssetRuleOut.of(edited)


@router.post("/asset-rules/{asset_rule_id}/submit", status_code=202, operation_id="submitAssetRule")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(AssetRuleNotDraft, AssetRuleInvalid, AssetMonthBegun, DepositRewardForbidden),
)
async def submit_rule(call: StaffCall, asset_rule_id: AssetRuleId) -> SubmittedOut:
    """Ask another person to put a draft in force; one that names a document for deposits goes to compliance."""
    rule = await ASSET_RULES.lock(call.session, asset_rule_id)
    return SubmittedOut.of(await service.submit_rule(call.session, call.scope, rule, actor=call.actor))


@router.post("/asset-rules/{asset_rule_id}/simulate", operation_id="simulateAssetRule")
@declare(caller=DEFINE, rate=RateClass.SEARCH, data=DataClass.C2)
async def simulate_rule(
    call: StaffCall,
    asset_rule_id: AssetRuleId,
    body: Annotated[AssetSimulationIn, json_body(AssetSimulationIn)],
) -> AssetSimulationOut:
    """Show what a version gives one customer for a month, class by class, and why; nothing is stored."""
    rule = await ASSET_RULES.get(call.session, asset_rule_id)
    found = await service.simulate(
        call.session, call.scope, rule, customer_id=body.customer_id, month=month_in(body.month)
    )
    primary = await is_primary_manager(call.session, call.scope, customer_id=body.customer_id, staff_id=call.actor.id)
    return AssetSimulationOut.of(found, view_of(call.actor.roles, is_primary=primary), call.language)


@router.post("/asset-rules/{asset_rule_id}/back-test", operation_id="backTestAssetRule")
@declare(caller=DEFINE, rate=RateClass.SEARCH, data=DataClass.C1, refusals=(RuleTooExpensive,))
async def back_test_rule(
    call: StaffCall,
    asset_rule_id: AssetRuleId,
    body: Annotated[AssetBackTestIn, json_body(AssetBackTestIn)],
) -> AssetBackTestOut:
    """Count what a version would have given the customers in your scope for a past month: points, CNY, who by tier."""
    rule = await ASSET_RULES.get(call.session, asset_rule_id)
    return AssetBackTestOut.of(await service.back_test(call.session, call.scope, rule, month=month_in(body.month)))
