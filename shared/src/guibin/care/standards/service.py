"""Commands on service standards: drafted, and published by a second person."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.care.standards import repository
from guibin.care.standards.errors import StandardInvalid, StandardNotDraft
from guibin.care.standards.models import ServiceStandard, StandardState
from guibin.care.standards.rules import Sheet, faults_of
from guibin.core import clock
from guibin.core.ids import from_public, new_id, to_public
from guibin.security.actors import Actor, Domain
from guibin.tiers.errors import PeriodConflict
from guibin.tiers.repository import list_tiers


def sheets_of(standard: ServiceStandard) -> dict[str, Sheet]:
    """Return what a version promises, by tier."""
    return {tier: Sheet.model_validate(sheet) for tier, sheet in standard.sheets.items()}


async def create_standard(
    session: AsyncSession, *, actor: Actor, name: str, sheets: Mapping[str, Sheet]
) -> ServiceStandard:
    """Draft a version.

    Raises:
        StandardInvalid: a tier is unknown or missing, or a higher one is promised less.
    """
    await _check(session, sheets)
    standard = ServiceStandard(id=new_id(), name=name, sheets=_documents(sheets), created_at=clock.now())
    session.add(standard)
    await session.flush()
    await _record(session, actor, standard, "service_standard.create")
    return standard


async def edit_standard(
    session: AsyncSession, standard: ServiceStandard, *, actor: Actor, name: str, sheets: Mapping[str, Sheet]
) -> ServiceStandard:
    """Replace the content of a locked draft.

    Raises:
        StandardNotDraft, StandardInvalid.
    """
    _require_draft(standard)
    await _check(session, sheets)
    before = {"name": standard.name, **standard.sheets}
    standard.name, standard.sheets = name, _documents(sheets)
    standard.revision += 1
    await session.flush()
    after = {"name": standard.name, **standard.sheets}
    await _record(session, actor, standard, "service_standard.edit", before=before, after=after)
    return standard


async def submit_standard(
    session: AsyncSession, standard: ServiceStandard, *, actor: Actor, effective_from: date | None
) -> Approval:
    """Ask another person to publish a locked draft from a day on (None: the day of the decision).

    Raises:
        StandardNotDraft: it is no draft.
    """
    _require_draft(standard)
    standard.state = StandardState.PENDING
    before = await repository.standard_on(session, clock.today())
    return await approvals.submit(
        session,
        actor=actor,
        kind=STANDARD_PUBLICATION.kind,
        domain=STANDARD_PUBLICATION.domain,
        subject=to_public("std", standard.id),
        payload={
            "standard_id": to_public("std", standard.id),
            "revision": standard.revision,
            "effective_from": effective_from.isoformat() if effective_from else None,
        },
        preview={
            "before": None if before is None else before.sheets,
            "after": standard.sheets,
            "effective_from": effective_from.isoformat() if effective_from else None,
        },
    )


class StandardPublication(ApprovalHandler):
    """Publishes a version; it is in force from its first day until the next one's."""

    kind = "service_standard.publish"
    domain = Domain.TIERS
    title = Label("发布服务标准", "Publish a service standard")
    labels = MappingProxyType(
        {
            "before": Label("现行标准", "Standard in force"),
            "after": Label("拟发布标准", "Standard submitted"),
            "effective_from": Label("生效日（空为批准当日）", "First day; the day of the decision where there is none"),
            "grade": Label("客户经理职级", "Grade of the manager"),
            "contacts_a_year": Label("每年联系次数", "Contacts a year"),
            "reviews_a_year": Label("每年资产检视次数", "Reviews a year"),
            "answer_days": Label("投诉首次答复天数", "Days to the first answer"),
            "resolve_days": Label("投诉办结天数", "Days to the resolution"),
            "others": Label("其他承诺", "Other promises"),
            "zh": Label("中文", "Chinese"),
            "en": Label("英文", "English"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Publish it.

        Raises:
            StandardNotDraft: it is not waiting any more.
            PeriodConflict: another version begins on the same day.
        """
        standard = await repository.get_standard(session, _standard_id(payload), lock=True)
        if standard.state != StandardState.PENDING or standard.revision != payload["revision"]:
            raise StandardNotDraft
        wished = payload["effective_from"]
        first = max(date.fromisoformat(str(wished)), clock.today()) if wished else clock.today()
        if await repository.published_on(session, first) is not None:
            raise PeriodConflict
        standard.state, standard.effective_from = StandardState.PUBLISHED, first
        await session.flush()
        await _record(session, context.approver, standard, self.kind, on_behalf_id=context.maker_id)

    async def give_back(self, session: AsyncSession, payload: Mapping[str, object]) -> None:
        """Give it back to its maker as a draft."""
        standard = await repository.get_standard(session, _standard_id(payload), lock=True)
        if standard.state == StandardState.PENDING and standard.revision == payload["revision"]:
            standard.state = StandardState.DRAFT
            await session.flush()


STANDARD_PUBLICATION: Final = StandardPublication()


async def _check(session: AsyncSession, sheets: Mapping[str, Sheet]) -> None:
    tiers = await list_tiers(session)
    fault = faults_of(sheets, [tier.code for tier in tiers], [tier.code for tier in tiers if tier.managed])
    if fault is not None:
        raise StandardInvalid(fault=fault)


def _documents(sheets: Mapping[str, Sheet]) -> dict[str, object]:
    return {tier: sheet.model_dump(mode="json") for tier, sheet in sheets.items()}


def _require_draft(standard: ServiceStandard) -> None:
    if standard.state != StandardState.DRAFT:
        raise StandardNotDraft


def _standard_id(payload: Mapping[str, object]) -> UUID:
    found = from_public("std", str(payload["standard_id"]))
    if found is None:
        raise LookupError("the payload names no standard")
    return found


async def _record(
    session: AsyncSession,
    actor: Actor,
    standard: ServiceStandard,
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
        object_type="service_standard",
        object_id=to_public("std", standard.id),
        on_behalf_id=on_behalf_id,
        before=before,
        after=after,
        facts={"revision": standard.revision},
    )
