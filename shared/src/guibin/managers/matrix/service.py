"""Commands on the matrix: a draft is written and edited, and put in force by a second person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.definitions.service import Definitions
from guibin.approvals.handlers import Amended, Label
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.managers.matrix import repository, rules
from guibin.managers.matrix.errors import MatrixInvalid, MatrixNotDraft
from guibin.managers.matrix.models import ManagerMatrix, MatrixState
from guibin.security.actors import Actor, Domain
from guibin.tags.repository import usable_codes
from guibin.tiers.errors import PeriodConflict, PeriodInvalid
from guibin.tiers.repository import list_tiers


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
        effective_from=draft.effective_from,
        content=draft.content.model_dump(mode="json"),
        created_at=clock.now(),
    )
    return await MATRICES.add(session, matrix, actor=actor)


async def edit_matrix(session: AsyncSession, matrix: ManagerMatrix, *, actor: Actor, draft: Draft) -> ManagerMatrix:
    """Replace the content of a locked draft.

    Raises:
        MatrixNotDraft, MatrixInvalid, PeriodInvalid.
    """
    MATRICES.require_draft(matrix)
    await _check(session, draft)
    before = await MATRICES.shown(session, matrix)
    matrix.name, matrix.effective_from = draft.name, draft.effective_from
    matrix.content = draft.content.model_dump(mode="json")
    return await MATRICES.keep_edit(session, matrix, actor=actor, before=before)


class Matrices(Definitions[ManagerMatrix]):
    """All versions of the matrix; an approved one is in force on its days."""

    table = ManagerMatrix
    called = "manager_matrix"
    prefix = "mmx"
    payload_id = "matrix_id"
    not_draft = MatrixNotDraft
    kind = "manager_matrix.activate"
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

    async def shown(self, session: AsyncSession, row: ManagerMatrix) -> Mapping[str, object]:
        """Return the name, the first day and the lines."""
        return {"name": row.name, "effective_from": _day(row), **row.content}

    async def examine(self, session: AsyncSession, row: ManagerMatrix) -> Amended:
        """Count whose manager it forbids, and show its lines beside those in force on its first day."""
        content = rules.Content.model_validate(row.content)
        before = await repository.content_on(session, max(row.effective_from or clock.today(), clock.today()))
        forbidden = await repository.count_forbidden(session, content, day=clock.today())
        return Amended(
            payload={"content": row.content},
            preview={
                "name": row.name,
                "effective_from": _day(row),
                "before": before.model_dump(mode="json"),
                "after": row.content,
                "forbidden": [{"tier": tier, "customers": count} for tier, count in forbidden.items()],
            },
        )

    async def begin(self, session: AsyncSession, row: ManagerMatrix) -> None:
        """Let it begin today or on its first day; the version in force then ends there.

        Raises:
            PeriodConflict: its first day is over.
        """
        if row.effective_from is not None and row.effective_from < clock.today():
            raise PeriodConflict
        first = row.effective_from or clock.today()
        others = {one.id: one for one in await repository.approved_matrices(session)}
        placing = rules.place(
            [rules.Span(one.id, one.effective_from, one.effective_to) for one in others.values()], first=first
        )
        for ended in placing.ended:
            others[ended].effective_to = first
        await session.flush()  # the others make room before it begins: approved versions never overlap
        row.state, row.activated_at = MatrixState.APPROVED, clock.now()
        row.effective_from, row.effective_to = first, placing.end


MATRICES: Final = Matrices()


async def _check(session: AsyncSession, draft: Draft) -> None:
    tiers = {tier.code for tier in await list_tiers(session)}
    tags = await usable_codes(session, draft.content.tag_skills)
    fault = rules.faults_of(draft.content, tiers=tiers, tags=tags)
    if fault is not None:
        raise MatrixInvalid(fault=fault)
    if draft.effective_from is not None and draft.effective_from < clock.today():
        raise PeriodInvalid(earliest=clock.today().isoformat())


def _day(matrix: ManagerMatrix) -> str | None:
    return matrix.effective_from.isoformat() if matrix.effective_from else None
