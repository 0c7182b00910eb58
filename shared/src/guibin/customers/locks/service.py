"""A person has a field of one customer stand as it is, another agrees; no feed and no policy composes it meanwhile."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final
from uuid import UUID

from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.audit.service import record
from guibin.core import clock
from guibin.core.errors import NotFound, ValidationFailed
from guibin.core.ids import to_public
from guibin.core.lines import Line
from guibin.core.reasons import require_reason
from guibin.customers.candidates import Said
from guibin.customers.fusion_repository import lock_fusion, recompose, said_of_customers, said_of_rows
from guibin.customers.locks import repository
from guibin.customers.locks.errors import FieldNotSaid
from guibin.customers.locks.models import FieldLock
from guibin.customers.models import Customer
from guibin.customers.policy.repository import tellings_of
from guibin.customers.policy.rules import PolicyField
from guibin.customers.repository import get_customer
from guibin.organisation.repository import list_branches
from guibin.security.actors import Actor, Domain, Scope
from guibin.security.ciphers import KeyRing


class Holding(BaseModel):
    """What is to be held: the field as it stands, or the word of one line; `until` is the first day without it."""

    customer_id: UUID
    field: PolicyField
    line: Line | None = None
    until: date | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """What a line says of a held field: nothing of it is told but whether it is the same."""

    line: Line
    as_of: date
    agrees: bool


@dataclass(frozen=True, slots=True)
class LockView:
    """A held field, and the lines beside it."""

    lock: FieldLock
    words: list[Word]


async def submit_lock(session: AsyncSession, scope: Scope, *, actor: Actor, wanted: Holding) -> Approval:
    """Ask another person to hold a field.

    Raises:
        NotFound: the customer is unknown or out of scope.
        ReasonRequired: the reason says nothing.
        ValidationFailed: it would end before tomorrow.
        FieldNotSaid: the line whose word is to stand says nothing of the field.
    """
    said = require_reason(wanted.reason)
    customer = await get_customer(session, scope, customer_id=wanted.customer_id)
    if wanted.until is not None and wanted.until <= clock.today():
        raise ValidationFailed.of(["body", "until"], "date_out_of_range", "须晚于今天", "lies after today")
    await _check_said(session, customer.id, wanted)
    holding = wanted.model_copy(update={"customer_id": customer.id, "reason": said})
    preview = holding.model_dump(mode="json", exclude={"customer_id"})
    return await approvals.submit(
        session,
        actor=actor,
        kind=LockHandler.kind,
        domain=LockHandler.domain,
        subject=f"{to_public('cus', customer.id)}/{wanted.field.value}",
        payload=holding.model_dump(mode="json"),
        preview={"customer": to_public("cus", customer.id), **preview},
        owner_id=customer.id,
        branch_id=customer.branch_id,
    )


async def _check_said(session: AsyncSession, customer_id: UUID, wanted: Holding) -> None:
    if wanted.line is None:
        return
    tellings = await tellings_of(session, customer_id=customer_id)
    if not any(one.line is wanted.line and wanted.field in one.fields for one in tellings):
        raise FieldNotSaid


class LockHandler(ApprovalHandler):
    """Holds the field; one that is held already is held anew."""

    kind = "customer.field_lock"
    domain = Domain.COMPLIANCE
    title = Label("锁定客户信息项", "Hold a field of a customer")
    labels = MappingProxyType(
        {
            "customer": Label("客户", "Customer"),
            "field": Label("信息项", "Field"),
            "line": Label("采信条线", "Whose word is to stand"),
            "until": Label("截止日期", "Until"),
            "reason": Label("理由", "Reason"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Hold it as it stands now, or with the line's word.

        Raises:
            NotFound: the customer is out of the maker's scope, or was merged away.
            FieldNotSaid: the line says nothing of the field any more.
        """
        holding = Holding.model_validate(payload)
        await lock_fusion(session)
        customer = await get_customer(session, context.maker_scope, customer_id=holding.customer_id)
        await _check_said(session, customer.id, holding)
        await _forget(session, customer.id, holding.field)
        if holding.line is not None:
            await _compose(session, context.open_keys(), customer.id, {holding.field: holding.line})
        session.add(
            FieldLock(
                customer_id=customer.id,
                field=holding.field,
                held_by=customer.id,
                line=holding.line,
                until=holding.until,
                reason=holding.reason or "",
                locked_by=context.maker_id,
                approved_by=context.approver.id,
                locked_at=clock.now(),
            )
        )
        await session.flush()
        await record(
            session,
            actor=context.approver,
            action="customer.field_lock",
            object_type="customer",
            object_id=to_public("cus", customer.id),
            owner_id=customer.id,
            reason=holding.reason,
            on_behalf_id=context.maker_id,
            facts={"field": holding.field.value, "approval": to_public("apr", context.approval_id)},
        )


LOCK_HANDLER: Final = LockHandler()


async def _forget(session: AsyncSession, customer_id: UUID, field: PolicyField) -> bool:
    found = await repository.find_lock(session, customer_id=customer_id, field=field)
    if found is not None:
        await session.delete(found)
        await session.flush()
    return found is not None


async def _compose(
    session: AsyncSession,
    keys: KeyRing,
    customer_id: UUID,
    heard: Mapping[PolicyField, Line] = MappingProxyType({}),
) -> None:
    branches = {branch.code: branch.id for branch in await list_branches(session)}
    await recompose(session, keys, [customer_id], branches, heard=heard)


async def unlock(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    actor: Actor,
    customer_id: UUID,
    field: PolicyField,
    reason: str | None,
) -> None:
    """Let the lines' words count for a field again, at once.

    Raises:
        NotFound: the customer is unknown or out of scope, or the field is not held.
        ReasonRequired: the reason says nothing.
    """
    said = require_reason(reason)
    await lock_fusion(session)
    customer = await get_customer(session, scope, customer_id=customer_id)
    if not await _forget(session, customer.id, field):
        raise NotFound
    await _compose(session, keys, customer.id)
    await record(
        session,
        actor=actor,
        action="customer.field_unlock",
        object_type="customer",
        object_id=to_public("cus", customer.id),
        owner_id=customer.id,
        reason=said,
        facts={"field": field.value},
    )


async def list_held(session: AsyncSession, keys: KeyRing, *, customer: Customer) -> list[LockView]:
    """Return the held fields of a customer that the caller may see, each with what the lines say beside it."""
    locks = await repository.locks_of(session, customer_id=customer.id)
    if not locks:
        return []
    holders = await said_of_rows(session, keys, {lock.held_by for lock in locks})
    saids = (await said_of_customers(session, keys, [customer.id], {}))[customer.id]
    return [LockView(lock, _words(PolicyField(lock.field), holders[lock.held_by], saids)) for lock in locks]


def _words(field: PolicyField, held: Said, saids: list[Said]) -> list[Word]:
    return [
        Word(said.line, said.as_of, agrees=said.says(field) == held.says(field))
        for said in saids
        if said.says(field) is not None and not said.is_ended
    ]


async def end_locks(session: AsyncSession, *, open_keys: Callable[[], KeyRing], limit: int) -> int:
    """Let the lines' words count again where locks have ended, as the worker; returns how many locks."""
    day = clock.today()
    if not await repository.has_ended(session, day=day):
        return 0
    await lock_fusion(session)
    ended = await repository.drop_ended(session, day=day, limit=limit)
    branches = {branch.code: branch.id for branch in await list_branches(session)}
    await recompose(session, open_keys(), sorted(set(ended)), branches)
    return len(ended)
