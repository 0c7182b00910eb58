"""Tiers given by hand to many at once, from a list: one request, one decision, all of them or none."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.errors import StateConflict
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.ids import CustomerId, new_id
from guibin.core.reasons import require_reason
from guibin.customers.listed import find_listed
from guibin.customers.models import Customer
from guibin.customers.repository import get_customer, lock_customers
from guibin.organisation.repository import common_ancestor
from guibin.security.actors import Actor, Domain, Scope
from guibin.security.ciphers import KeyRing
from guibin.tiers import quotas, repository
from guibin.tiers.errors import OverrideRowsInvalid, PeriodConflict
from guibin.tiers.models import OverrideMode, OverrideReason, TierOverride
from guibin.tiers.service.overriding import check_period, put_in_force, record_override


@dataclass(frozen=True)
class OverrideRow:
    """A row of a list: a customer, by id or customer number, and a tier."""

    key: str
    tier: str


class OverrideTerms(BaseModel):
    """What holds for all rows of a list. Its JSON form is in the payload."""

    model_config = ConfigDict(frozen=True)

    mode: OverrideMode
    reason_code: OverrideReason
    reason: str
    valid_from: date
    valid_to: date


class _Given(BaseModel):
    """A customer, the tier by hand, and the tier that the maker saw."""

    model_config = ConfigDict(frozen=True)

    customer_id: CustomerId
    tier: str
    present_tier: str | None


class _Payload(BaseModel):
    """The payload of `tier.override_many`."""

    model_config = ConfigDict(frozen=True)

    terms: OverrideTerms
    given: list[_Given]


async def submit_overrides(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    actor: Actor,
    terms: OverrideTerms,
    rows: Sequence[OverrideRow],
) -> Approval:
    """Ask another person for the overrides of a list.

    Raises:
        OverrideRowsInvalid: rows name nobody in scope, a customer twice, or no tier.
        ReasonRequired, PeriodInvalid, OverrideQuotaReached: as for one customer.
    """
    require_reason(terms.reason)
    check_period(terms.valid_from, terms.valid_to)
    customers = await _find_all(session, scope, keys, rows)
    await quotas.hold_to_quotas(session, customers, day=clock.today())
    present = await _present_tiers(session, customers)
    given = [
        _Given(customer_id=one.id, tier=row.tier, present_tier=present.get(one.id))
        for one, row in zip(customers, rows, strict=True)
    ]
    moves = Counter((one.present_tier or "-", one.tier) for one in given)
    return await approvals.submit(
        session,
        actor=actor,
        kind=ManyOverriding.kind,
        domain=ManyOverriding.domain,
        subject="",
        payload=_Payload(terms=terms, given=given).model_dump(mode="json"),
        preview={
            "customers": len(given),
            "moves": [{"from": low, "to": high, "customers": count} for (low, high), count in sorted(moves.items())],
            **terms.model_dump(mode="json"),
        },
        branch_id=await common_ancestor(session, {one.branch_id for one in customers}),
    )


async def _find_all(session: AsyncSession, scope: Scope, keys: KeyRing, rows: Sequence[OverrideRow]) -> list[Customer]:
    tiers = {tier.code for tier in await repository.list_tiers(session)}
    listed = await find_listed(session, scope, keys, [row.key for row in rows])
    customers: list[Customer] = []
    faults: list[dict[str, object]] = []
    seen = set[UUID]()
    for number, (row, found) in enumerate(zip(rows, listed, strict=True), start=1):
        if fault := _fault(found, seen, known=row.tier in tiers):
            faults.append({"row": number, "reason": fault})
        elif found is not None:
            seen.add(found.id)
            customers.append(found)
    if faults:
        raise OverrideRowsInvalid(rows=faults)
    return customers


def _fault(found: Customer | None, seen: set[UUID], *, known: bool) -> str | None:
    if found is None:
        return "unknown_customer"
    if found.id in seen:
        return "duplicate"
    return None if known else "unknown_tier"


async def _present_tiers(session: AsyncSession, customers: Sequence[Customer]) -> Mapping[UUID, str | None]:
    return await repository.tiers_of(session, [one.id for one in customers], day=clock.today())


class ManyOverriding(ApprovalHandler):
    """Gives the tiers of a list, all of them or none."""

    kind = "tier.override_many"
    domain = Domain.TIERS
    title = Label("批量手工调整层级", "Give tiers by hand from a list")
    labels = MappingProxyType(
        {
            "customers": Label("客户数", "Customers"),
            "moves": Label("层级变动", "Who moves"),
            "from": Label("现层级", "From"),
            "to": Label("拟调整层级", "To"),
            "mode": Label("方式（hold 不低于，lock 固定）", "Mode: not below, or exactly"),
            "reason_code": Label("原因类别", "Kind of reason"),
            "reason": Label("原因", "Reason"),
            "valid_from": Label("生效日", "First day"),
            "valid_to": Label("失效日（当日不再有效）", "First day on which it is over"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Put the overrides in force.

        Raises:
            NotFound: a customer is out of the maker's reach by now.
            StateConflict: somebody has another tier than the approver was shown.
            PeriodConflict: they would be over already.
            OverrideQuotaReached: a branch has as many as it may have by now.
        """
        wanted, today = _Payload.model_validate(payload), clock.today()
        if wanted.terms.valid_to <= today:
            raise PeriodConflict
        customers = [
            await get_customer(session, context.maker_scope, customer_id=one.customer_id) for one in wanted.given
        ]
        await quotas.lock_quotas(session, {one.branch_id for one in customers})
        await lock_customers(session, [one.id for one in customers])
        await quotas.hold_to_quotas(session, customers, day=today)
        present = await _present_tiers(session, customers)
        for one, given in zip(customers, wanted.given, strict=True):
            if present.get(one.id) != given.present_tier:
                raise StateConflict(**{"from": present.get(one.id), "to": given.tier})
        rows = [
            _row(wanted.terms, one.id, given.tier, context) for one, given in zip(customers, wanted.given, strict=True)
        ]
        await put_in_force(session, rows, today)
        for row in rows:
            await record_override(session, row, context)


def _row(terms: OverrideTerms, customer_id: UUID, tier: str, context: ApprovalContext) -> TierOverride:
    return TierOverride(
        customer_id=customer_id,
        id=new_id(),
        tier_code=tier,
        mode=terms.mode,
        reason_code=terms.reason_code,
        reason=terms.reason,
        valid_from=max(terms.valid_from, clock.today()),
        valid_to=terms.valid_to,
        approval_id=context.approval_id,
        maker_id=context.maker_id,
        approver_id=context.approver.id,
        created_at=clock.now(),
    )
