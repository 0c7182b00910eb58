"""Tiers on the bank port: the levels, the schemes that give them, a customer's tier."""

from typing import Annotated

from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.core import clock
from guibin.core.errors import PreconditionRequired, VersionConflict
from guibin.core.ids import CustomerId, SchemeId
from guibin.customers.repository import get_customer
from guibin.holdings.freshness import day_of_the_bank, figure_day
from guibin.managers.repository import is_primary_manager
from guibin.points.repository import get_wallet
from guibin.rights.service import cost_of_tiers
from guibin.security.actors import Domain, Verb
from guibin.tiers import override_repository, repository, service
from guibin.tiers.errors import PeriodInvalid, SchemeNotDraft, TierRangeInvalid
from guibin.tiers.figures import Scheme
from guibin.tiers.moves_repository import moves_by_branch
from guibin.tiers.outlook import Outlook
from guibin.tiers.rules import Growth
from guibin.tiers.service import TIER_SCHEMES
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

from .outlook_schemas import TierOutlookOut
from .schemas import (
    CustomerTierOut,
    TierChangeOut,
    TierNowOut,
    TierOut,
    TierOverrideOut,
    TierSchemeIn,
    TierSchemeOut,
    TiersOut,
)
from .simulation_schemas import SchemeSimulationOut

router = PortRouter(prefix="/v1", tags=["tiers"])

READ = staff(Verb.READ, Domain.TIERS)
DEFINE = staff(Verb.SUBMIT, Domain.TIERS)


@router.get("/tiers", operation_id="listTiers")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_tiers(call: StaffCall) -> TiersOut:
    """List the tiers, lowest first, with the lines of the scheme in force."""
    scheme = await repository.active_scheme(call.session)
    lines = await repository.lines_of(call.session, scheme.id) if scheme else []
    bounds = {line.tier_code: line.lower_bound_fen for line in lines}
    return TiersOut(items=[TierOut.of(tier, bounds) for tier in await repository.list_tiers(call.session)])


@router.get("/tier-schemes", operation_id="listTierSchemes")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_schemes(call: StaffCall, page: Annotated[PageRequest, page_query()]) -> Page[TierSchemeOut]:
    """List schemes in all states, newest first."""
    rows = await TIER_SCHEMES.page(call.session, limit=page.fetch, before=page.after_moment)
    lines = await repository.lines_of_all(call.session, [row.id for row in rows])
    return page.answer(
        rows,
        position=lambda row: (row.created_at, row.id),
        shape=lambda row: TierSchemeOut.of(row, lines.get(row.id, [])),
    )


@router.post("/tier-schemes", status_code=201, operation_id="createTierScheme")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(TierRangeInvalid, PeriodInvalid),
)
async def create_scheme(
    call: StaffCall, body: Annotated[TierSchemeIn, json_body(TierSchemeIn)], response: Response
) -> TierSchemeOut:
    """Draft a scheme. It gives no tier before another person has approved it."""
    growth = await _growth(call, body)
    scheme = await service.create_scheme(call.session, actor=call.actor, content=body.content(growth))
    set_etag(response, scheme.revision)
    return TierSchemeOut.of(scheme, await repository.lines_of(call.session, scheme.id))


@router.get("/tier-schemes/{scheme_id}", operation_id="getTierScheme")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_scheme(call: StaffCall, scheme_id: SchemeId, response: Response) -> TierSchemeOut:
    """Show one scheme; its revision is the ETag."""
    scheme = await TIER_SCHEMES.get(call.session, scheme_id)
    set_etag(response, scheme.revision)
    return TierSchemeOut.of(scheme, await repository.lines_of(call.session, scheme.id))


@router.put("/tier-schemes/{scheme_id}", operation_id="editTierScheme")
@declare(
    caller=DEFINE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(PreconditionRequired, VersionConflict, SchemeNotDraft, TierRangeInvalid, PeriodInvalid),
)
async def edit_scheme(
    call: StaffCall,
    scheme_id: SchemeId,
    body: Annotated[TierSchemeIn, json_body(TierSchemeIn)],
    response: Response,
) -> TierSchemeOut:
    """Replace name and lines of a draft that was read with the ETag sent as If-Match."""
    scheme = await TIER_SCHEMES.lock(call.session, scheme_id)
    call.require_if_match(scheme.revision)
    content = body.content(await _growth(call, body))
    edited = await service.edit_scheme(call.session, scheme, actor=call.actor, content=content)
    set_etag(response, edited.revision)
    return TierSchemeOut.of(edited, await repository.lines_of(call.session, edited.id))


