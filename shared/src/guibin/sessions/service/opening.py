"""Opening a session for a customer who has proved who they are."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.channels import identities
from guibin.channels.wechat import WeChatLogin
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.identifiers import normalise_number
from guibin.customers.references import customer_no_ref
from guibin.customers.repository import customers_of_refs
from guibin.privacy.repository.restrictions import is_blocked
from guibin.privacy.rules import Act
from guibin.security.actors import Actor, ActorKind, Scope
from guibin.security.ciphers import KeyRing
from guibin.security.errors import TokenInvalid
from guibin.security.row_scope import open_rows
from guibin.security.session_tokens import SessionIssuer
from guibin.sessions import repository
from guibin.sessions.errors import AccountNotActive
from guibin.sessions.models import BindingTicket, CustomerSession, LoginWay, SessionEnd
from guibin.sessions.refresh_tokens import RefreshToken
from guibin.sessions.rules import IDLE_LIFE, SESSION_LIFE, TICKET_LIFE, Device, Standing
from guibin.sessions.secret_refs import new_ticket, ticket_ref
from guibin.sessions.service.tokens import Tokens, tokens_of


@dataclass(frozen=True, slots=True)
class Opened:
    """What a WeChat login leads to: the tokens of a customer, or the ticket with which one binds the account."""

    tokens: Tokens | None = None
    ticket: str | None = None


def customer_actor(customer_id: UUID) -> Actor:
    """Return a customer as the actor of what they do about their own sessions."""
    return Actor(ActorKind.CUSTOMER, customer_id, "customer")


async def log_in_by_wechat(
    session: AsyncSession, keys: KeyRing, issuer: SessionIssuer, *, login: WeChatLogin, device: Device
) -> Opened:
    """Open a session for whom WeChat has just named, or hand out a ticket when the account is bound to nobody.

    Raises:
        AccountNotActive: bound to a customer who is not one of today's.
    """
    identity = await identities.note_login(session, keys, login)
    way = LoginWay(identity.kind)
    if identity.customer_id is not None:
        tokens = await open_session(
            session, keys, issuer, customer_id=identity.customer_id, way=way, device=device, binding_id=identity.id
        )
        return Opened(tokens=tokens)
    text, now = new_ticket(), clock.now()
    row = BindingTicket(
        ref=ticket_ref(keys, text),
        appid=identity.appid,
        openid_idx=identity.openid_idx,
        way=way,
        device_ref=device.ref,
        created_at=now,
        expires_at=now + TICKET_LIFE,
    )
    await repository.add_ticket(session, row)
    return Opened(ticket=text)


async def log_in_by_bank_number(
    session: AsyncSession, keys: KeyRing, issuer: SessionIssuer, *, customer_no: str, device: Device
) -> Tokens:
    """Open a session for the customer of a number that the bank's own issuer vouches for.

    Raises:
        TokenInvalid: the number names no customer.
        AccountNotActive: not one of today's.
    """
    await open_rows(session, Scope.of_job())
    customer_id = await customer_of_number(session, keys, customer_no)
    return await open_session(session, keys, issuer, customer_id=customer_id, way=LoginWay.BANK_APP, device=device)


async def customer_of_number(session: AsyncSession, keys: KeyRing, customer_no: str) -> UUID:
    """Return the customer of a number of the bank.

    Raises:
        TokenInvalid: the number names no customer.
    """
    number = normalise_number(customer_no)
    ref = None if number is None else customer_no_ref(keys, number)
    found = {} if ref is None else await customers_of_refs(session, [ref])
    if ref is None or ref not in found:
        raise TokenInvalid
    return found[ref]


async def require_active(session: AsyncSession, *, customer_id: UUID) -> Standing:
    """Return the standing of a customer who may log in.

    Raises:
        AccountNotActive: closed, deceased, merged away, erased, or under a restriction that keeps one out.
    """
    standing = await repository.find_standing(session, Scope.of_customer(customer_id), customer_id=customer_id)
    if standing is None or not standing.may_log_in:
        raise AccountNotActive
    if await is_blocked(session, customer_id, Act.LOGIN, day=clock.today()):
        raise AccountNotActive
    return standing


async def open_session(
    session: AsyncSession,
    keys: KeyRing,
    issuer: SessionIssuer,
    *,
    customer_id: UUID,
    way: LoginWay,
    device: Device,
    binding_id: UUID | None = None,
) -> Tokens:
    """Open a session; the one before on the same device, opened in the same way, ends.

    Raises:
        AccountNotActive: not one of today's customers.
    """
    scope, now = Scope.of_customer(customer_id), clock.now()
    await open_rows(session, scope, actor_id=customer_id)
    standing = await require_active(session, customer_id=customer_id)
    if device.ref is not None:
        await repository.end_sessions(
            session,
            scope,
            customer_id=customer_id,
            reason=SessionEnd.REPLACED,
            now=now,
            device_ref=device.ref,
            way=way,
        )
    token = RefreshToken.first(customer_id, new_id())
    row = CustomerSession(
        customer_id=customer_id,
        id=token.session_id,
        way=way,
        binding_id=binding_id,
        device_ref=device.ref,
        created_at=now,
        expires_at=now + SESSION_LIFE,
        idle_expires_at=now + IDLE_LIFE,
        refresh_hash=token.hash(keys),
        generation=0,
        rotated_at=now,
        rotated_by=device.asker,
    )
    await repository.add_session(session, row)
    await record(
        session,
        actor=customer_actor(customer_id),
        action="session.open",
        object_type="session",
        object_id=to_public("ses", row.id),
        scope=scope,
        facts={"way": way},
    )
    return tokens_of(issuer, row, token, standing)
