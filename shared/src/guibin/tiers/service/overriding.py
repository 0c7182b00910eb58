"""A tier given by hand for a time: submitted by one person, approved by another, over by itself."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.errors import StateConflict
from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, Label, read_changes
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import ValidationFailed
from guibin.core.ids import CustomerId, new_id, to_public
from guibin.core.reasons import require_reason
from guibin.core.text import Code, Note
from guibin.customers.changes.repository import note_change
from guibin.customers.models import Customer
from guibin.customers.repository import get_customer, lock_customers
from guibin.security.actors import Actor, Domain, Grant, Scope
from guibin.tiers import evaluation_repository, override_repository, quotas, repository
from guibin.tiers.errors import PeriodConflict, PeriodInvalid
from guibin.tiers.models import OverrideMode, OverrideReason, TierOverride

REPLACED: Final = "replaced"
"""Why an override ended before its time: another one was approved."""

LONGEST: Final = timedelta(days=366)


class Override(BaseModel):
    """Which tier a customer gets by hand, from when until before when, and why. Its JSON form is in the payload."""

    model_config = ConfigDict(frozen=True)

    customer_id: CustomerId
    tier: str
    mode: OverrideMode
    reason_code: OverrideReason
    reason: str
    valid_from: date
    valid_to: date


async def submit_override(session: AsyncSession, scope: Scope, *, actor: Actor, override: Override) -> Approval:
    """Ask another person for an override; the tier is as it was until then.

    Raises:
        NotFound: no such customer in scope.
        ReasonRequired: the reason says nothing.
        ValidationFailed: there is no such tier.
        PeriodInvalid: it begins before today, ends before it begins, or lasts longer than a year.
        OverrideQuotaReached: a branch over the customer has as many as it may have.
    """
    request, customer = await _examine(session, scope, override)
    return await approvals.submit(
        session,
        actor=actor,
        kind=TierOverriding.kind,
        domain=TierOverriding.domain,
        subject=to_public("cus", customer.id),
        payload=request.payload,
        preview=request.preview,
        owner_id=customer.id,
        branch_id=request.branch_id,
    )


async def _examine(session: AsyncSession, scope: Scope, override: Override) -> tuple[Amended, Customer]:
    """Hold an override to what could be approved today, and show what it changes."""
    customer = await get_customer(session, scope, customer_id=override.customer_id)
    require_reason(override.reason)
    if override.tier not in {tier.code for tier in await repository.list_tiers(session)}:
        raise ValidationFailed.of(["body", "tier"], "unknown_tier", "没有该层级", "names a tier that does not exist")
    check_period(override.valid_from, override.valid_to)
    await quotas.hold_to_quotas(session, [customer], day=clock.today())
    present = await _present_tier(session, customer.id)
    standing = await override_repository.list_overrides(session, scope, customer_id=customer.id)
    replaced = [
        one
        for one in standing
        if one.valid_from < one.valid_to  # else it was replaced before it began
        and one.valid_from < override.valid_to
        and one.valid_to > override.valid_from
    ]
    document = override.model_copy(update={"customer_id": customer.id}).model_dump(mode="json")
    shown = {name: value for name, value in document.items() if name not in {"customer_id", "tier"}}
    request = Amended(
        payload={**document, "present_tier": present},
        preview={"before": present, "after": override.tier, **shown, "replaces": [_period(one) for one in replaced]},
        branch_id=customer.branch_id,
    )
    return request, customer


def check_period(valid_from: date, valid_to: date) -> None:
    """Hold a period to what can be asked for today.

    Raises:
        PeriodInvalid: it begins before today, ends before it begins, or lasts longer than a year.
    """
    if not clock.today() <= valid_from < valid_to <= valid_from + LONGEST:
        raise PeriodInvalid(earliest=clock.today().isoformat(), longest_days=LONGEST.days)


async def _present_tier(session: AsyncSession, customer_id: UUID) -> str | None:
    found = await repository.current_tier(session, Scope.of_job(), customer_id=customer_id, day=clock.today())
    return found.code if found else None


def _period(override: TierOverride) -> dict[str, str]:
    return {
        "tier": override.tier_code,
        "valid_from": override.valid_from.isoformat(),
        "valid_to": override.valid_to.isoformat(),
    }


class Changes(BaseModel):
    """What the maker may change when an approver asks for it: all but the customer."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    tier: Code | None = None
    mode: OverrideMode | None = None
    reason_code: OverrideReason | None = None
    reason: Annotated[str, Note(200)] | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class TierOverriding(ApprovalHandler):
    """Gives the tier from today, or from the night before its first day; the evaluation honours it until it is over."""

    kind = "tier.override"
    domain = Domain.TIERS
    title = Label("手工调整客户层级", "Give a tier by hand")
    labels = MappingProxyType(
        {
            "before": Label("现层级", "Present tier"),
            "after": Label("拟调整层级", "Tier by hand"),
            "mode": Label("方式（hold 不低于，lock 固定）", "Mode: not below, or exactly"),
            "reason_code": Label("原因类别", "Kind of reason"),
            "reason": Label("原因", "Reason"),
            "valid_from": Label("生效日", "First day"),
            "valid_to": Label("失效日（当日不再有效）", "First day on which it is over"),
            "replaces": Label("被替代的手工层级", "Overrides that it replaces"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Put the override in force, in place of those that it overlaps.

        Raises:
            StateConflict: the customer has another tier than the approver was shown.
            PeriodConflict: it would be over already.
            OverrideQuotaReached: a branch over the customer has as many as it may have by now.
        """
        wanted = Override.model_validate(payload)
        customer = await get_customer(session, context.maker_scope, customer_id=wanted.customer_id)
        await quotas.lock_quotas(session, [customer.branch_id])
        await lock_customers(session, [customer.id])
        await quotas.hold_to_quotas(session, [customer], day=clock.today())
        present = await _present_tier(session, customer.id)
        if present != payload["present_tier"]:
            raise StateConflict(**{"from": present, "to": wanted.tier})
        today = clock.today()
        if wanted.valid_to <= today:
            raise PeriodConflict
        override = _row(wanted, customer.id, max(wanted.valid_from, today), context)
        await put_in_force(session, [override], today)
        await record_override(session, override, context)

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, object],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Examine the override again with another tier, period, mode or reason."""
        scope = self.scope_of_maker(maker, grants)
        changed = read_changes(Changes, changes).model_dump(mode="json", exclude_none=True)
        request, _ = await _examine(session, scope, Override.model_validate({**payload, **changed}))
        return request


def _row(wanted: Override, customer_id: UUID, valid_from: date, context: ApprovalContext) -> TierOverride:
    return TierOverride(
        customer_id=customer_id,
        id=new_id(),
        tier_code=wanted.tier,
        mode=wanted.mode,
        reason_code=wanted.reason_code,
        reason=wanted.reason,
        valid_from=valid_from,
        valid_to=wanted.valid_to,
        approval_id=context.approval_id,
        maker_id=context.maker_id,
        approver_id=context.approver.id,
        created_at=clock.now(),
    )


async def put_in_force(session: AsyncSession, overrides: Sequence[TierOverride], today: date) -> None:
    """Write overrides of one period in place of those that they overlap; the tiers are there on the next request."""
    customer_ids = [one.customer_id for one in overrides]
    first, last = overrides[0].valid_from, overrides[0].valid_to
    await override_repository.end_overlapping(
        session, customer_ids=customer_ids, valid_from=first, valid_to=last, reason=REPLACED
    )
    session.add_all(overrides)
    await session.flush()
    scheme = await repository.active_scheme(session)
    if scheme is not None:
        await evaluation_repository.insert_changes(
            session, scheme.id, effective_on=today, at=clock.now(), among=customer_ids
        )
        await note_change(session, customer_ids)


async def record_override(session: AsyncSession, override: TierOverride, context: ApprovalContext) -> None:
    """Tell in the trail of the customer who was given which tier by hand."""
    await audit.record(
        session,
        actor=context.approver,
        action=TierOverriding.kind,
        object_type="customer",
        object_id=to_public("cus", override.customer_id),
        owner_id=override.customer_id,
        reason=override.reason,
        facts={
            "tier": override.tier_code,
            "mode": override.mode,
            "valid_from": override.valid_from.isoformat(),
            "valid_to": override.valid_to.isoformat(),
            "approval_id": to_public("apr", context.approval_id),
        },
    )