async def _growth(call: StaffCall, body: TierSchemeIn) -> Growth | None:
    """Return the points of growth that a scheme names; tiers, which are below points, cannot look at the wallet."""
    if body.growth is None:
        return None
    wallet = await get_wallet(call.session, body.growth.wallet)
    if wallet is None or not wallet.growth:
        raise TierRangeInvalid(fault="wallet_not_growth")
    return body.growth.wanted()


@router.post("/tier-schemes/{scheme_id}/submit", status_code=202, operation_id="submitTierScheme")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(SchemeNotDraft,),
)
async def submit_scheme(call: StaffCall, scheme_id: SchemeId) -> SubmittedOut:
    """Ask another person to put a draft in force; the approver sees how many customers would move between tiers."""
    scheme = await TIER_SCHEMES.lock(call.session, scheme_id)
    return SubmittedOut.of(await TIER_SCHEMES.submit(call.session, scheme, actor=call.actor))


@router.post("/tier-schemes/{scheme_id}/simulate", operation_id="simulateTierScheme")
@declare(caller=DEFINE, idempotency=Idempotency.OPTIONAL, rate=RateClass.WRITE, data=DataClass.C1)
async def simulate_scheme(call: StaffCall, scheme_id: SchemeId) -> SchemeSimulationOut:
    """Count who in my scope would rise or fall under a scheme, by branch, whom managers would serve, and what it costs.

    By the figures of the last period, transitions left out of account: who falls does so after the months of grace.
    Customers with unknown or stale figures and those with a tier by hand are not counted.
    """
    row = await TIER_SCHEMES.get(call.session, scheme_id)
    scheme, day = Scheme.of(row, await repository.lines_of(call.session, row.id)), clock.last_closed_day()
    moves = await moves_by_branch(call.session, call.scope, scheme, day=day)
    tiers = await repository.list_tiers(call.session)
    costs = await cost_of_tiers(call.session, tiers)
    figures = await day_of_the_bank(call.session, scheme.terms.cutoff(day))
    return SchemeSimulationOut.of(row.id, figures, moves, tiers, costs)


@router.get("/customers/{customer_id}/tier", operation_id="getCustomerTier")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_customer_tier(call: StaffCall, customer_id: CustomerId) -> CustomerTierOut:
    """Show a customer's tier, where it is going, and its history; amounts only to the customer's primary manager."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    exact = await is_primary_manager(call.session, call.scope, customer_id=customer.id, staff_id=call.actor.id)
    current = await repository.current_tier(call.session, call.scope, customer_id=customer.id, day=clock.today())
    history = await repository.list_history(call.session, call.scope, customer_id=customer.id)
    overrides = await override_repository.list_overrides(call.session, call.scope, customer_id=customer.id)
    reasons = {one.id: one.reason for one in overrides}
    to_show = [one for one in reversed(overrides) if max(one.valid_from, clock.today()) < one.valid_to]
    outlook = await service.outlook_of(
        call.session,
        call.scope,
        customer_id=customer.id,
        tier_code=current.code if current else None,
        day=clock.last_closed_day(),
    )
    return CustomerTierOut(
        customer_id=customer.id,
        outlook=await _outlook(call, outlook, exact=exact),
        current=TierNowOut.of(current, exact=exact) if current else None,
        overrides=[TierOverrideOut.of(one) for one in to_show],
        history=[TierChangeOut.of(row, reasons, exact=exact) for row in history],
    )


async def _outlook(call: StaffCall, found: Outlook | None, *, exact: bool) -> TierOutlookOut | None:
    if found is None:
        return None
    return TierOutlookOut.of(found, await figure_day(call.session, found.as_of, found.stale_lines), exact=exact)
