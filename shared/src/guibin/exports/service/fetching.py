"""Handing a file over: by a link of 15 minutes, once, to whoever asked for it and may still export it."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.exports import repository
from guibin.exports.models import ExportState
from guibin.exports.service.making import TABLE
from guibin.exports.service.trail import record
from guibin.privacy.errors import ExportNotReady
from guibin.security.actors import Actor, Domain, Grant, Verb, decide
from guibin.security.ciphers import KeyRing, WrappedKey
from guibin.security.errors import Forbidden
from guibin.security.one_time_links import OneTimeLink, link_hash, new_link


async def open_link(session: AsyncSession, *, actor: Actor, grants: Sequence[Grant], export_id: UUID) -> OneTimeLink:
    """Open a link to the own file that lies ready; the link before it opens nothing any more.

    Raises:
        NotFound: no such export of this person.
        ExportNotReady: it is not made, was fetched, or its time is over.
        Forbidden: the person's data scope is not any more that of the file.
    """
    export = await repository.get_export(session, requested_by=actor.id, export_id=export_id)
    now = clock.now()
    if export.state != ExportState.READY or export.expires_at is None or export.expires_at <= now:
        raise ExportNotReady
    scope = decide(grants, Verb(export.verb), Domain.EXPORTS, staff_id=actor.id)
    if scope is None or scope.describe() != export.scope:
        raise Forbidden
    link = new_link(now, file_until=export.expires_at)
    if not await repository.open_link(session, export.id, link_hash=link.hash, expires_at=link.expires_at):
        raise ExportNotReady
    await record(session, actor, export, "link")
    return link


async def fetch(session: AsyncSession, keys: KeyRing, *, actor: Actor, export_id: UUID, token: str) -> bytes | None:
    """Use up a link and return the CSV, which is gone then; None for whoever it is not for, too late, or twice."""
    export = await repository.take_file(
        session, requested_by=actor.id, export_id=export_id, link_hash=link_hash(token), now=clock.now()
    )
    if export is None or export.content_enc is None:
        return None
    key = keys.open_data_key(WrappedKey(export.data_key or b""), export.id)
    content = key.decrypt(export.content_enc, TABLE, "content_enc", export.id)
    await record(session, actor, export, "fetch", rows=export.rows)
    return content.encode()
