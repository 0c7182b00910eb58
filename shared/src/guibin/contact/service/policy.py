"""The policy itself: a version is submitted by one person and in force once another agrees."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, Label, read_changes
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.contact import repository
from guibin.contact.models import ContactPolicy
from guibin.contact.rules import Terms
from guibin.core import clock
from guibin.core.errors import VersionConflict
from guibin.security.actors import Actor, Domain, Grant

_SUBJECT: Final = "contact_policy"


async def submit_policy(session: AsyncSession, *, actor: Actor, terms: Terms, version: int) -> Approval:
    """Ask another person to put terms in force, in place of those of the version that was read.

    Raises:
        VersionConflict: another version is in force.
    """
    request = await _examine(session, terms, version)
    return await approvals.submit(
        session,
        actor=actor,
        kind=POLICY_CHANGE.kind,
        domain=POLICY_CHANGE.domain,
        subject=_SUBJECT,
        payload=request.payload,
        preview=request.preview,
    )


async def _examine(session: AsyncSession, terms: Terms, version: int) -> Amended:
    before = await repository.policy_in_force(session)
    if before.version != version:
        raise VersionConflict
    after = terms.model_dump(mode="json")
    return Amended(
        payload={"version": version, "terms": after},
        preview={"before": before.terms.model_dump(mode="json"), "after": after},
    )


class PolicyChange(ApprovalHandler):
    """Puts a version of the contact policy in force; what was decided before keeps the version that decided it."""

    kind = "contact.policy"
    domain = Domain.CARE
    title = Label("触达规则", "Contact policy")
    labels = MappingProxyType(
        {
            "before": Label("现行规则", "Terms in force"),
            "after": Label("拟定规则", "Terms submitted"),
            "quiet": Label("免打扰时段", "Quiet hours"),
            "holiday_quiet": Label("节假日免打扰时段", "Quiet hours of holidays"),
            "caps": Label("每月营销触达上限（按渠道）", "Offers a month by channel"),
            "cap_in_all": Label("每月营销触达总上限", "Offers a month in all"),
            "product_pushes": Label("同一产品每季度推介上限", "Offers of one product a quarter"),
            "held_minutes": Label("名额保留分钟数", "Minutes for which a place is held"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Write the version.

        Raises:
            VersionConflict: another came into force meanwhile.
        """
        terms = Terms.model_validate(payload["terms"])
        await repository.lock_policy(session)
        before = await repository.policy_in_force(session)
        if before.version != payload["version"]:
            raise VersionConflict
        version = before.version + 1
        session.add(
            ContactPolicy(
                version=version,
                terms=terms.model_dump(mode="json"),
                in_force_from=clock.now(),
                set_by=context.maker_id,
            )
        )
        await audit.record(
            session,
            actor=context.approver,
            action="contact_policy.change",
            object_type="contact_policy",
            object_id=str(version),
            **context.asked_by,
        )

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, object],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Take new terms for those that were given back, over the version that is in force now."""
        self.scope_of_maker(maker, grants)
        given_back = Terms.model_validate(payload["terms"]).model_dump(mode="json")
        wanted = read_changes(Terms, {**given_back, **changes})
        return await _examine(session, wanted, (await repository.policy_in_force(session)).version)


POLICY_CHANGE: Final = PolicyChange()
