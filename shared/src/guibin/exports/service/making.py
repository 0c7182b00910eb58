"""Making the file of a list: by the worker, for what its requester may export at that moment."""

from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.spreadsheet import csv_bytes
from guibin.exports import repository, rules
from guibin.exports.lists import ListSource, Viewer
from guibin.exports.models import ExportFailure, ListExport
from guibin.exports.service.trail import record
from guibin.organisation.repository import roles_and_grants
from guibin.security.actors import Actor, ActorKind, Domain, Scope, Verb, decide, row_limit_of
from guibin.security.ciphers import KeyRing
from guibin.security.one_time_links import FILE_LIFE

EXPORTS_JOB: Final = Actor(ActorKind.JOB, UUID("00000000-0000-7000-8000-000000000f05"), "job:exports")
"""Who makes the files of lists; the same in every deployment, so that a trail tells it."""

TABLE: Final = ListExport.__tablename__


async def make(session: AsyncSession, keys: KeyRing, export: ListExport, source: ListSource) -> bool:
    """Make the file of an export, or write why not; False when there is no file or somebody else made it.

    Grants, scope and limit are those of now. The worker's role sees everybody's rows: the scope that is decided here
    is all that keeps others' customers out of the file.
    """
    verb = Verb(export.verb)
    roles, grants = await roles_and_grants(session, export.requested_by)
    scope = decide(grants, verb, Domain.EXPORTS, staff_id=export.requested_by)
    if scope is None:
        return await give_up(session, export, ExportFailure.FORBIDDEN)
    if scope.describe() != export.scope:
        return await give_up(session, export, ExportFailure.SCOPE_CHANGED)
    limit, viewer = rules.row_limit(row_limit_of(grants, verb, Domain.EXPORTS)), Viewer(export.requested_by, roles)
    rows: list[list[str]] = []
    async for some in source.read(session, keys, scope, viewer=viewer, filters=export.filters):
        rows += some
        if len(rows) > limit:
            return await give_up(session, export, ExportFailure.TOO_LARGE)
    return await _keep(session, keys, export, csv_bytes(source.columns, rows), scope=scope, rows=len(rows))


async def give_up(session: AsyncSession, export: ListExport, failure: ExportFailure) -> bool:
    """Write why an export is not made; returns False, since there is no file."""
    if await repository.fail(session, export.id, failure):
        await record(session, EXPORTS_JOB, export, "make", on_behalf_id=export.requested_by, result=failure)
    return False


async def _keep(
    session: AsyncSession, keys: KeyRing, export: ListExport, content: bytes, *, scope: Scope, rows: int
) -> bool:
    now, wrapped = clock.now(), keys.new_data_key(export.id)
    key = keys.open_data_key(wrapped, export.id)
    kept = await repository.keep_file(
        session,
        export.id,
        data_key=wrapped,
        content_enc=key.encrypt(content.decode(), TABLE, "content_enc", export.id),
        rows=rows,
        made_at=now,
        expires_at=now + FILE_LIFE,
    )
    if kept:
        await record(session, EXPORTS_JOB, export, "make", on_behalf_id=export.requested_by, scope=scope, rows=rows)
    return kept
