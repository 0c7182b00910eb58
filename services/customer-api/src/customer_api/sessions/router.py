"""Logging in by WeChat or with a token of the bank, refreshing, logging out; my accounts and my devices."""

from typing import Annotated

from fastapi import Request

from customer_api.parts import Parts, parts_of
from guibin.channels.errors import (
    BindingConflict,
    UpstreamBadAnswer,
    UpstreamBusy,
    UpstreamThrottled,
    UpstreamTimeout,
    WeChatCodeInvalid,
    WeChatLoginBlocked,
)
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import SessionId
from guibin.core.settings import Profile
from guibin.customers.identifiers import normalise_phone
from guibin.security.errors import TokenInvalid
from guibin.sessions import repository, service
from guibin.sessions.errors import (
    AccountNotActive,
    IdentityFactRequired,
    IdentityNotConfirmed,
    OtpInvalid,
    TicketInvalid,
    TooManyCodes,
)
from guibin.sessions.models import LoginWay
from guibin.sessions.rules import Device
from guibin.sessions.secret_refs import asker_ref, device_ref
from guibin.sessions.service import BankProof, PhoneProof
from guibin.web import CustomerCall, DataClass, PortRouter, RateClass, Visit, VisitorCall, customer, declare, json_body
from guibin.web.declaration import public
from guibin.web.limits import DEVELOPMENT_FACTOR

from .schemas import (
    BankLoginIn,
    BindIn,
    BindingOut,
    BindingRequiredOut,
    BindingsOut,
    CodeRequestIn,
    CodeRequestOut,
    RefreshIn,
    SessionOut,
    SessionsOut,
    SignedInOut,
    WechatApp,
    WechatLoginIn,
    WechatLoginOut,
)

router = PortRouter(prefix="/v1", tags=["sessions"])

SELF = customer("profile:read:self")
UPSTREAM = (UpstreamBusy, UpstreamTimeout, UpstreamBadAnswer, UpstreamThrottled)


@router.post("/sessions/wechat", operation_id="logInByWechat")
@declare(
    caller=public(),
    rate=RateClass.LOGIN,
    data=DataClass.C3,
    refusals=(WeChatCodeInvalid, WeChatLoginBlocked, AccountNotActive, *UPSTREAM),
)
async def log_in_by_wechat(
    visit: VisitorCall, request: Request, body: Annotated[WechatLoginIn, json_body(WechatLoginIn)]
) -> WechatLoginOut:
    """Log in with the code that WeChat gave the app: tokens when the account is bound, else a ticket to bind it."""
    parts = parts_of(visit)
    mini_program = body.app is WechatApp.MINI_PROGRAM
    ask = parts.wechat.mini_program_login if mini_program else parts.wechat.official_account_login
    async with visit.port.gate.left():  # before the first statement: neither connection nor place waits for WeChat
        login = await ask(body.code)
    device = _device(visit, request, body.device_id)
    opened = await service.log_in_by_wechat(visit.session, visit.keys, parts.issuer, login=login, device=device)
    if opened.tokens is not None:
        return SignedInOut.of(opened.tokens)
    return BindingRequiredOut(ticket=opened.ticket or "")


@router.post("/otp", status_code=202, operation_id="requestOneTimePassword")
@declare(
    caller=public(),
    rate=RateClass.OTP,
    data=DataClass.C1,
    refusals=(TicketInvalid, TooManyCodes, WeChatCodeInvalid, *UPSTREAM),
)
async def request_code(visit: VisitorCall, body: Annotated[CodeRequestIn, json_body(CodeRequestIn)]) -> CodeRequestOut:
    """Send a one-time password to the bank's phone of a customer; the answer is the same for every phone.

    A code has six digits, is good for five minutes, for one try to bind and for this ticket only, and dies of five
    wrong tries.
    """
    parts = parts_of(visit)
    phone = body.phone or await _phone_of(visit, parts, body.ticket, body.phone_code or "")
    factor = 1 if visit.port.settings.profile is Profile.PRODUCTION else DEVELOPMENT_FACTOR
    await service.request_code(visit.work, visit.keys, parts.messages, ticket=body.ticket, phone=phone, factor=factor)
    return CodeRequestOut()


@router.post("/sessions/wechat/bind", operation_id="bindWechat")
@declare(
    caller=public(),
    rate=RateClass.LOGIN,
    data=DataClass.C3,
    refusals=(
        TicketInvalid,
        OtpInvalid,
        IdentityNotConfirmed,
        TokenInvalid,
        WeChatCodeInvalid,
        AccountNotActive,
        IdentityFactRequired,
        BindingConflict,
        *UPSTREAM,
    ),
)
async def bind_wechat(visit: VisitorCall, request: Request, body: Annotated[BindIn, json_body(BindIn)]) -> SignedInOut:
    """Bind the WeChat account of a ticket to the customer who is proved, and log in.

    The phone must be the one in the bank's record. An account that takes the place of another one needs `bank_token`
    and `rebind`; the bank's phone of the customer is told.
    """
    parts = parts_of(visit)
    proof = await _proof(visit, parts, body)
    tokens = await service.bind(
        visit.work,
        visit.keys,
        parts.issuer,
        parts.messages,
        ticket=body.ticket,
        proof=proof,
        device=_device(visit, request, body.device_id),
    )
    return SignedInOut.of(tokens)


