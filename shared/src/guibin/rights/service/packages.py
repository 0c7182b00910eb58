"""The bank's packages: drafted, edited, submitted, and put in force by another person from a period's first day on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, Label, refuse_changes
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.ids import from_public, new_id, to_public
from guibin.organisation.repository import chain_of
from guibin.rights.models import PackagePeriod, PackageState, RightsPackage, RightState
from guibin.rights.package_errors import PackageInvalid, PackageNotDraft, PackageOpen
from guibin.rights.packages import PackageTerms, fault_of, first_day_of_version
from guibin.rights.repository import catalogue, packages
from guibin.security.actors import Actor, Domain, Grant

PUBLISH: Final = "package.publish"


@dataclass(frozen=True, slots=True)
class PackageContent:
    """A version as its maker writes it."""

    name_zh: str
    name_en: str
    terms: PackageTerms

    def columns(self) -> dict[str, Any]:
        """Return the values of the row."""
        terms = self.terms
        return {
            "name_zh": self.name_zh,
            "name_en": self.name_en,
            "period": terms.period.value,
            "tiers": [{"tier": tier, "choose": choose} for tier, choose in terms.choose.items()],
            "rights": [{"right_id": str(right_id), "units": units} for right_id, units in terms.units.items()],
            "last_day": terms.last_day,
        }


async def create_package(session: AsyncSession, *, actor: Actor, code: str, content: PackageContent) -> RightsPackage:
    """Draft the first or the next version of a package.

    Raises:
        PackageOpen: the package has a version that is not in force yet.
        PackageInvalid: the terms make no package. Facts: fault.
    """
    await _refuse(session, content.terms, on_offer=False)
    before = await packages.versions_of(session, code)
    package = RightsPackage(
        id=new_id(),
        code=code,
        version=before[0].version + 1 if before else 1,
        state=PackageState.DRAFT,
        created_at=clock.now(),
        **content.columns(),
    )
    if not await packages.insert_package(session, package):
        raise PackageOpen
    await _record(session, actor, package, "package.create")
    return package


async def edit_package(
    session: AsyncSession, package: RightsPackage, *, actor: Actor, content: PackageContent
) -> RightsPackage:
    """Replace the terms of a locked draft.

    Raises:
        PackageNotDraft: it was submitted, or is in force.
        PackageInvalid: see `create_package`.
    """
    _require_draft(package)
    await _refuse(session, content.terms, on_offer=False)
    before = _shown(package)
    for name, value in content.columns().items():
        setattr(package, name, value)
    package.revision += 1
    await _keep(session, package)
    await _record(session, actor, package, "package.edit", before=before, after=_shown(package))
    return package


async def submit_package(session: AsyncSession, package: RightsPackage, *, actor: Actor) -> Approval:
    """Ask another person to publish a locked draft.

    Raises:
        PackageNotDraft: it is no draft.
        PackageInvalid: one of its rights is not on offer, or what else has changed since it was drafted.
    """
    request = await _mark_submitted(session, package)
    return await approvals.submit(
        session,
        actor=actor,
        kind=PUBLISH,
        domain=Domain.RIGHTS,
        subject=to_public("pkg", package.id),
        payload=request.payload,
        preview=request.preview,
        branch_id=request.branch_id,
    )


async def _mark_submitted(session: AsyncSession, package: RightsPackage) -> Amended:
    _require_draft(package)
    await _refuse(session, PackageTerms.of(package), on_offer=True)
    package.state = PackageState.PENDING
    await _keep(session, package)
    in_force = await _published_before(session, package)
    return Amended(
        payload={"package_id": to_public("pkg", package.id), "revision": package.revision},
        preview={
            "code": package.code,
            "before": _shown(in_force) if in_force else None,
            "after": _shown(package),
        },
        branch_id=await chain_of(session, None),
    )


class PackagePublication(ApprovalHandler):
    """Carries out `package.publish`: the version counts from the first day of a period on."""

    kind = PUBLISH
    domain = Domain.RIGHTS
    title = Label("权益包发布", "Publish a package")
    labels = MappingProxyType(
        {
            "code": Label("权益包代码", "Code"),
            "before": Label("现行版本", "Version in force"),
            "after": Label("拟生效版本", "Version submitted"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, Any], *, context: ApprovalContext) -> None:
        """Publish the version as it was submitted.

        Raises:
            PackageNotDraft: it is not waiting any more.
            PackageInvalid: one of its rights is not on offer any more.
        """
        package = await packages.lock_package(session, _package_id(payload))
        if not _is_submitted(package, payload):
            raise PackageNotDraft
        await _refuse(session, PackageTerms.of(package), on_offer=True)
        package.first_day, package.state = await _first_day(session, package), PackageState.PUBLISHED
        await _keep(session, package)
        await _record(session, context.approver, package, PUBLISH, on_behalf_id=context.maker_id, after=_shown(package))

    async def give_back(self, session: AsyncSession, payload: Mapping[str, Any]) -> None:
        """Give the version back to its maker as a draft."""
        package = await packages.lock_package(session, _package_id(payload))
        if _is_submitted(package, payload):
            package.state = PackageState.DRAFT
            await _keep(session, package)

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, Any],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Submit the draft as it was edited since."""
        self.scope_of_maker(maker, grants)
        refuse_changes(changes)
        return await _mark_submitted(session, await packages.lock_package(session, _package_id(payload)))


