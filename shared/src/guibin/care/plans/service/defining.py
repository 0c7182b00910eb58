"""Care plans: drafted, edited, and put in force by a second person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.definitions.service import Definitions
from guibin.approvals.handlers import Amended, Label
from guibin.approvals.turns import take_turn
from guibin.care.opportunities.terms import OpportunityTerms, faults_of_rules
from guibin.care.plans import repository
from guibin.care.plans.errors import CarePlanInvalid, CarePlanNotDraft, CarePlanTooEarly
from guibin.care.plans.models import CarePlan, PlanState
from guibin.care.plans.terms import PlanTerms, faults_of_plan
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.managers.capacity.service import set_tier_minutes
from guibin.products.repository import products_by_code
from guibin.security.actors import Actor, Domain
from guibin.tags.repository import sensitive_among, usable_codes
from guibin.tiers.repository import list_tiers


@dataclass(frozen=True)
class PlanContent:
    """A plan as its maker writes it; `effective_from` is the first day of its care (None: once approved)."""

    name: str
    terms: PlanTerms
    effective_from: date | None = None


async def create_plan(session: AsyncSession, *, actor: Actor, content: PlanContent) -> CarePlan:
    """Make a draft.

    Raises:
        CarePlanInvalid: the content makes no plan.
        CarePlanTooEarly: it would have been in force before today.
    """
    await _check(session, content)
    plan = CarePlan(
        id=new_id(),
        name=content.name,
        terms=content.terms.model_dump(mode="json"),
        effective_from=content.effective_from,
        created_at=clock.now(),
    )
    return await CARE_PLANS.add(session, plan, actor=actor)


async def edit_plan(session: AsyncSession, plan: CarePlan, *, actor: Actor, content: PlanContent) -> CarePlan:
    """Replace the content of a locked draft.

    Raises:
        CarePlanNotDraft, CarePlanInvalid, CarePlanTooEarly.
    """
    CARE_PLANS.require_draft(plan)
    await _check(session, content)
    before = await CARE_PLANS.shown(session, plan)
    plan.name, plan.effective_from = content.name, content.effective_from
    plan.terms = content.terms.model_dump(mode="json")
    return await CARE_PLANS.keep_edit(session, plan, actor=actor, before=before)


async def plan_on(session: AsyncSession, day: date) -> CarePlan | None:
    """Put the plan in force whose first day has come; return the one in force on a day, None where there is none."""
    if await repository.due_plans(session, day):
        await take_turn(session, CarePlan)
        for plan in await repository.due_plans(session, day):
            await _put_in_force(session, plan, on_day=plan.effective_from or day)
    return await repository.active_plan(session)


class CarePlans(Definitions[CarePlan]):
    """All plans; the night after one has begun makes the calendar by it."""

    table = CarePlan
    called = "care_plan"
    prefix = "cpl"
    payload_id = "plan_id"
    not_draft = CarePlanNotDraft
    kind = "care_plan.activate"
    domain = Domain.CARE
    title = Label("启用维护计划", "Put a care plan in force")
    labels = MappingProxyType(
        {
            "name": Label("计划名称", "Name"),
            "effective_from": Label("生效日期", "In force from"),
            "minutes_before": Label("现行每客每年分钟数", "Minutes a year in force"),
            "minutes_after": Label("拟启用每客每年分钟数", "Minutes a year submitted"),
            "terms_before": Label("现行计划", "Plan in force"),
            "terms_after": Label("拟启用计划", "Plan submitted"),
            "minutes": Label("每类触达分钟数", "Minutes of each kind"),
            "contacts": Label("各层级触达频次", "Contacts of each tier"),
            "triggers": Label("触发任务", "Triggers"),
            "clock": Label("时限", "Clock"),
            "opportunities": Label("商机规则", "Opportunities"),
            "ahead_days": Label("提前排期天数", "Days made ahead"),
            "service_percent": Label("非销售触达目标（%）", "Target of touches that sell nothing"),
            "spread_alarm_percent": Label("集中度预警（%）", "Alarm of the spread index"),
        }
    )

    async def shown(self, session: AsyncSession, row: CarePlan) -> Mapping[str, object]:
        """Return a plan's name, first day and terms."""
        return {"name": row.name, "effective_from": _day(row), **row.terms}

    async def examine(self, session: AsyncSession, row: CarePlan) -> Amended:
        """Show each tier's minutes a year, and the terms, beside those in force."""
        active = await repository.active_plan(session)
        preview = {
            "name": row.name,
            "effective_from": _day(row),
            "minutes_before": _minutes(active) if active else None,
            "minutes_after": _minutes(row),
            "terms_before": active.terms if active else None,
            "terms_after": row.terms,
        }
        return Amended(payload={}, preview=preview)

    async def begin(self, session: AsyncSession, row: CarePlan) -> None:
        """Replace the plan in force, or let the night do so on the first day of this one."""
        row.activated_at = clock.now()
        if row.effective_from is not None and row.effective_from > clock.today():
            row.state = PlanState.SCHEDULED
        else:
            await _put_in_force(session, row, on_day=clock.today())


CARE_PLANS: Final = CarePlans()


async def _put_in_force(session: AsyncSession, plan: CarePlan, *, on_day: date) -> None:
    await repository.retire_active(session, on_day=on_day)
    plan.state, plan.in_force_from = PlanState.ACTIVE, on_day
    await session.flush()
    nothing = dict.fromkeys((tier.code for tier in await list_tiers(session)), 0)
    await set_tier_minutes(session, nothing | _minutes(plan))


async def _check(session: AsyncSession, content: PlanContent) -> None:
    fault = faults_of_plan(content.terms, {tier.code for tier in await list_tiers(session)})
    fault = fault or await _fault_of_rules(session, content.terms.opportunities)
    if fault is not None:
        raise CarePlanInvalid(fault=fault)
    if content.effective_from is not None and content.effective_from < clock.today():
        raise CarePlanTooEarly(earliest=clock.today())


async def _fault_of_rules(session: AsyncSession, terms: OpportunityTerms) -> str | None:
    if not terms.rules:
        return None
    named = {rule.tag for rule in terms.rules}
    return faults_of_rules(
        terms,
        tags=await usable_codes(session, named),
        sensitive=await sensitive_among(session, named),
        products=await products_by_code(session),
    )


def _minutes(plan: CarePlan) -> dict[str, int]:
    terms = PlanTerms.read(plan.terms)
    return {tier: terms.minutes_a_year(tier) for tier in terms.contacts}


def _day(plan: CarePlan) -> str | None:
    return plan.effective_from.isoformat() if plan.effective_from else None