@router.post("/sessions/bank-app", operation_id="logInByBankApp")
@declare(caller=public(), rate=RateClass.LOGIN, data=DataClass.C3, refusals=(TokenInvalid, AccountNotActive))
async def log_in_by_bank_app(
    visit: VisitorCall, request: Request, body: Annotated[BankLoginIn, json_body(BankLoginIn)]
) -> SignedInOut:
    """Trade a token of the bank's own issuer for a session."""
    parts = parts_of(visit)
    customer_no = await _customer_no(visit, parts, body.token)
    tokens = await service.log_in_by_bank_number(
        visit.session,
        visit.keys,
        parts.issuer,
        customer_no=customer_no,
        device=_device(visit, request, body.device_id),
    )
    return SignedInOut.of(tokens)


@router.post("/sessions/refresh", operation_id="refreshSession")
@declare(caller=public(), rate=RateClass.READ, data=DataClass.C3, refusals=(TokenInvalid,))
async def refresh_session(
    visit: VisitorCall, request: Request, body: Annotated[RefreshIn, json_body(RefreshIn)]
) -> SignedInOut:
    """Trade a refresh token for the next tokens; it is good once.

    After a broken connection the same call within ten seconds from the same device answers the same. Any other second
    use means that somebody has a copy: the session ends, and I log in again.
    """
    tokens = await service.refresh(
        visit.work,
        visit.keys,
        parts_of(visit).issuer,
        refresh_token=body.refresh_token,
        device=_device(visit, request, body.device_id),
    )
    return SignedInOut.of(tokens)


@router.delete("/sessions/current", status_code=204, operation_id="logOut")
@declare(caller=SELF, rate=RateClass.WRITE, data=DataClass.C1, refusals=(NotFound,))
async def log_out(call: CustomerCall) -> None:
    """Log out: this session's tokens count no more, at once and on both ports."""
    await service.log_out(call.session, call.scope, actor=call.actor, session_id=call.token.session_id)


@router.get("/me/sessions", operation_id="listMySessions")
@declare(caller=SELF, rate=RateClass.READ, data=DataClass.C2)
async def list_sessions(call: CustomerCall) -> SessionsOut:
    """List where I am logged in, the newest first."""
    rows = await repository.list_sessions(call.session, call.scope, customer_id=call.actor.id, now=clock.now())
    return SessionsOut(
        items=[
            SessionOut(
                id=row.id,
                way=LoginWay(row.way),
                created_at=row.created_at,
                refreshed_at=row.rotated_at,
                expires_at=min(row.expires_at, row.idle_expires_at),
                current=str(row.id) == call.token.session_id,
            )
            for row in rows
        ]
    )


@router.delete("/me/sessions/{session_id}", status_code=204, operation_id="endMySession")
@declare(caller=SELF, rate=RateClass.WRITE, data=DataClass.C1)
async def end_session(call: CustomerCall, session_id: SessionId) -> None:
    """Log out another device, for example a lost phone."""
    await service.end_one(call.session, call.scope, actor=call.actor, session_id=session_id)


@router.get("/me/bindings", operation_id="listMyBindings")
@declare(caller=SELF, rate=RateClass.READ, data=DataClass.C2)
async def list_bindings(call: CustomerCall) -> BindingsOut:
    """List the WeChat accounts with which I can log in."""
    found = await service.list_bindings(call.session, customer_id=call.actor.id)
    apps = {app.value for app in WechatApp}
    return BindingsOut(
        items=[
            BindingOut(app=WechatApp(row.kind), bound_at=row.bound_at)
            for row in found
            if row.kind in apps and row.bound_at is not None
        ]
    )


@router.delete("/me/bindings/{app}", status_code=204, operation_id="removeMyBinding")
@declare(caller=SELF, rate=RateClass.WRITE, data=DataClass.C1)
async def remove_binding(call: CustomerCall, app: WechatApp) -> None:
    """Take back the binding of my WeChat account; the sessions that hang on it end with it."""
    await service.unbind(call.work, call.keys, parts_of(call).messages, actor=call.actor, way=LoginWay(app))


def _device(visit: Visit, request: Request, device_id: str | None) -> Device:
    """Tell the caller's device by the id that it gives, else by address and program."""
    if device_id is not None:
        ref = device_ref(visit.keys, device_id)
        return Device(ref, ref)
    program = request.headers.get("user-agent", "")
    return Device(None, asker_ref(visit.keys, address=visit.peer, program=program))


async def _proof(visit: Visit, parts: Parts, body: BindIn) -> PhoneProof | BankProof:
    if body.bank_token is not None:
        return BankProof(await _customer_no(visit, parts, body.bank_token), rebind=body.rebind)
    phone = body.phone
    if body.phone_code is not None:
        phone = await _phone_of(visit, parts, body.ticket, body.phone_code)
    tail = body.certificate_tail
    return PhoneProof(
        code=body.otp or "",
        phone=phone,
        certificate_tail=None if tail is None else tail.upper(),
        fact_always=visit.port.settings.fact_always,
    )


async def _customer_no(visit: Visit, parts: Parts, token: str) -> str:
    """Return the customer number in a token of the bank, whose keys may have to be fetched first."""
    async with visit.port.gate.left():
        return await parts.bank_tokens.customer_no(token)


async def _phone_of(visit: Visit, parts: Parts, ticket: str, phone_code: str) -> str:
    """Ask WeChat for the phone behind a code of the person who holds the ticket; no connection and no place waits."""
    openid = await service.openid_of_ticket(visit.session, visit.keys, ticket=ticket)
    await visit.work.abandon()
    async with visit.port.gate.left():
        number = await parts.wechat.phone_number(phone_code, openid=openid)
    found = normalise_phone(number)
    if found is None:
        raise WeChatCodeInvalid
    return found
