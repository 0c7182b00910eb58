"""Redemptions that were decided and are not written yet."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.direct import InSession
from guibin.core.ids import new_id
from guibin.rights.repository.catalogue import Right
from guibin.rights.repository.redeeming import read_facts
from guibin.rights.service.redeeming import RedemptionRequest, Taking, Wanted, decide, get_published
from guibin.security.actors import Scope
from support.points import NOON
from support.rights import customer_actor

Item = dict[str, Any]
"""One of what `rights_redeem_batch` takes."""


async def decided(
    session: AsyncSession, customer_id: UUID, right_id: UUID, *, at: datetime = NOON, **wish: Any
) -> Taking:
    """Decide without a lock, at noon of the test's day."""

    async def find(*, anew: bool) -> Right:
        del anew
        return await get_published(session, right_id=right_id)

    actor, request = customer_actor(customer_id), RedemptionRequest(right_id, **{"quantity": 1, **wish})
    with clock.fixed_at(at):
        return await decide(
            partial(read_facts, InSession(session), lock=False),
            Scope.of_customer(customer_id),
            Wanted(customer_id, actor, request, None),
            find,
            lock=False,
        )


async def decided_item(session: AsyncSession, customer_id: UUID, right_id: UUID, **wish: Any) -> Item:
    """Decide, and say what is to be written, under a key of the customer's own."""
    taking = await decided(session, customer_id, right_id, **wish)
    key = str(new_id())
    answer = {"key": key, "head": '{"lots":', "tail": "}"}
    return item_of(customer_id, taking.document(key={"key": key, "fingerprint": bytes(32).hex()}, answer=answer))


def item_of(customer_id: UUID, taking: Mapping[str, Any]) -> Item:
    """Return what is to be written for a customer."""
    return {"entry": [str(customer_id), None, NOON.isoformat()], "taking": from_json(to_json(taking))}
