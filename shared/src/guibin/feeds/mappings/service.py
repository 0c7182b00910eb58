"""Commands on mappings: drafted by one person, tried on a file, put in force by another."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypedDict

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.lines import Line
from guibin.feeds.arranging import ColumnMapping
from guibin.feeds.mappings import repository
from guibin.feeds.mappings.errors import MappingInvalid, MappingNotDraft
from guibin.feeds.mappings.models import FeedMapping, MappingState
from guibin.feeds.models import FeedKind
from guibin.security.actors import Actor, Domain, Verb


async def draft_mapping(
    session: AsyncSession, *, actor: Actor, line: Line, kind: FeedKind, wanted: ColumnMapping
) -> FeedMapping:
    """Draft the next version; files are read by it once another person has approved it, and in dry runs that name it.

    Raises:
        MappingInvalid: it names columns that the kind does not have, or one twice.
    """
    fault = wanted.fault(kind)
    if fault is not None:
        raise MappingInvalid(fault=fault)
    await repository.lock_mappings(session, line=line, kind=kind)
    versions = await repository.list_mappings(session, line=line, kind=kind)
    row = FeedMapping(
        line=line,
        kind=kind,
        version=versions[0].version + 1 if versions else 1,
        state=MappingState.DRAFT,
        columns=dict(wanted.columns),
        values={column: dict(values) for column, values in wanted.values.items()},
        ignored=sorted(wanted.ignored),
        dates={column: form.value for column, form in wanted.dates.items()},
        fills=sorted(wanted.fills),
        created_by=actor.id,
        created_at=clock.now(),
    )
    session.add(row)
    await session.flush()
    await audit.record(
        session,
        actor=actor,
        action="feed_mapping.draft",
        object_type="feed_mapping",
        object_id=_name(row),
        facts={"columns": len(row.columns)},
    )
    return row


async def submit_mapping(session: AsyncSession, *, actor: Actor, line: Line, kind: FeedKind, version: int) -> Approval:
    """Ask another person to put a draft in force.

    Raises:
        NotFound: no such version.
        MappingNotDraft: it was submitted before.
    """
    await repository.lock_mappings(session, line=line, kind=kind)
    row = await get_mapping(session, line=line, kind=kind, version=version)
    if row.state != MappingState.DRAFT:
        raise MappingNotDraft
    row.state = MappingState.PENDING
    session.add(row)
    before = await repository.mapping_in_force(session, line=line, kind=kind)
    return await approvals.submit(
        session,
        actor=actor,
        kind=MAPPING_HANDLER.kind,
        domain=MAPPING_HANDLER.domain,
        subject=_name(row),
        payload={"line": line.value, "kind": kind.value, "version": version},
        preview={
            "line": line.value,
            "kind": kind.value,
            "before": _told(before),
            "after": _told(repository.rules_of(row)),
        },
    )


async def get_mapping(session: AsyncSession, *, line: Line, kind: FeedKind, version: int) -> FeedMapping:
    """Return a version.

    Raises:
        NotFound: there is none.
    """
    row = await repository.find_mapping(session, line=line, kind=kind, version=version)
    if row is None:
        raise NotFound
    return row


def _told(mapping: ColumnMapping) -> dict[str, object]:
    return {
        "version": mapping.version,
        "columns": dict(mapping.columns),
        "values": {column: dict(values) for column, values in mapping.values.items()},
        "ignored": sorted(mapping.ignored),
        "dates": {column: form.value for column, form in mapping.dates.items()},
        "fills": sorted(mapping.fills),
    }


def _name(row: FeedMapping) -> str:
    return f"{row.line}/{row.kind}/{row.version}"


class MappingApproval(ApprovalHandler):
    """Puts a version in force; the one before is replaced."""

    kind = "feed.mapping"
    domain = Domain.FEEDS
    title = Label("条线文件列映射", "How a line writes its files")
    labels = MappingProxyType(
        {
            "line": Label("条线", "Line"),
            "kind": Label("文件类别", "Kind of file"),
            "before": Label("现行映射", "Mapping in force"),
            "after": Label("拟定映射", "Mapping submitted"),
        }
    )
    maker_verb = Verb.WRITE

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Let files that are taken from now on be read by the version.

        Raises:
            NotFound, MappingNotDraft: it is not what was submitted any more.
        """
        row = await _pending(session, payload)
        await repository.replace_active(session, line=Line(row.line), kind=FeedKind(row.kind))
        row.state = MappingState.ACTIVE
        session.add(row)
        await audit.record(
            session,
            actor=context.approver,
            action="feed_mapping.activate",
            object_type="feed_mapping",
            object_id=_name(row),
            **context.asked_by,
        )

    async def give_back(self, session: AsyncSession, payload: Mapping[str, object]) -> None:
        """Make the version a draft again."""
        row = await repository.find_mapping(session, **_named(payload))
        if row is not None and row.state == MappingState.PENDING:
            row.state = MappingState.DRAFT
            session.add(row)


async def _pending(session: AsyncSession, payload: Mapping[str, object]) -> FeedMapping:
    named = _named(payload)
    await repository.lock_mappings(session, line=named["line"], kind=named["kind"])
    row = await get_mapping(session, **named)
    if row.state != MappingState.PENDING:
        raise MappingNotDraft
    return row


class _Named(TypedDict):
    line: Line
    kind: FeedKind
    version: int


def _named(payload: Mapping[str, object]) -> _Named:
    return {
        "line": Line(str(payload["line"])),
        "kind": FeedKind(str(payload["kind"])),
        "version": int(str(payload["version"])),
    }


MAPPING_HANDLER: Final = MappingApproval()
