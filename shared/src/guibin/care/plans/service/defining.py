"""Care plans: drafted, edited, and put in force by a second person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, Label, refuse_changes
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.care.plans import repository
from guibin.care.plans.errors import CarePlanInvalid, CarePlanNotDraft, CarePlanTooEarly
from guibin.care.plans.models import CarePlan, PlanState
from guibin.care.plans.terms import PlanTerms, faults_of_plan
from guibin.core import clock
from guibin.core.ids import from_public, new_id, to_public
from guibin.managers.capacity.service import set_tier_minutes
from guibin.security.actors import Actor, Domain, Grant
from guibin.tiers.repository import list_tiers

ACTIVATE = "care_plan.activate"


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
        state=PlanState.DRAFT,
        terms=content.terms.model_dump(mode="json"),
        effective_from=content.effective_from,
        created_at=clock.now(),
    )
    session.add(plan)
    await session.flush()
    await _record(session, actor, plan, "care_plan.create")
    return plan


async def edit_plan(session: AsyncSession, plan: CarePlan, *, actor: Actor, content: PlanContent) -> CarePlan:
    """Replace the content of a locked draft.

    Raises:
        CarePlanNotDraft, CarePlanInvalid, CarePlanTooEarly.
    """
    _require_draft(plan)
    await _check(session, content)
    before = _document(plan)
    plan.name, plan.effective_from = content.name, content.effective_from
    plan.terms = content.terms.model_dump(mode="json")
    plan.revision += 1
    await session.flush()
    await _record(session, actor, plan, "care_plan.edit", before=before, after=_document(plan))
    return plan


async def submit_plan(session: AsyncSession, plan: CarePlan, *, actor: Actor) -> Approval:
    """Ask another person to put a locked draft in force; the preview shows each tier's minutes a year, and the terms.

    Raises:
        CarePlanNotDraft: it is no draft.
    """
    request = await _mark_submitted(session, plan)
    return await approvals.submit(
        session,
        actor=actor,
        kind=ACTIVATE,
        domain=Domain.CARE,
        subject=to_public("cpl", plan.id),
        payload=request.payload,
        preview=request.preview,
    )


async def plan_on(session: AsyncSession, day: date) -> CarePlan | None:
    """Put the plan in force whose first day has come; return the one in force on a day, None where there is none."""
    for plan in await repository.due_plans(session, day):
        await _put_in_force(session, plan, on_day=plan.effective_from or day)
    return await repository.active_plan(session)


class PlanActivation(ApprovalHandler):
    """Puts an approved plan in force; the next night makes the calendar by it."""

    kind = ACTIVATE
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
            "ahead_days": Label("提前排期天数", "Days made ahead"),
            "service_percent": Label("非销售触达目标（%）", "Target of touches that sell nothing"),
            "spread_alarm_percent": Label("集中度预警（%）", "Alarm of the spread index"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Replace the plan in force, or let the night do so on the first day of this one.

        Raises:
            CarePlanNotDraft: the plan is not waiting any more.
        """
        await repository.lock_open_plans(session)
        plan = await repository.lock_plan(session, _plan_id(payload))
        if plan.state != PlanState.PENDING or plan.revision != payload["revision"]:
            raise CarePlanNotDraft
        plan.activated_at = clock.now()
        if plan.effective_from is not None and plan.effective_from > clock.today():
            plan.state = PlanState.SCHEDULED
        else:
            await _put_in_force(session, plan, on_day=clock.today())
        await _record(session, context.approver, plan, ACTIVATE, on_behalf_id=context.maker_id)

    async def give_back(self, session: AsyncSession, payload: Mapping[str, object]) -> None:
        """Give the plan back to its maker as a draft."""
        plan = await repository.lock_plan(session, _plan_id(payload))
        if plan.state == PlanState.PENDING and plan.revision == payload["revision"]:
            plan.state = PlanState.DRAFT
            await session.flush()

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, object],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Submit the draft as it was edited since."""
        self.scope_of_maker(maker, grants)
        refuse_changes(changes)
        return await _mark_submitted(session, await repository.lock_plan(session, _plan_id(payload)))


async def _mark_submitted(session: AsyncSession, plan: CarePlan) -> Amended:
    _require_draft(plan)
    plan.state = PlanState.PENDING
    active = await repository.active_plan(session)
    return Amended(
        payload={"plan_id": to_public("cpl", plan.id), "revision": plan.revision},
        preview={
            "name": plan.name,
            "effective_from": plan.effective_from.isoformat() if plan.effective_from else None,
            "minutes_before": _minutes(active) if active else None,
            "minutes_after": _minutes(plan),
            "terms_before": active.terms if active else None,
            "terms_after": plan.terms,
        },
    )


async def _put_in_force(session: AsyncSession, plan: CarePlan, *, on_day: date) -> None:
    await repository.retire_active(session, on_day=on_day)
    plan.state, plan.in_force_from = PlanState.ACTIVE, on_day
    await session.flush()
    nothing = dict.fromkeys((tier.code for tier in await list_tiers(session)), 0)
    await set_tier_minutes(session, nothing | _minutes(plan))


async def _check(session: AsyncSession, content: PlanContent) -> None:
    fault = faults_of_plan(content.terms, {tier.code for tier in await list_tiers(session)})
    if fault is not None:
        raise CarePlanInvalid(fault=fault)
    if content.effective_from is not None and content.effective_from < clock.today():
        raise CarePlanTooEarly(earliest=clock.today())


def _minutes(plan: CarePlan) -> dict[str, int]:
    terms = PlanTerms.read(plan.terms)
    return {tier: terms.minutes_a_year(tier) for tier in terms.contacts}


def _document(plan: CarePlan) -> dict[str, object]:
    day = plan.effective_from.isoformat() if plan.effective_from else None
    return {"name": plan.name, "effective_from": day, **plan.terms}


def _require_draft(plan: CarePlan) -> None:
    if plan.state != PlanState.DRAFT:
        raise CarePlanNotDraft


def _plan_id(payload: Mapping[str, object]) -> UUID:
    found = from_public("cpl", str(payload["plan_id"]))
    if found is None:
        raise LookupError("the payload names no plan")
    return found


async def _record(
    session: AsyncSession,
    actor: Actor,
    plan: CarePlan,
    action: str,
    *,
    on_behalf_id: UUID | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="care_plan",
        object_id=to_public("cpl", plan.id),
        on_behalf_id=on_behalf_id,
        before=before,
        after=after,
        facts={"revision": plan.revision},
    )
