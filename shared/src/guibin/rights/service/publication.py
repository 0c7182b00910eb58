"""Four eyes over the terms of a right: one person submits them as one, another approves, then they are in force."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.errors import StateConflict
from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, Label, refuse_changes
from guibin.approvals.models import Approval
from guibin.core.ids import from_public, to_public
from guibin.organisation.repository import chain_of
from guibin.rights import terms
from guibin.rights.models import RightsItem, RightState
from guibin.rights.repository import catalogue, pool
from guibin.rights.repository.catalogue import Right
from guibin.rights.service.giving_points import check_what_is_given
from guibin.security.actors import Actor, Domain, Grant

KIND: Final = "right.publish"


async def submit_terms(session: AsyncSession, *, actor: Actor, right_id: UUID) -> Approval:
    """Submit the drafted terms of a right; a suspended right without a draft comes back on its old terms.

    Raises:
        NotFound: there is no such right.
        StateConflict: they are submitted already, or nothing is drafted.
    """
    request = await _mark_submitted(session, right_id)
    return await approvals.submit(
        session,
        actor=actor,
        kind=KIND,
        domain=Domain.RIGHTS,
        subject=to_public("rgt", right_id),
        payload=request.payload,
        preview=request.preview,
        branch_id=request.branch_id,
    )


async def _mark_submitted(session: AsyncSession, right_id: UUID) -> Amended:
    right = await catalogue.get_right(session, right_id=right_id)
    item = right.item
    draft = item.draft_terms or (terms.document_of(item) if item.state == RightState.SUSPENDED else None)
    if item.state == RightState.PENDING or draft is None:
        raise StateConflict(**{"from": item.state, "to": RightState.PENDING})
    state = RightState.PENDING if item.state == RightState.DRAFT else RightState(item.state)
    values = {"state": state, "draft_terms": draft}
    await catalogue.update_right(session, right_id=right_id, revision=item.revision, values=values)
    before = _in_force(item)
    return Amended(
        payload={"right_id": to_public("rgt", right_id), "state": state.value, "terms": draft},
        preview={
            "code": item.code,
            "name": item.name_zh,
            "change": _change(item),
            "changed": terms.changed_names(before, draft),
            "before": before,
            "after": draft,
        },
        branch_id=await chain_of(session, _owner(before, draft)),
    )


def _owner(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str | None:
    """Return in whose chain the terms are approved: what goes from one branch to another is head office's affair."""
    owner: str | None = after.get("owner_branch")
    return owner if before is None or before.get("owner_branch") == owner else None


def _change(item: RightsItem) -> str:
    """Say what approval does: a right comes on sale, comes back, or is sold on other terms, prices among them."""
    words = {RightState.DRAFT: "publication", RightState.SUSPENDED: "return", RightState.PUBLISHED: "new_terms"}
    return words[RightState(item.state)]


class RightPublication(ApprovalHandler):
    """Carries out `right.publish`: the terms of the payload come into force, and the right is on sale."""

    kind = KIND
    domain = Domain.RIGHTS
    title = Label("权益上架或条款、价格变更", "Publish a right, or change its terms and prices")
    labels = MappingProxyType(
        {
            "code": Label("权益代码", "Code"),
            "name": Label("权益名称", "Name"),
            "change": Label("变更类型", "Kind of change"),
            "changed": Label("变更项目", "What changes"),
            "before": Label("现行条款", "Terms in force"),
            "after": Label("拟生效条款", "Terms submitted"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, Any], *, context: ApprovalContext) -> None:
        """Put the submitted terms in force.

        Raises:
            StateConflict: the right was changed, suspended or published since they were submitted.
            DepositRewardForbidden: it gives points that buy goods, for points that deposits earn by now.
        """
        del context  # the terms are the same whoever approves them
        right = await _still_submitted(session, payload)
        if right is None:
            raise StateConflict(**{"from": "changed", "to": RightState.PUBLISHED})
        await check_what_is_given(session, payload["terms"], wallet=right.item.wallet, fulfilment=right.item.fulfilment)
        values = {**terms.columns_of(payload["terms"]), "state": RightState.PUBLISHED, "draft_terms": None}
        await catalogue.update_right(session, right_id=right.item.id, revision=right.item.revision, values=values)
        if payload["terms"].get("total_limit") is not None:
            await pool.start_total(session, right_id=right.item.id)

    async def give_back(self, session: AsyncSession, payload: Mapping[str, Any]) -> None:
        """Make a draft again of what was never published."""
        right = await _still_submitted(session, payload)
        if right is not None and right.item.state == RightState.PENDING:
            values = {"state": RightState.DRAFT}
            await catalogue.update_right(session, right_id=right.item.id, revision=right.item.revision, values=values)

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, Any],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Submit the terms as they were drafted anew."""
        self.scope_of_maker(maker, grants)
        refuse_changes(changes)
        return await _mark_submitted(session, _right_id(payload))


async def _still_submitted(session: AsyncSession, payload: Mapping[str, Any]) -> Right | None:
    right = await catalogue.get_right(session, right_id=_right_id(payload))
    same = right.item.draft_terms == payload["terms"] and right.item.state == payload["state"]
    return right if same else None


def _right_id(payload: Mapping[str, Any]) -> UUID:
    right_id = from_public("rgt", payload["right_id"])
    if right_id is None:
        raise ValueError("the payload names no right")
    return right_id


def _in_force(item: RightsItem) -> dict[str, Any] | None:
    return terms.document_of(item) if item.state in {RightState.PUBLISHED, RightState.SUSPENDED} else None
