"""Tiers by hand on the bank port: for one customer, from a list, and how many a branch may have."""

from typing import Annotated

from bank_api.approvals.schemas import SubmittedOut
from guibin.core import clock
from guibin.core.errors import ReasonRequired
from guibin.core.ids import BranchId, CustomerId
from guibin.organisation.repository import get_branch
from guibin.security.actors import Domain, Verb
from guibin.tiers import quotas, service
from guibin.tiers.errors import OverrideQuotaReached, OverrideRowsInvalid, PeriodInvalid
from guibin.web import (
    BodyLimit,
    DataClass,
    Idempotency,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    json_body,
    staff,
)

from .override_schemas import (
    OverrideQuotaIn,
    OverrideQuotaOut,
    OverrideQuotasOut,
    TierOverrideIn,
    TierOverridesIn,
    terms_of,
)

router = PortRouter(prefix="/v1", tags=["tiers"])

READ = staff(Verb.READ, Domain.TIERS)
DEFINE = staff(Verb.SUBMIT, Domain.TIERS)


@router.post("/customers/{customer_id}/tier/override", status_code=202, operation_id="overrideTier")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(ReasonRequired, PeriodInvalid, OverrideQuotaReached),
)
async def override_tier(
    call: StaffCall, customer_id: CustomerId, body: Annotated[TierOverrideIn, json_body(TierOverrideIn)]
) -> SubmittedOut:
    """Ask another person to give a tier by hand until a day; it ends by itself, and a new one replaces it."""
    terms = terms_of(body, today=clock.today())
    override = service.Override(customer_id=customer_id, tier=body.tier, **terms.model_dump())
    return SubmittedOut.of(await service.submit_override(call.session, call.scope, actor=call.actor, override=override))


@router.post("/tier-overrides", status_code=202, operation_id="overrideTiers")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    body_limit=BodyLimit.BATCH,
    refusals=(ReasonRequired, PeriodInvalid, OverrideRowsInvalid, OverrideQuotaReached),
)
async def override_tiers(call: StaffCall, body: Annotated[TierOverridesIn, json_body(TierOverridesIn)]) -> SubmittedOut:
    """Ask another person to give tiers by hand to the customers of a list, all of them or none.

    A list with a row that names nobody in reach, a customer twice, or no tier is refused with the numbers of its rows.
    """
    approval = await service.submit_overrides(
        call.session,
        call.scope,
        call.keys,
        actor=call.actor,
        terms=terms_of(body, today=clock.today()),
        rows=body.wanted(),
    )
    return SubmittedOut.of(approval)


@router.get("/tier-override-quotas", operation_id="listTierOverrideQuotas")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_quotas(call: StaffCall) -> OverrideQuotasOut:
    """List how many tiers by hand branches may have, and how many they have."""
    found = await quotas.list_quotas(call.session, day=clock.today())
    return OverrideQuotasOut(items=[OverrideQuotaOut.of(one) for one in found])


@router.put("/branches/{branch_id}/tier-override-quota", status_code=202, operation_id="changeTierOverrideQuota")
@declare(caller=DEFINE, rate=RateClass.WRITE, data=DataClass.C1)
async def change_quota(
    call: StaffCall, branch_id: BranchId, body: Annotated[OverrideQuotaIn, json_body(OverrideQuotaIn)]
) -> SubmittedOut:
    """Ask another person to bound the tiers by hand of a branch and all below it; who has one keeps it."""
    branch = await get_branch(call.session, branch_id)
    return SubmittedOut.of(await service.submit_quota(call.session, branch, actor=call.actor, most=body.most))
