"""Asking for a list: at once by whoever may export a part of the own customers, else with a second person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.exports import repository, rules
from guibin.exports.errors import ExportTooLarge
from guibin.exports.lists import Filters, ListSource
from guibin.exports.models import ExportState, ListExport, ListKind
from guibin.exports.service.trail import record
from guibin.security.actors import Actor, Domain, Grant, Verb, decide, row_limit_of
from guibin.security.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which list, by which filters."""

    kind: ListKind
    filters: Filters


class _Payload(BaseModel):
    """The payload of `list.export`; `scope` is whose data the maker's grants opened at the submission."""

    model_config = ConfigDict(frozen=True)

    kind: ListKind
    filters: dict[str, str]
    scope: str


async def request_export(
    session: AsyncSession, source: ListSource, *, actor: Actor, grants: Sequence[Grant], wanted: Wanted
) -> ListExport | Approval:
    """Let the worker make a list; one without a filter, or of somebody who may only submit, takes a second person.

    A filter that leaves nobody of the caller's scope out counts as none.

    Raises:
        Forbidden: it takes a second person, and the caller may not submit.
        ExportTooLarge: more rows than the caller's grant allows.
    """
    scope = decide(grants, Verb.EXPORT, Domain.EXPORTS, staff_id=actor.id)
    if scope is not None and wanted.filters:
        rows = await source.count(session, scope, filters=wanted.filters)
        if rules.is_narrowed(rows, of=await source.count(session, scope, filters={})):
            _check_size(rows, _row_limit(grants, Verb.EXPORT))
            return await _add(session, actor, wanted, requested_by=actor.id, verb=Verb.EXPORT, scope=scope.describe())
    return await _submit(session, source, actor, grants, wanted)


async def _submit(
    session: AsyncSession, source: ListSource, actor: Actor, grants: Sequence[Grant], wanted: Wanted
) -> Approval:
    scope = decide(grants, Verb.SUBMIT, Domain.EXPORTS, staff_id=actor.id)
    if scope is None:
        raise Forbidden
    rows, limit = await source.count(session, scope, filters=wanted.filters), _row_limit(grants, Verb.SUBMIT)
    _check_size(rows, limit)
    payload = _Payload(kind=wanted.kind, filters=dict(wanted.filters), scope=scope.describe())
    return await approvals.submit(
        session,
        actor=actor,
        kind=ListExporting.kind,
        domain=ListExporting.domain,
        subject=wanted.kind,
        payload=payload.model_dump(mode="json"),
        preview={"list": wanted.kind, "filters": dict(wanted.filters), "rows": rows, "row_limit": limit},
        branch_id=await repository.branch_over(session, scope, staff_id=actor.id),
    )


def _row_limit(grants: Sequence[Grant], verb: Verb) -> int:
    return rules.row_limit(row_limit_of(grants, verb, Domain.EXPORTS))


def _check_size(rows: int, limit: int) -> None:
    if rows > limit:
        raise ExportTooLarge(limit=limit, count=rows)


async def _add(
    session: AsyncSession,
    actor: Actor,
    wanted: Wanted,
    *,
    requested_by: UUID,
    verb: Verb,
    scope: str,
    approval_id: UUID | None = None,
) -> ListExport:
    export = ListExport(
        id=new_id(),
        requested_by=requested_by,
        kind=wanted.kind,
        filters=dict(wanted.filters),
        verb=verb,
        scope=scope,
        approval_id=approval_id,
        state=ExportState.WAITING,
        created_at=clock.now(),
    )
    session.add(export)
    await session.flush()
    await record(session, actor, export, "request", on_behalf_id=None if actor.id == requested_by else requested_by)
    return export


class ListExporting(ApprovalHandler):
    """Lets the worker make a list that a second person has agreed to; whoever asked for it fetches it.

    What the maker may export by then is looked at by the worker, which makes nothing for another scope than that of
    the submission. A request is not amended: another list is another request.
    """

    kind = "list.export"
    domain = Domain.EXPORTS
    title = Label("导出名单", "Export a list")
    labels = MappingProxyType(
        {
            "list": Label("名单", "List"),
            "filters": Label("筛选条件", "Filters"),
            "rows": Label("行数", "Rows"),
            "row_limit": Label("行数上限", "Most rows"),
            "tag": Label("标签", "Tag"),
            "tier": Label("层级", "Tier"),
            "manager": Label("客户经理", "Manager"),
            "branch": Label("机构", "Branch"),
            "month": Label("月份", "Month"),
            "tax_kind": Label("涉税类型", "Tax kind"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Put the export where the worker finds it."""
        agreed = _Payload.model_validate(payload)
        await _add(
            session,
            context.approver,
            Wanted(agreed.kind, agreed.filters),
            requested_by=context.maker_id,
            verb=self.maker_verb,
            scope=agreed.scope,
            approval_id=context.approval_id,
        )
