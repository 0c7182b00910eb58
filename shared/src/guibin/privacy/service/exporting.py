"""The copy of a customer's data: an encrypted zip, made by the worker, fetched once by a link for its owner alone."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.customers.models import Customer
from guibin.customers.repository import get_customer
from guibin.privacy.copy_file import write_copy
from guibin.privacy.errors import ExportNotReady
from guibin.privacy.models import RequestState, SubjectExport
from guibin.privacy.repository import requests as repository
from guibin.privacy.subject import SECTIONS
from guibin.security.actors import Actor, ActorKind, Scope
from guibin.security.ciphers import KeyRing, WrappedKey
from guibin.security.one_time_links import FILE_LIFE, link_hash, new_link

PRIVACY_JOB: Final = Actor(ActorKind.JOB, UUID("00000000-0000-7000-8000-000000000f04"), "job:privacy")
"""Who makes copies; the same in every deployment, so that a trail tells it."""

TABLE: Final = SubjectExport.__tablename__
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTVWXYZ23456789"
_GROUPS, _GROUP_LENGTH = 5, 5


@dataclass(frozen=True, slots=True)
class Link:
    """A link that opens a file once, and the password of the file."""

    token: str
    password: str
    expires_at: datetime


async def make_copy(session: AsyncSession, keys: KeyRing, export: SubjectExport) -> bool:
    """Make the file of a request; False when it was made, or the request closed, meanwhile.

    A customer whose data were erased gets none: the request is closed as refused.
    """
    customer = await get_customer(session, Scope.of_job(), customer_id=export.customer_id)
    now = clock.now()
    if customer.data_key is None:
        await _close(session, export, RequestState.REFUSED, now)
        return False
    if not await _close(session, export, RequestState.FULFILLED, now):
        return False
    sections = {
        section.name: await section.read(session, keys, customer_id=customer.id)
        for section in sorted(SECTIONS, key=lambda one: one.name)
    }
    password = _password()
    content = write_copy(sections, password=password, customer=to_public("cus", customer.id), made_at=now)
    key = keys.open_data_key(WrappedKey(customer.data_key), customer.id)
    kept = await repository.keep_file(
        session,
        export,
        content=content,
        password_enc=key.encrypt(password, TABLE, "password_enc", export.request_id),
        made_at=now,
        expires_at=now + FILE_LIFE,
    )
    if kept:
        counts = {name: len(rows) for name, rows in sections.items()}
        await _record(session, PRIVACY_JOB, export, "subject_export.make", counts)
    return kept


async def open_link(session: AsyncSession, keys: KeyRing, scope: Scope, *, actor: Actor, request_id: UUID) -> Link:
    """Open a link to a file that lies ready; the link before it opens nothing any more.

    Raises:
        NotFound: no such request of this customer.
        ExportNotReady: there is no file, or its time is over.
    """
    row, export, _ = await repository.get_request(session, scope, request_id=request_id)
    customer = await get_customer(session, scope, customer_id=row.customer_id)
    now = clock.now()
    if customer.id != actor.id:
        raise NotFound
    if export is None or export.password_enc is None or export.expires_at is None or export.expires_at <= now:
        raise ExportNotReady
    link = new_link(now, file_until=export.expires_at)
    await repository.open_link(
        session, customer_id=customer.id, request_id=request_id, link_hash=link.hash, expires_at=link.expires_at
    )
    await _record(session, actor, export, "subject_export.link")
    return Link(link.token, _open_password(keys, customer, export, export.password_enc), link.expires_at)


async def fetch(session: AsyncSession, *, actor: Actor, token: str) -> bytes | None:
    """Use up a link and return the file; None for whoever it does not belong to, too late, or twice."""
    content = await repository.take_file(session, customer_id=actor.id, link_hash=link_hash(token), now=clock.now())
    if content is not None:
        await record(
            session,
            actor=actor,
            action="subject_export.fetch",
            object_type="customer",
            object_id=to_public("cus", actor.id),
            owner_id=actor.id,
        )
    return content


def _open_password(keys: KeyRing, customer: Customer, export: SubjectExport, password_enc: bytes) -> str:
    key = keys.open_data_key(WrappedKey(customer.data_key or b""), customer.id)
    return key.decrypt(password_enc, TABLE, "password_enc", export.request_id)


def _password() -> str:
    """Make a password of 25 characters that are told apart easily: 123 bits."""
    letters = [secrets.choice(_ALPHABET) for _ in range(_GROUPS * _GROUP_LENGTH)]
    return "-".join("".join(letters[at : at + _GROUP_LENGTH]) for at in range(0, len(letters), _GROUP_LENGTH))


async def _close(session: AsyncSession, export: SubjectExport, state: RequestState, at: datetime) -> bool:
    return await repository.close_request(
        session, customer_id=export.customer_id, request_id=export.request_id, state=state, at=at
    )


async def _record(
    session: AsyncSession, actor: Actor, export: SubjectExport, action: str, counts: dict[str, int] | None = None
) -> None:
    await record(
        session,
        actor=actor,
        action=action,
        object_type="data_request",
        object_id=to_public("dsr", export.request_id),
        owner_id=export.customer_id,
        facts=dict(counts or {}),
    )
