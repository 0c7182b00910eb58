"""The release plan of a right: one person submits it, another approves it, as all its terms."""

from collections.abc import Mapping
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.approvals.models import Approval
from guibin.rights import terms
from guibin.rights.errors import WrongStockMode
from guibin.rights.models import RightState, StockMode
from guibin.rights.repository import catalogue
from guibin.rights.repository.catalogue import Right
from guibin.rights.service.administration import unknown_name, unknown_names
from guibin.rights.service.publication import submit_terms
from guibin.security.actors import Actor


async def plan_release(
    session: AsyncSession, *, actor: Actor, right: Right, plan: Mapping[str, Any] | None
) -> Approval:
    """Submit the terms in force with another release plan; None releases all the stock at once.

    Raises:
        WrongStockMode: the right has no counted stock. Facts: stock_mode.
        StateConflict: other terms of it are drafted or submitted, or it was never published.
        ValidationFailed: the plan names a tier or branch that does not exist.
        VersionConflict: somebody else changed the right meanwhile.
    """
    item = right.item
    if item.stock_mode != StockMode.COUNTED:
        raise WrongStockMode(stock_mode=item.stock_mode)
    if item.draft_terms is not None or item.state not in {RightState.PUBLISHED, RightState.SUSPENDED}:
        raise StateConflict(**{"from": RightState.DRAFT, "to": RightState.PENDING})
    kept = {name: value for name, value in terms.document_of(item).items() if name != "release_plan"}
    document = kept if plan is None else kept | {"release_plan": dict(plan)}
    unknown = await unknown_names(session, [document])
    for kind in (kind for kind, codes in unknown.items() if codes):
        raise unknown_name(["body", "lines"], kind)
    await catalogue.update_right(session, right_id=item.id, revision=item.revision, values={"draft_terms": document})
    return await submit_terms(session, actor=actor, right_id=item.id)
