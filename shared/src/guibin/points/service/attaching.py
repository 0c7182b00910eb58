"""Documents of a request to change points by hand: its maker adds them, and only who may decide on it looks at them."""

import base64
import hashlib
from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.approvals.models import Approval, ApprovalState
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.customers.models import Customer
from guibin.points.attachment_models import PointsAttachment
from guibin.points.attachment_rules import AttachmentKind, kind_of
from guibin.points.errors import AttachmentInvalid, AttachmentThere
from guibin.security.actors import Actor, Domain
from guibin.security.ciphers import DataKey, KeyRing, WrappedKey

_TABLE, _COLUMN = "points_attachment", "content_enc"


async def attach(
    session: AsyncSession, *, actor: Actor, keys: KeyRing, approval: Approval, number: int, content: bytes
) -> PointsAttachment:
    """Add a document to an open request of the actor's own about a customer's points; the same again changes nothing.

    Raises:
        NotFound: the request is not about points of one customer.
        StateConflict: it is decided on already.
        AttachmentInvalid: neither PDF, PNG nor JPEG, or not whole.
        AttachmentThere: another document stands in this place.
    """
    key = await _key(session, keys, approval)
    if approval.state not in {ApprovalState.PENDING, ApprovalState.CHANGES_REQUESTED}:
        raise StateConflict(state=approval.state)
    kind, digest = kind_of(content), hashlib.sha256(content).digest()
    if kind is None:
        raise AttachmentInvalid(accepted=list(AttachmentKind))
    row = PointsAttachment(
        customer_id=approval.owner_id,
        approval_id=approval.id,
        number=number,
        media_type=kind,
        size=len(content),
        sha256=digest,
        content_enc=key.encrypt(base64.b64encode(content).decode("ascii"), _TABLE, _COLUMN, approval.id),
        added_by=actor.id,
        added_at=clock.now(),
    )
    await session.execute(insert(PointsAttachment).values(row.model_dump()).on_conflict_do_nothing())
    stored = await _find(session, approval, number)
    if stored.sha256 != digest:
        raise AttachmentThere
    await _record(session, actor, "points.attachment.added", stored)
    return stored


async def list_attachments(session: AsyncSession, *, approval: Approval) -> Sequence[PointsAttachment]:
    """Return what is attached to a request, in order."""
    query = select(PointsAttachment).where(
        PointsAttachment.customer_id == approval.owner_id, PointsAttachment.approval_id == approval.id
    )
    return (await session.exec(query.order_by(col(PointsAttachment.number)))).all()


async def show_attachment(
    session: AsyncSession, *, actor: Actor, keys: KeyRing, approval: Approval, number: int
) -> tuple[PointsAttachment, bytes]:
    """Return a document with its content, to somebody who may decide on the request and has not made it.

    Raises:
        NotFound: there is none, the actor made the request, or the customer's data were erased.
    """
    if approval.maker_id == actor.id:
        raise NotFound
    key, row = await _key(session, keys, approval), await _find(session, approval, number)
    content = base64.b64decode(key.decrypt(row.content_enc, _TABLE, _COLUMN, approval.id))
    await _record(session, actor, "points.attachment.shown", row)
    return row, content


async def _key(session: AsyncSession, keys: KeyRing, approval: Approval) -> DataKey:
    customer = await session.get(Customer, approval.owner_id) if approval.domain == Domain.POINTS else None
    if customer is None or customer.data_key is None:
        raise NotFound
    return keys.open_data_key(WrappedKey(customer.data_key), customer.id)


async def _find(session: AsyncSession, approval: Approval, number: int) -> PointsAttachment:
    row = await session.get(PointsAttachment, (approval.owner_id, approval.id, number))
    if row is None:
        raise NotFound
    return row


async def _record(session: AsyncSession, actor: Actor, action: str, row: PointsAttachment) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="approval",
        object_id=to_public("apr", row.approval_id),
        owner_id=row.customer_id,
        facts={"number": row.number, "sha256": row.sha256.hex(), "bytes": row.size},
    )
