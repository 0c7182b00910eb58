"""Binding a WeChat account to a customer of the bank, and taking the binding back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.channels import identities
from guibin.channels.models import WechatIdentity
from guibin.channels.repository import find_identity
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.core.unit_of_work import UnitOfWork
from guibin.customers.models import Customer
from guibin.customers.personal import identity_of
from guibin.customers.repository import get_customer
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing
from guibin.security.row_scope import open_rows
from guibin.security.session_tokens import SessionIssuer
from guibin.sessions import repository
from guibin.sessions.errors import IdentityFactRequired, IdentityNotConfirmed, OtpInvalid, TicketInvalid
from guibin.sessions.messages import Messages
from guibin.sessions.models import BindingTicket, CodePurpose, LoginWay, SessionEnd
from guibin.sessions.rules import Device
from guibin.sessions.service.codes import phone_ref, prove_phone, valid_ticket
from guibin.sessions.service.opening import customer_actor, customer_of_number, open_session
from guibin.sessions.service.tokens import Tokens

FACT = "certificate_tail"
_TAIL = 6


@dataclass(frozen=True, slots=True)
class PhoneProof:
    """A one-time password that reached the bank's phone of a customer, and a fact that the bank knows.

    Without `phone` it is the one to which the ticket last asked for a code. The fact is asked for where several
    customers share the phone, and with `fact_always` of everybody: numbers change hands.
    """

    code: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)
    certificate_tail: str | None = field(default=None, repr=False)
    fact_always: bool = False


@dataclass(frozen=True, slots=True)
class BankProof:
    """A customer number that the bank's own issuer vouches for; with `rebind` an earlier account gives way."""

    customer_no: str = field(repr=False)
    rebind: bool = False


async def openid_of_ticket(session: AsyncSession, keys: KeyRing, *, ticket: str) -> str:
    """Return who holds a ticket at WeChat, to ask WeChat about the same person.

    Raises:
        TicketInvalid: unknown, used or expired.
    """
    row = await valid_ticket(session, keys, ticket, now=clock.now())
    openid = identities.openid_of(keys, await _identity_of(session, row))
    if openid is None:
        raise TicketInvalid
    return openid


async def bind(
    work: UnitOfWork,
    keys: KeyRing,
    issuer: SessionIssuer,
    messages: Messages,
    *,
    ticket: str,
    proof: PhoneProof | BankProof,
    device: Device,
) -> Tokens:
    """Bind the WeChat account of a ticket to the customer who is proved, and open a session.

    Raises:
        TicketInvalid: unknown, used, expired, or of another device.
        OtpInvalid, IdentityNotConfirmed, TokenInvalid: not proved.
        IdentityFactRequired: the phone alone does not say who it is.
        AccountNotActive: proved to be a customer, but not one of today's.
        BindingConflict: the account or the customer is bound otherwise.
    """
    session, now = work.session, clock.now()
    await open_rows(session, Scope.of_job())  # whoever is at the door is nobody yet
    row = await valid_ticket(session, keys, ticket, now=now, lock=True)
    if row.device_ref is not None and row.device_ref != device.ref:
        raise TicketInvalid
    customer_id = await _prove(work, keys, row, proof, now)
    identity = await _identity_of(session, row)
    rebind = isinstance(proof, BankProof) and proof.rebind
    former = await identities.bind(session, identity, customer_id=customer_id, rebind=rebind)
    await repository.update_ticket(session, ref=row.ref, values={"used_at": now})
    await open_rows(session, Scope.of_customer(customer_id), actor_id=customer_id)
    actor = customer_actor(customer_id)
    if former:
        await _take_leave(work, keys, messages.tell_rebound, actor=actor, former=former, action="binding.replace")
    await _record(session, actor, "binding.add", identity, proof=type(proof).__name__)
    return await open_session(
        session,
        keys,
        issuer,
        customer_id=customer_id,
        way=LoginWay(row.way),
        device=device,
        binding_id=identity.id,
    )


async def list_bindings(session: AsyncSession, *, customer_id: UUID) -> Sequence[WechatIdentity]:
    """Return the WeChat accounts that are bound to a customer."""
    return await identities.list_of_customer(session, customer_id=customer_id)


async def unbind(work: UnitOfWork, keys: KeyRing, messages: Messages, *, actor: Actor, way: LoginWay) -> None:
    """Take back the binding of a customer's WeChat account; the sessions that hang on it end, the bank's phone is told.

    Raises:
        NotFound: no such account is bound.
    """
    found = [one for one in await list_bindings(work.session, customer_id=actor.id) if one.kind == way]
    if not found:
        raise NotFound
    for identity in found:
        await identities.unbind(work.session, identity)
    await _take_leave(work, keys, messages.tell_unbound, actor=actor, former=found, action="binding.remove")


async def _identity_of(session: AsyncSession, ticket: BindingTicket) -> WechatIdentity:
    found = await find_identity(session, openid_idx=ticket.openid_idx, appid=ticket.appid)
    if found is None:
        raise TicketInvalid
    return found


async def _prove(
    work: UnitOfWork, keys: KeyRing, ticket: BindingTicket, proof: PhoneProof | BankProof, now: datetime
) -> UUID:
    """Return the customer whom a proof names."""
    if isinstance(proof, BankProof):
        return await customer_of_number(work.session, keys, proof.customer_no)
    phone_idx = ticket.phone_idx if proof.phone is None else phone_ref(keys, proof.phone)
    if phone_idx is None:
        raise OtpInvalid
    await prove_phone(work, keys, ticket=ticket, phone_idx=phone_idx, code=proof.code, now=now)
    found = await repository.customers_of_phone(work.session, Scope.of_job(), phone_idx=phone_idx)
    if proof.certificate_tail is None and (proof.fact_always or len(found) > 1):
        raise IdentityFactRequired(accepted=(FACT,))
    await repository.use_code(work.session, phone_idx=phone_idx, purpose=CodePurpose.BIND, bound_to=ticket.ref, now=now)
    await work.protect()
    if proof.certificate_tail is not None:
        found = [customer for customer in found if _tail_of(keys, customer) == proof.certificate_tail]
    if len(found) != 1:
        raise IdentityNotConfirmed
    return found[0].id


def _tail_of(keys: KeyRing, customer: Customer) -> str | None:
    number = identity_of(keys, customer).certificate_no
    return None if number is None else number.value[-_TAIL:]


async def _take_leave(
    work: UnitOfWork,
    keys: KeyRing,
    tell: Callable[[str], None],
    *,
    actor: Actor,
    former: Sequence[WechatIdentity],
    action: str,
) -> None:
    """End what hung on accounts that are unbound, and tell the bank's phone of the customer.

    They are unbound before: a log-in that came first holds its identity until its session is there to be ended.
    """
    scope, now = Scope.of_customer(actor.id), clock.now()
    for identity in former:
        await repository.end_sessions(
            work.session,
            scope,
            customer_id=actor.id,
            reason=SessionEnd.UNBOUND,
            now=now,
            binding_id=identity.id,
        )
        await _record(work.session, actor, action, identity)
    phone = identity_of(keys, await get_customer(work.session, scope, customer_id=actor.id)).phone

    async def tell_phone() -> None:
        if phone is not None:
            tell(phone.value)

    work.after_commit(tell_phone)


async def _record(session: AsyncSession, actor: Actor, action: str, identity: WechatIdentity, **facts: str) -> None:
    await record(
        session,
        actor=actor,
        action=action,
        object_type="customer",
        object_id=to_public("cus", actor.id),
        scope=Scope.of_customer(actor.id),
        facts={"binding": str(identity.id), "account": identity.kind, **facts},
    )
