"""How many tiers by hand a branch may have: changed by two people."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core.errors import VersionConflict
from guibin.core.ids import from_public, to_public
from guibin.organisation.models import Branch
from guibin.security.actors import Actor, Domain
from guibin.tiers import quotas
from guibin.tiers.models import TierOverrideQuota


async def submit_quota(session: AsyncSession, branch: Branch, *, actor: Actor, most: int) -> Approval:
    """Ask another person to bound the tiers by hand of a branch and all below it; who has one keeps it."""
    before = await quotas.find_quota(session, branch.id)
    return await approvals.submit(
        session,
        actor=actor,
        kind=QUOTA_CHANGE.kind,
        domain=QUOTA_CHANGE.domain,
        subject=to_public("brn", branch.id),
        payload={
            "branch_id": to_public("brn", branch.id),
            "most": most,
            "revision": 0 if before is None else before.revision,
        },
        preview={"branch": branch.code, "before": None if before is None else before.most, "after": most},
    )


class QuotaChange(ApprovalHandler):
    """Puts the bound in force."""

    kind = "tier.override_quota"
    domain = Domain.TIERS
    title = Label("机构手工层级名额", "How many tiers by hand a branch may have")
    labels = MappingProxyType(
        {
            "branch": Label("机构", "Branch"),
            "before": Label("现行名额", "Bound in force"),
            "after": Label("拟定名额", "Bound submitted"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Write the bound.

        Raises:
            VersionConflict: it was changed meanwhile.
        """
        branch_id = _branch_id(payload)
        row = await quotas.find_quota(session, branch_id, lock=True)
        if (0 if row is None else row.revision) != payload["revision"]:
            raise VersionConflict
        row = row or TierOverrideQuota(branch_id=branch_id, most=0, revision=0)
        row.most, row.revision = int(str(payload["most"])), row.revision + 1
        session.add(row)
        await session.flush()
        await audit.record(
            session,
            actor=context.approver,
            action=self.kind,
            object_type="branch",
            object_id=to_public("brn", branch_id),
            **context.asked_by,
        )


QUOTA_CHANGE: Final = QuotaChange()


def _branch_id(payload: Mapping[str, object]) -> UUID:
    found = from_public("brn", str(payload["branch_id"]))
    if found is None:
        raise LookupError("the payload names no branch")
    return found
