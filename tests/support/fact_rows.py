"""Customers of the model of rules, stored with their facts, tags and events."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.models import Customer
from guibin.holdings.models import CustomerEvent
from guibin.organisation.models import Branch
from guibin.tags.models import CustomerFact, CustomerTag
from support.rule_trees import DAY, TAGS, Facts
from support.tagging import add_manual_tag

BRANCH = UUID(int=1)


async def store(session: AsyncSession, bank: Sequence[Facts]) -> list[UUID]:
    """Store customers with their facts and events, and return their ids in order."""
    await session.execute(insert(Branch).values(id=BRANCH, code="B1", kind="branch", name_zh="一", name_en="One"))
    for code in TAGS:
        await add_manual_tag(session, code)
    ids = [new_id() for _ in bank]
    common = {"party_type": "person", "status": "active", "branch_id": BRANCH, "created_at": clock.now()}
    customers = [common | {"id": one, "gender": "U", "leading_line": "personal_finance"} for one in ids]
    await session.execute(insert(Customer), customers)
    for customer_id, one in zip(ids, bank, strict=True):
        values = {"customer_id": customer_id, "as_of": DAY, "branch_id": BRANCH, "stale_lines": [], **one.columns()}
        await session.execute(insert(CustomerFact).values(values))
        for code, (since, until) in one.tags.items():
            key = {"customer_id": customer_id, "tag_code": code, "source": "rule", "since": since}
            await session.execute(insert(CustomerTag).values(key | {"until": until}))
        for event in one.events:
            columns = {name: value for name, value in vars(event).items() if name != "number"}
            key = {"customer_id": customer_id, "reference": f"r{event.number}", "line": "e_finance"}
            await session.execute(insert(CustomerEvent).values(key | columns | {"occurred_at": event.occurred_at}))
    return ids
