"""One-time passwords: asked for with a ticket, sent to a phone of the bank's record, tried five times at most."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.unit_of_work import UnitOfWork
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing
from guibin.security.row_scope import open_rows
from guibin.sessions import repository
from guibin.sessions.errors import OtpInvalid, TicketInvalid, TooManyCodes
from guibin.sessions.messages import Messages
from guibin.sessions.models import BindingTicket, CodePurpose, OneTimeCode
from guibin.sessions.rules import CODE_LIFE, PHONE_LIMITS, remembered, wait_for
from guibin.sessions.secret_refs import code_hash, is_ticket, new_code, same, ticket_ref


async def request_code(
    work: UnitOfWork, keys: KeyRing, messages: Messages, *, ticket: str, phone: str, factor: int
) -> None:
    """Send a one-time password to a normalised phone, if it is one of the bank's record.

    Whether it is makes no difference to the answer: the same is read, written and answered. `factor` multiplies the
    limits of a phone.

    Raises:
        TicketInvalid: unknown, used or expired.
        TooManyCodes: one a minute, five an hour, ten a day for one phone.
    """
    session, now = work.session, clock.now()
    row = await valid_ticket(session, keys, ticket, now=now)
    phone_idx = phone_ref(keys, phone)
    await _count(session, phone_idx, factor, now)
    code = new_code()
    await repository.put_code(session, _code_row(keys, CodePurpose.BIND, row.ref, phone_idx, code, now))
    await repository.update_ticket(session, ref=row.ref, values={"phone_idx": phone_idx})
    everybody = Scope.of_job()
    await open_rows(session, everybody)
    known = bool(await repository.customers_of_phone(session, everybody, phone_idx=phone_idx))
    await open_rows(session, Scope.nothing())

    async def send() -> None:
        if known:
            messages.send_code(phone, code, CodePurpose.BIND)

    work.after_commit(send)


async def prove_phone(
    work: UnitOfWork, keys: KeyRing, *, ticket: BindingTicket, phone_idx: bytes, code: str, now: datetime
) -> None:
    """Hold whoever asks to the code that was sent to the phone for this ticket; the try counts also when refused.

    Raises:
        OtpInvalid: wrong, expired, used, tried too often, or sent for something else.
    """
    await prove_code(work, keys, phone_idx=phone_idx, purpose=CodePurpose.BIND, bound_to=ticket.ref, code=code, now=now)


async def prove_code(
    work: UnitOfWork,
    keys: KeyRing,
    *,
    phone_idx: bytes,
    purpose: CodePurpose,
    bound_to: bytes,
    code: str,
    now: datetime,
) -> None:
    """Hold whoever asks to the code that was sent for this purpose; the try counts also when it is refused.

    Raises:
        OtpInvalid: wrong, expired, used, tried too often, or sent for something else.
    """
    counted = await repository.count_try(work.session, phone_idx=phone_idx, purpose=purpose, bound_to=bound_to, now=now)
    await work.protect()
    given = code_hash(keys, code, purpose=purpose, bound_to=bound_to, phone_idx=phone_idx)
    if counted is None or not same(counted, given):
        raise OtpInvalid


async def send_code(
    work: UnitOfWork,
    keys: KeyRing,
    messages: Messages,
    *,
    phone: str,
    purpose: CodePurpose,
    bound_to: bytes,
    factor: int,
) -> None:
    """Send a one-time password to a phone that is known to be the customer's, once this transaction has committed.

    Raises:
        TooManyCodes: one a minute, five an hour, ten a day for one phone.
    """
    now, phone_idx = clock.now(), phone_ref(keys, phone)
    await _count(work.session, phone_idx, factor, now)
    code = new_code()
    await repository.put_code(work.session, _code_row(keys, purpose, bound_to, phone_idx, code, now))

    async def send() -> None:
        messages.send_code(phone, code, purpose)

    work.after_commit(send)


async def valid_ticket(
    session: AsyncSession, keys: KeyRing, ticket: str, *, now: datetime, lock: bool = False
) -> BindingTicket:
    """Return the ticket of a binding.

    Raises:
        TicketInvalid: unknown, used or expired.
    """
    row = None
    if is_ticket(ticket):
        row = await repository.find_ticket(session, ref=ticket_ref(keys, ticket), now=now, lock=lock)
    if row is None:
        raise TicketInvalid
    return row


def phone_ref(keys: KeyRing, phone: str) -> bytes:
    """Return the index by which the bank's record knows a normalised phone; filler numbers stand in no record."""
    return keys.blind_index("phone", phone)


async def _count(session: AsyncSession, phone_idx: bytes, factor: int, now: datetime) -> None:
    asked_at = await repository.lock_quota(session, subject=phone_idx)
    wait = wait_for(asked_at, PHONE_LIMITS, factor, now)
    if wait is not None:
        raise TooManyCodes(limit=wait.limit, retry_after=wait.seconds)
    await repository.write_quota(session, subject=phone_idx, asked_at=remembered(asked_at, PHONE_LIMITS, now))


def _code_row(
    keys: KeyRing, purpose: CodePurpose, bound_to: bytes, phone_idx: bytes, code: str, now: datetime
) -> OneTimeCode:
    hashed = code_hash(keys, code, purpose=purpose, bound_to=bound_to, phone_idx=phone_idx)
    return OneTimeCode(
        phone_idx=phone_idx,
        purpose=purpose,
        bound_to=bound_to,
        code_hash=hashed,
        tries=0,
        created_at=now,
        expires_at=now + CODE_LIFE,
        used_at=None,
    )
