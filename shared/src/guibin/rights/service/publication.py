"""Four eyes over the terms of a right: one person submits them as one, another approves, then they are in force."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.errors import StateConflict
from guibin.approvals.handlers import ApprovalContext
from guibin.approvals.models import Approval
from guibin.core.ids import from_public, to_public
from guibin.rights import terms
from guibin.rights.models import RightsItem, RightState
from guibin.rights.repository import catalogue
from guibin.rights.repository.catalogue import Right
from guibin.security.actors import Actor, Domain

KIND: Final = "right.publish"


async def submit_terms(session: AsyncSession, *, actor: Actor, right_id: UUID) -> Approval:
    """Submit the drafted terms of a right; a suspended right without a draft comes back on its old terms.

    Raises:
        NotFound: there is no such right.
        StateConflict: they are submitted already, or nothing is drafted.
    """
    right = await catalogue.get_right(session, right_id=right_id)
    item = right.item
    draft = item.draft_terms or (terms.document_of(item) if item.state == RightState.SUSPENDED else None)
    if item.state == RightState.PENDING or draft is None:
        raise StateConflict(**{"from": item.state, "to": RightState.PENDING})
    state = RightState.PENDING if item.state == RightState.DRAFT else RightState(item.state)
    values = {"state": state, "draft_terms": draft}
    await catalogue.update_right(session, right_id=right_id, revision=item.revision, values=values)
    return await approvals.submit(
        session,
        actor=actor,
        kind=KIND,
        domain=Domain.RIGHTS,
        subject=to_public("rgt", right_id),
        payload={"right_id": to_public("rgt", right_id), "state": state.value, "terms": draft},
        preview={"code": item.code, "name": item.name_zh, "now": _in_force(item), "then": draft},
    )


class RightPublication:
    """Carries out `right.publish`: the terms of the payload come into force, and the right is on sale."""

    kind = KIND
    domain = Domain.RIGHTS

    async def execute(self, session: AsyncSession, payload: Mapping[str, Any], *, context: ApprovalContext) -> None:
        """Put the submitted terms in force.

        Raises:
            StateConflict: the right was changed, suspended or published since they were submitted.
        """
        del context  # the terms are the same whoever approves them
        right = await _still_submitted(session, payload)
        if right is None:
            raise StateConflict(**{"from": "changed", "to": RightState.PUBLISHED})
        values = {**terms.columns_of(payload["terms"]), "state": RightState.PUBLISHED, "draft_terms": None}
        await catalogue.update_right(session, right_id=right.item.id, revision=right.item.revision, values=values)

    async def rejected(self, session: AsyncSession, payload: Mapping[str, Any]) -> None:
        """Make a draft again of what was never published."""
        right = await _still_submitted(session, payload)
        if right is not None and right.item.state == RightState.PENDING:
            values = {"state": RightState.DRAFT}
            await catalogue.update_right(session, right_id=right.item.id, revision=right.item.revision, values=values)


async def _still_submitted(session: AsyncSession, payload: Mapping[str, Any]) -> Right | None:
    right_id = from_public("rgt", payload["right_id"])
    if right_id is None:
        raise ValueError("the payload names no right")
    right = await catalogue.get_right(session, right_id=right_id)
    same = right.item.draft_terms == payload["terms"] and right.item.state == payload["state"]
    return right if same else None


def _in_force(item: RightsItem) -> dict[str, Any] | None:
    return terms.document_of(item) if item.state in {RightState.PUBLISHED, RightState.SUSPENDED} else None
