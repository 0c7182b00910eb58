"""The identity policy: submitted, approved by another person, and worked into every customer by the worker."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.handlers import ApprovalContext, Label
from guibin.approvals.models import Approval
from guibin.approvals.terms.repository import newest
from guibin.approvals.terms.service import StandingTerms
from guibin.core import clock
from guibin.core.lines import Line
from guibin.core.reasons import require_reason
from guibin.customers.fusion_repository import lock_fusion, recompose
from guibin.customers.models import IdentityPolicyVersion
from guibin.customers.policy import repository
from guibin.customers.policy.rules import DEFAULT, IdentityPolicy, PolicyField
from guibin.organisation.repository import head_office, list_branches
from guibin.security.actors import Actor, Domain
from guibin.security.ciphers import KeyRing


@dataclass(frozen=True, slots=True)
class Source:
    """Which line a field of a customer comes from, and of which business date."""

    field: PolicyField
    line: Line
    as_of: date


class IdentityTerms(StandingTerms[IdentityPolicyVersion, IdentityPolicy]):
    """All versions of the policy; when one is in force the worker composes the customers anew."""

    table = IdentityPolicyVersion
    default = DEFAULT
    called = "identity_policy"
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

    def version_of(self, version: int, terms: dict[str, Any], context: ApprovalContext) -> IdentityPolicyVersion:
        """Return the row of a version by which no customer is composed yet."""
        return IdentityPolicyVersion(version=version, terms=terms, created_at=clock.now(), is_applied=False)


IDENTITY_TERMS: Final = IdentityTerms()


async def submit_policy(
    session: AsyncSession, *, actor: Actor, terms: IdentityPolicy, version: int, reason: str | None
) -> Approval:
    """Submit other terms than those in force; another person, of compliance, agrees.

    Raises:
        ReasonRequired: the reason says nothing.
        VersionConflict, NothingToChange: as for all terms.
    """
    said, branch = require_reason(reason), await head_office(session)
    branch_id = None if branch is None else branch.id
    return await IDENTITY_TERMS.submit(
        session, actor=actor, terms=terms, version=version, reason=said, branch_id=branch_id
    )


async def apply_policy(session: AsyncSession, *, open_keys: Callable[[], KeyRing], limit: int) -> int:
    """Compose customers anew by the newest terms, as the worker, in the order of their ids; returns how many."""
    version = await newest(session, IdentityPolicyVersion)
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
