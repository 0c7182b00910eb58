"""Commands on the matrix: a draft is written and edited, and put in force by a second person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, Label, refuse_changes
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.ids import from_public, new_id, to_public
from guibin.managers.matrix import repository, rules
from guibin.managers.matrix.errors import MatrixInvalid, MatrixNotDraft
from guibin.managers.matrix.models import ManagerMatrix, MatrixState
from guibin.security.actors import Actor, Domain, Grant
from guibin.tags.repository import usable_codes
from guibin.tiers.errors import PeriodConflict, PeriodInvalid
from guibin.tiers.repository import list_tiers

ACTIVATE = "manager_matrix.activate"


@dataclass(frozen=True)
class Draft:
    """A version as its maker writes it; without `effective_from` it begins once approved."""

    name: str
    content: rules.Content
    effective_from: date | None = None


async def create_matrix(session: AsyncSession, *, actor: Actor, draft: Draft) -> ManagerMatrix:
    """Make a draft.

    Raises:
        MatrixInvalid: the content makes no matrix.
        PeriodInvalid: it begins before today.
    """
    await _check(session, draft)
    matrix = ManagerMatrix(
        id=new_id(),
        name=draft.name,
        state=MatrixState.DRAFT,
        effective_from=draft.effective_from,
        content=draft.content.model_dump(mode="json"),
        created_at=clock.now(),
    )
    session.add(matrix)
    await session.flush()
    await _record(session, actor, matrix, "manager_matrix.create")
    return matrix


async def edit_matrix(session: AsyncSession, matrix: ManagerMatrix, *, actor: Actor, draft: Draft) -> ManagerMatrix:
    """Replace the content of a locked draft.

    Raises:
        MatrixNotDraft, MatrixInvalid, PeriodInvalid.
    """
    _require_draft(matrix)
    await _check(session, draft)
    before = _document(matrix)
    matrix.name, matrix.effective_from = draft.name, draft.effective_from
    matrix.content = draft.content.model_dump(mode="json")
    matrix.revision += 1
    await _record(session, actor, matrix, "manager_matrix.edit", before=before, after=_document(matrix))
    return matrix


async def submit_matrix(session: AsyncSession, matrix: ManagerMatrix, *, actor: Actor) -> Approval:
    """Ask another person to put a locked draft in force; the preview counts whose manager it forbids.

    Raises:
        MatrixNotDraft: it is no draft.
    """
    request = await _mark_submitted(session, matrix)
    return await approvals.submit(
        session,
        actor=actor,
        kind=ACTIVATE,
        domain=Domain.MANAGERS,
        subject=to_public("mmx", matrix.id),
        payload=request.payload,
        preview=request.preview,
    )


async def _mark_submitted(session: AsyncSession, matrix: ManagerMatrix) -> Amended:
    _require_draft(matrix)
    matrix.state = MatrixState.PENDING
    content = rules.Content.model_validate(matrix.content)
    first = max(matrix.effective_from or clock.today(), clock.today())
    before = await repository.content_on(session, first)
    forbidden = await repository.count_forbidden(session, content, day=clock.today())
    return Amended(
        payload={"matrix_id": to_public("mmx", matrix.id), "revision": matrix.revision, "content": matrix.content},
        preview={
            "name": matrix.name,
            "effective_from": matrix.effective_from.isoformat() if matrix.effective_from else None,
            "before": before.model_dump(mode="json"),
            "after": matrix.content,
            "forbidden": [{"tier": tier, "customers": count} for tier, count in forbidden.items()],
        },
    )


class MatrixActivation(ApprovalHandler):
    """Puts an approved version in force on its first day."""

    kind = ACTIVATE
    domain = Domain.MANAGERS
    title = Label("启用职级与层级对应表", "Put a matrix of grades and tiers in force")
    labels = MappingProxyType(
        {
            "name": Label("名称", "Name"),
            "effective_from": Label("生效日（空为批准当日）", "First day; the day of the approval where there is none"),
            "before": Label("现行对应表", "In force"),
            "after": Label("拟启用对应表", "Submitted"),
            "tiers": Label("各层级", "Tiers"),
            "primary": Label("应管职级", "Grades that should serve"),
            "fallback": Label("可管职级", "Grades that may serve"),
            "second_role": Label("共同服务角色", "Second person"),
            "licence": Label("所需资质", "Licence"),
            "product_licences": Label("产品所需资质", "Licences by product class"),
            "tag_skills": Label("标签所需专长", "Skills by tag"),
            "forbidden": Label("现任客户经理不再匹配的客户", "Customers whose manager it forbids"),
            "tier": Label("层级", "Tier"),
            "customers": Label("客户数", "Customers"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Let it begin today or on its first day; the version in force then ends there.

        Raises:
            MatrixNotDraft: it is not waiting any more.
            PeriodConflict: its first day is over.
        """
        rows = await repository.lock_for_beginning(session, _matrix_id(payload))
        matrix = next((row for row in rows if row.id == _matrix_id(payload)), None)
        if matrix is None or matrix.state != MatrixState.PENDING or matrix.revision != payload["revision"]:
            raise MatrixNotDraft
        if matrix.effective_from is not None and matrix.effective_from < clock.today():
            raise PeriodConflict
        first = matrix.effective_from or clock.today()
        others = {row.id: row for row in rows if row.id != matrix.id}
        placing = rules.place(
            [rules.Span(row.id, row.effective_from, row.effective_to) for row in others.values()], first=first
        )
        for ended in placing.ended:
            others[ended].effective_to = first
        await session.flush()  # the others make room before it begins: approved versions never overlap
        matrix.state, matrix.activated_at = MatrixState.APPROVED, clock.now()
        matrix.effective_from, matrix.effective_to = first, placing.end
        await session.flush()
        await _record(session, context.approver, matrix, ACTIVATE, on_behalf_id=context.maker_id)

    async def give_back(self, session: AsyncSession, payload: Mapping[str, object]) -> None:
        """Give it back to its maker as a draft."""
        matrix = await repository.lock_matrix(session, _matrix_id(payload))
        if matrix.state == MatrixState.PENDING and matrix.revision == payload["revision"]:
            matrix.state = MatrixState.DRAFT
            await session.flush()

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, object],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Submit the draft as it was edited since."""
        self.scope_of_maker(maker, grants)
        refuse_changes(changes)
        return await _mark_submitted(session, await repository.lock_matrix(session, _matrix_id(payload)))


def _matrix_id(payload: Mapping[str, object]) -> UUID:
    found = from_public("mmx", str(payload["matrix_id"]))
    if found is None:
        raise LookupError("the payload names no matrix")
    return found


async def _check(session: AsyncSession, draft: Draft) -> None:
    tiers = {tier.code for tier in await list_tiers(session)}
    tags = await usable_codes(session, draft.content.tag_skills)
    fault = rules.faults_of(draft.content, tiers=tiers, tags=tags)
    if fault is not None:
        raise MatrixInvalid(fault=fault)
    if draft.effective_from is not None and draft.effective_from < clock.today():
        raise PeriodInvalid(earliest=clock.today().isoformat())


def _require_draft(matrix: ManagerMatrix) -> None:
    if matrix.state != MatrixState.DRAFT:
        raise MatrixNotDraft


def _document(matrix: ManagerMatrix) -> dict[str, object]:
    first = matrix.effective_from.isoformat() if matrix.effective_from else None
    return {"name": matrix.name, "effective_from": first, **matrix.content}


async def _record(
    session: AsyncSession,
    actor: Actor,
    matrix: ManagerMatrix,
    action: str,
    *,
    on_behalf_id: UUID | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="manager_matrix",
        object_id=to_public("mmx", matrix.id),
        on_behalf_id=on_behalf_id,
        before=before,
        after=after,
        facts={"revision": matrix.revision},
    )
