"""How a team shares the credit: by the branch's word, with a second person where the branch is not one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import VersionConflict
from guibin.core.ids import CustomerId, ManagerId, to_public
from guibin.customers.models import Customer
from guibin.customers.repository import get_customer, lock_customers
from guibin.managers import repository as managers
from guibin.managers.credit import repository
from guibin.managers.credit.errors import CreditSplitInvalid
from guibin.managers.credit.models import CreditShare, CreditSplit
from guibin.managers.credit.rules import SplitFault, split_fault
from guibin.organisation.repository import common_ancestor
from guibin.security.actors import Actor, Domain, Scope, Verb

Shares = Sequence[tuple[UUID, int]]


@dataclass(frozen=True)
class WantedSplit:
    """How a team shall share the credit from a day on, and why; `version` is the one that was read."""

    version: int
    shares: Shares
    valid_from: date | None
    reason: str


class _Payload(BaseModel):
    """The payload of `credit.split`."""

    model_config = ConfigDict(frozen=True)

    customer_id: CustomerId
    version: int
    primary_id: ManagerId
    shares: list[tuple[ManagerId, int]]
    valid_from: date | None
    reason: str


async def split_credit(
    session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, wanted: WantedSplit
) -> Approval | UUID:
    """Let a team share the credit for a customer, and return who that is now; across branches ask another person first.

    Raises:
        NotFound: the customer is out of scope.
        VersionConflict: another split was decided since.
        CreditSplitInvalid: it cannot be shared so.
    """
    customer = await _locked(session, scope, customer_id, wanted.version)
    primary_id, branches = await _examine(session, customer, wanted)
    if len(branches) == 1:
        await _write(session, customer, primary_id, wanted, decided_by=actor.id)
        await _record(session, actor, scope, customer, wanted)
        return customer.id
    payload = _Payload(
        customer_id=customer.id,
        version=wanted.version,
        primary_id=primary_id,
        shares=[(manager_id, percent) for manager_id, percent in wanted.shares],
        valid_from=wanted.valid_from,
        reason=wanted.reason,
    )
    return await approvals.submit(
        session,
        actor=actor,
        kind=SplitHandler.kind,
        domain=SplitHandler.domain,
        subject=to_public("cus", customer.id),
        owner_id=customer.id,
        payload=payload.model_dump(mode="json"),
        preview={
            "shares": [_shown(*share) for share in wanted.shares],
            "valid_from": wanted.valid_from.isoformat() if wanted.valid_from else None,
            "reason": wanted.reason,
        },
        branch_id=await common_ancestor(session, branches),
    )


def _shown(manager_id: UUID, percent: int) -> dict[str, object]:
    return {"manager_id": to_public("mgr", manager_id), "percent": percent}


async def _locked(session: AsyncSession, scope: Scope, customer_id: UUID, version: int) -> Customer:
    customer = await get_customer(session, scope, customer_id=customer_id)
    await lock_customers(session, [customer.id])
    splits = await repository.splits_of(session, customer.id)
    if version != max((one.version for one in splits), default=0):
        raise VersionConflict
    return customer


async def _examine(session: AsyncSession, customer: Customer, wanted: WantedSplit) -> tuple[UUID, set[UUID]]:
    """Return the primary manager, and the branches among which the credit is shared."""
    standing = (await managers.open_coverages(session, customer_ids=[customer.id])).get(customer.id)
    if standing is None:
        raise CreditSplitInvalid(reason=SplitFault.NO_MANAGER)
    concerned = {standing.manager_id, *(manager_id for manager_id, _ in wanted.shares)}
    at_work = await repository.managers_at_work(session, concerned)
    today = clock.today()
    fault = split_fault(
        wanted.shares,
        primary_id=standing.manager_id,
        at_work=at_work,
        valid_from=wanted.valid_from or today,
        today=today,
    )
    if fault is not None:
        raise CreditSplitInvalid(reason=fault)
    return standing.manager_id, set(at_work.values()) or {customer.branch_id}


async def _write(
    session: AsyncSession, customer: Customer, primary_id: UUID, wanted: WantedSplit, *, decided_by: UUID
) -> None:
    version = wanted.version + 1
    session.add(
        CreditSplit(
            customer_id=customer.id,
            version=version,
            primary_id=primary_id,
            valid_from=wanted.valid_from or clock.today(),
            reason=wanted.reason,
            decided_by=decided_by,
            decided_at=clock.now(),
        )
    )
    await session.flush()
    for manager_id, percent in wanted.shares:
        session.add(CreditShare(customer_id=customer.id, version=version, manager_id=manager_id, percent=percent))
    await session.flush()


async def _record(session: AsyncSession, actor: Actor, scope: Scope, customer: Customer, wanted: WantedSplit) -> None:
    await audit.record(
        session,
        actor=actor,
        action=SplitHandler.kind,
        object_type="customer",
        object_id=to_public("cus", customer.id),
        owner_id=customer.id,
        reason=wanted.reason,
        scope=scope,
        facts={"version": wanted.version + 1, "shares": [_shown(*share) for share in wanted.shares]},
    )


class SplitHandler(ApprovalHandler):
    """Carries out `credit.split` across branches."""

    kind = "credit.split"
    domain = Domain.MANAGERS
    maker_verb = Verb.WRITE
    title = Label("跨机构业绩分成", "Share the credit across branches")
    labels = MappingProxyType(
        {
            "shares": Label("分成方案", "Shares"),
            "manager_id": Label("客户经理", "Manager"),
            "percent": Label("比例（%）", "Per cent"),
            "valid_from": Label("生效日（空为批准当日）", "First day; the day of the approval where there is none"),
            "reason": Label("原因", "Reason"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Write the split, if the customer has the manager still and no other split was decided meanwhile.

        Raises:
            NotFound, VersionConflict, CreditSplitInvalid: things have changed since.
        """
        asked = _Payload.model_validate(payload)
        wanted = WantedSplit(asked.version, asked.shares, asked.valid_from, asked.reason)
        customer = await _locked(session, context.maker_scope, asked.customer_id, asked.version)
        primary_id, _ = await _examine(session, customer, wanted)
        if primary_id != asked.primary_id:
            raise VersionConflict
        await _write(session, customer, primary_id, wanted, decided_by=context.approver.id)
        await _record(session, context.approver, context.maker_scope, customer, wanted)
