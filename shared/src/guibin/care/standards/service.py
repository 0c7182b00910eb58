"""Commands on service standards: drafted, and published by a second person."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.definitions.service import Definitions
from guibin.approvals.handlers import Amended, Label
from guibin.approvals.models import Approval
from guibin.care.standards import repository
from guibin.care.standards.errors import StandardInvalid, StandardNotDraft
from guibin.care.standards.models import ServiceStandard, StandardState
from guibin.care.standards.rules import Sheet, faults_of
from guibin.core import clock
from guibin.core.ids import new_id
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
    return await STANDARDS.add(session, standard, actor=actor)


async def edit_standard(
    session: AsyncSession, standard: ServiceStandard, *, actor: Actor, name: str, sheets: Mapping[str, Sheet]
) -> ServiceStandard:
    """Replace the content of a locked draft.

    Raises:
        StandardNotDraft, StandardInvalid.
    """
    STANDARDS.require_draft(standard)
    await _check(session, sheets)
    before = await STANDARDS.shown(session, standard)
    standard.name, standard.sheets = name, _documents(sheets)
    return await STANDARDS.keep_edit(session, standard, actor=actor, before=before)


async def submit_standard(
    session: AsyncSession, standard: ServiceStandard, *, actor: Actor, effective_from: date | None
) -> Approval:
    """Ask another person to publish a locked draft from a day on (None: the day of the decision).

    Raises:
        StandardNotDraft: it is no draft.
    """
    STANDARDS.require_draft(standard)
    standard.effective_from = effective_from
    return await STANDARDS.submit(session, standard, actor=actor)


class Standards(Definitions[ServiceStandard]):
    """All versions; a published one is in force from its first day until the next one's."""

    table = ServiceStandard
    called = "service_standard"
    prefix = "std"
    payload_id = "standard_id"
    not_draft = StandardNotDraft
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

    async def shown(self, session: AsyncSession, row: ServiceStandard) -> Mapping[str, object]:
        """Return the name and the sheets."""
        return {"name": row.name, **row.sheets}

    async def examine(self, session: AsyncSession, row: ServiceStandard) -> Amended:
        """Show the sheets beside those in force."""
        before = await repository.standard_on(session, clock.today())
        first = row.effective_from.isoformat() if row.effective_from else None
        return Amended(
            payload={"effective_from": first},
            preview={
                "before": None if before is None else before.sheets,
                "after": row.sheets,
                "effective_from": first,
            },
        )

    async def begin(self, session: AsyncSession, row: ServiceStandard) -> None:
        """Publish it, from today at the earliest.

        Raises:
            PeriodConflict: another version begins on the same day.
        """
        first = max(row.effective_from or clock.today(), clock.today())
        if await repository.published_on(session, first) is not None:
            raise PeriodConflict
        row.state, row.effective_from = StandardState.PUBLISHED, first


STANDARDS: Final = Standards()


async def _check(session: AsyncSession, sheets: Mapping[str, Sheet]) -> None:
    tiers = await list_tiers(session)
    fault = faults_of(sheets, [tier.code for tier in tiers], [tier.code for tier in tiers if tier.managed])
    if fault is not None:
        raise StandardInvalid(fault=fault)


def _documents(sheets: Mapping[str, Sheet]) -> dict[str, object]:
    return {tier: sheet.model_dump(mode="json") for tier, sheet in sheets.items()}