async def _first_day(session: AsyncSession, package: RightsPackage) -> date:
    before = await _published_before(session, package)
    period = None if before is None else PackagePeriod(before.period)
    return first_day_of_version(PackagePeriod(package.period), clock.today(), period)


async def _published_before(session: AsyncSession, package: RightsPackage) -> RightsPackage | None:
    versions = await packages.versions_of(session, package.code)
    return next((one for one in versions if one.state == PackageState.PUBLISHED), None)


async def _refuse(session: AsyncSession, terms: PackageTerms, *, on_offer: bool) -> None:
    """Hold terms to what they name; what is submitted also to what customers can have.

    Raises:
        PackageInvalid.
    """
    items = await catalogue.find_items(session, right_ids=terms.units)
    rights = {item.id: not on_offer or item.state == RightState.PUBLISHED for item in items.values()}
    tiers = frozenset(await catalogue.find_tiers(session, codes=terms.choose))
    fault = fault_of(terms, rights=rights, tiers=tiers)
    if fault is not None:
        raise PackageInvalid(fault=fault)


def _require_draft(package: RightsPackage) -> None:
    if package.state != PackageState.DRAFT:
        raise PackageNotDraft


def _is_submitted(package: RightsPackage, payload: Mapping[str, Any]) -> bool:
    return package.state == PackageState.PENDING and package.revision == payload["revision"]


def _package_id(payload: Mapping[str, Any]) -> UUID:
    found = from_public("pkg", str(payload["package_id"]))
    if found is None:
        raise LookupError("the payload names no package")
    return found


async def _keep(session: AsyncSession, package: RightsPackage) -> None:
    session.add(package)
    await session.flush()


def _shown(package: RightsPackage) -> dict[str, object]:
    """Describe a version for people who decide, in the words of the port."""
    return {
        "name": package.name_zh,
        "period": package.period,
        "tiers": package.tiers,
        "rights": [
            {"right_id": to_public("rgt", right_id), "units": units}
            for right_id, units in PackageTerms.of(package).units.items()
        ],
        "first_day": package.first_day.isoformat() if package.first_day else None,
        "last_day": package.last_day.isoformat() if package.last_day else None,
    }


async def _record(
    session: AsyncSession,
    actor: Actor,
    package: RightsPackage,
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
        object_type="package",
        object_id=to_public("pkg", package.id),
        on_behalf_id=on_behalf_id,
        before=before,
        after=after,
        facts={"code": package.code, "version": package.version, "revision": package.revision},
    )
