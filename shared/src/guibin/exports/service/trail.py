"""The audit rows of exports."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core.ids import to_public
from guibin.exports.models import ListExport
from guibin.security.actors import Actor, Scope


async def record(
    session: AsyncSession,
    actor: Actor,
    export: ListExport,
    action: str,
    *,
    on_behalf_id: UUID | None = None,
    result: str = "done",
    scope: Scope | None = None,
    rows: int | None = None,
) -> None:
    """Write that somebody did something with an export: which list, by which filters, how many rows; no value."""
    facts: dict[str, object] = {"kind": export.kind, "filters": sorted(export.filters), "verb": export.verb}
    if rows is not None:
        facts["rows"] = rows
    if export.approval_id is not None:
        facts["approval_id"] = to_public("apr", export.approval_id)
    await audit.record(
        session,
        actor=actor,
        action=f"list_export.{action}",
        object_type="list_export",
        object_id=to_public("exp", export.id),
        on_behalf_id=on_behalf_id,
        result=result,
        scope=scope,
        facts=facts,
    )
