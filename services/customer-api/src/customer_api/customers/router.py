"""My profile on the customer port: who I am, my tier and what the next one takes, my manager."""

from typing import Any

from guibin.care.standards.repository import standard_on
from guibin.care.standards.service import sheets_of
from guibin.core import clock
from guibin.customers.personal import identity_of
from guibin.customers.repository import get_customer
from guibin.holdings.freshness import figure_day
from guibin.managers.absences.service import stand_in_of
from guibin.managers.models import Grade
from guibin.managers.repository import Person
from guibin.managers.service import manager_of
from guibin.organisation.service import staff_name, staff_phone
from guibin.tags.models import CustomerFact
from guibin.tiers.outlook import Outlook
from guibin.tiers.repository import active_scheme, current_tier, lines_of, list_tiers
from guibin.tiers.rules import next_line
from guibin.tiers.service import outlook_of
from guibin.web import CustomerCall, DataClass, FreshnessOut, PortRouter, RateClass, customer, declare

from .queries import read_figures
from .schemas import (
    MeOut,
    MyManagerOut,
    MyServiceStandardOut,
    MyStandInOut,
    MyTierDetailOut,
    MyTierOut,
    MyTierOutlookOut,
    NextTierOut,
    name_in,
)

router = PortRouter(prefix="/v1/me", tags=["profile"])

SELF = customer("profile:read:self")


@router.get("", operation_id="getMe")
@declare(caller=SELF, rate=RateClass.READ, data=DataClass.C2)
async def get_me(call: CustomerCall) -> MeOut:
    """Show my name and my tier."""
    me = await get_customer(call.session, call.scope, customer_id=call.actor.id)
    tier = await current_tier(call.session, call.scope, customer_id=me.id, day=clock.today())
    name = identity_of(call.keys, me).name
    return MeOut(id=me.id, name=name.value if name else None, tier=MyTierOut.of(tier, call.language))


@router.get("/tier", operation_id="getMyTier")
@declare(caller=SELF, rate=RateClass.READ, data=DataClass.C2)
async def get_my_tier(call: CustomerCall) -> MyTierDetailOut:
    """Show my tier, the average that decides, and what is missing to the next tier."""
    return await read_tier(call)


async def read_tier(call: CustomerCall) -> MyTierDetailOut:
    """Describe the caller's tier with what the next one takes."""
    me = call.actor.id
    tier = await current_tier(call.session, call.scope, customer_id=me, day=clock.today())
    figures = await read_figures(call.session, call.scope, customer_id=me)
    code = tier.code if tier else None
    outlook = await outlook_of(call.session, call.scope, customer_id=me, tier_code=code, day=clock.last_closed_day())
    return MyTierDetailOut(
        tier=MyTierOut.of(tier, call.language),
        average=figures.aum_mda_fen if figures else None,
        average_month=figures.aum_mda_month if figures else None,
        freshness=await _freshness(call, figures),
        next=await _next_tier(call, code, figures, outlook),
        outlook=await _outlook(call, outlook),
        service_standard=await _standard(call, code),
    )


async def _freshness(call: CustomerCall, figures: CustomerFact | None) -> FreshnessOut | None:
    if figures is None:
        return None
    return FreshnessOut.of(await figure_day(call.session, figures.as_of, figures.stale_lines))


async def _outlook(call: CustomerCall, outlook: Outlook | None) -> MyTierOutlookOut | None:
    if outlook is None:
        return None
    day = await figure_day(call.session, outlook.as_of, outlook.stale_lines)
    return MyTierOutlookOut.of(outlook, day, call.language)


async def _standard(call: CustomerCall, tier: str | None) -> MyServiceStandardOut | None:
    standard = await standard_on(call.session, clock.today())
    sheet = sheets_of(standard).get(tier) if standard is not None and tier is not None else None
    return None if sheet is None else MyServiceStandardOut.of(sheet, call.language)


async def _next_tier(
    call: CustomerCall, code: str | None, figures: CustomerFact | None, outlook: Outlook | None
) -> NextTierOut | None:
    scheme = await active_scheme(call.session)
    line = next_line(code, await lines_of(call.session, scheme.id)) if scheme else None
    if scheme is None or line is None:
        return None
    growth_points = figures.points.get(scheme.growth_wallet or "", 0) if figures else 0
    names = {tier.code: name_in(call.language, tier) for tier in await list_tiers(call.session)}
    missing = outlook.next.missing_fen if figures and outlook and outlook.next else None
    needed = line.growth_points if scheme.growth_wallet else None
    return NextTierOut(
        code=line.tier_code,
        name=names[line.tier_code],
        lower_bound=line.lower_bound_fen,
        missing=missing,
        growth_points=needed,
        growth_missing=None if needed is None else max(0, needed - growth_points),
    )


@router.get("/manager", operation_id="getMyManager")
@declare(caller=SELF, rate=RateClass.READ, data=DataClass.C2)
async def get_my_manager(call: CustomerCall) -> MyManagerOut | None:
    """Show who serves me and how to reach them; null when nobody does in particular."""
    return await read_manager(call)


async def read_manager(call: CustomerCall) -> MyManagerOut | None:
    """Describe who serves the caller; None when nobody does in particular."""
    served = await manager_of(call.session, call.scope, customer_id=call.actor.id)
    if served is None:
        return None
    person = served.person
    cover = await stand_in_of(call.session, person.manager.id)
    stand_in = MyStandInOut(**_reached(call, cover[0]), until=cover[1]) if cover else None
    return MyManagerOut(**_reached(call, person), stand_in=stand_in)


def _reached(call: CustomerCall, person: Person) -> dict[str, Any]:
    branch = person.branch.name_en if call.language == "en" else person.branch.name_zh
    return {
        "name": staff_name(call.keys, person.staff),
        "grade": Grade(person.manager.grade),
        "branch": branch,
        "office_phone": staff_phone(call.keys, person.staff),
    }
