"""The identity policy: submitted, approved by another person, and worked into every customer by the worker."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import VersionConflict
from guibin.core.ids import to_public
from guibin.core.lines import Line
from guibin.core.reasons import require_reason
from guibin.customers.fusion_repository import lock_fusion, recompose
from guibin.customers.models import IdentityPolicyVersion
from guibin.customers.policy import repository
from guibin.customers.policy.rules import DEFAULT, IdentityPolicy, PolicyField
from guibin.organisation.repository import head_office, list_branches
from guibin.security.actors import Actor, Domain
from guibin.security.ciphers import KeyRing

OBJECT: Final = "identity_policy"


@dataclass(frozen=True, slots=True)
class Source:
    """Which line a field of a customer comes from, and of which business date."""

    field: PolicyField
    line: Line
    as_of: date


async def submit_policy(session: AsyncSession, *, actor: Actor, terms: IdentityPolicy, reason: str | None) -> Approval:
    """Submit other terms than those in force; another person agrees.

    Raises:
        ReasonRequired: the reason says nothing.
    """
    said = require_reason(reason)
    version, branch = await repository.newest_version(session), await head_office(session)
    before = DEFAULT if version is None else IdentityPolicy.model_validate(version.terms)
    return await approvals.submit(
        session,
        actor=actor,
        kind=PolicyHandler.kind,
        domain=PolicyHandler.domain,
        subject=OBJECT,
        payload={"version": 0 if version is None else version.version, "terms": terms.model_dump(mode="json")},
        preview={
            "before": before.model_dump(mode="json"),
            "after": terms.model_dump(mode="json"),
            "reason": said,
        },
        branch_id=None if branch is None else branch.id,
    )


class PolicyHandler(ApprovalHandler):
    """Puts approved terms in force; the worker composes the customers anew."""

    kind = "identity.policy"
    domain = Domain.COMPLIANCE
    title = Label("变更客户信息取值与合并规则", "Change whose word counts for customers' fields, and the cap of merges")
    labels = MappingProxyType(
        {
            "before": Label("现行规则", "Terms in force"),
            "after": Label("拟定规则", "Terms submitted"),
            "reason": Label("理由", "Reason"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Write the next version.

        Raises:
            VersionConflict: other terms came into force meanwhile.
        """
        newest = await repository.newest_version(session)
        before = 0 if newest is None else newest.version
        if payload["version"] != before:
            raise VersionConflict
        terms = IdentityPolicy.model_validate(payload["terms"])
        session.add(
            IdentityPolicyVersion(
                version=before + 1, terms=terms.model_dump(mode="json"), created_at=clock.now(), is_applied=False
            )
        )
        await session.flush()
        await audit.record(
            session,
            actor=context.approver,
            action="identity_policy.defined",
            object_type=OBJECT,
            object_id=OBJECT,
            on_behalf_id=context.maker_id,
            facts={"version": before + 1, "approval": to_public("apr", context.approval_id)},
        )


POLICY_HANDLER: Final = PolicyHandler()


async def apply_policy(session: AsyncSession, *, open_keys: Callable[[], KeyRing], limit: int) -> int:
    """Compose customers anew by the newest terms, as the worker, in the order of their ids; returns how many."""
    version = await repository.newest_version(session)
    if version is None or version.is_applied:
        return 0
    await lock_fusion(session)
    ids = await repository.customers_after(session, after=version.applied_to, limit=limit)
    if ids:
        branches = {branch.code: branch.id for branch in await list_branches(session)}
        await recompose(session, open_keys(), ids, branches)
        version.applied_to = ids[-1]
    version.is_applied = len(ids) < limit
    session.add(version)
    await session.flush()
    return len(ids)


async def sources_of(session: AsyncSession, *, customer_id: UUID) -> list[Source]:
    """Return which record each field of a customer comes from; fields of which no record speaks are left out."""
    policy = await repository.policy_in_force(session)
    tellings = await repository.tellings_of(session, customer_id=customer_id)
    found = []
    for field in PolicyField:
        heard = policy.rule_of(field).in_order(one for one in tellings if field in one.fields)
        if heard:
            found.append(Source(field, heard[0].line, heard[0].as_of))
    return found
