"""Customers of the model of rules, stored with their facts, tags, holdings and events."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.models import Customer
from guibin.holdings.models import CustomerEvent, Holding, HoldingBalance
from guibin.organisation.models import Branch
from guibin.products.models import Product
from guibin.tags.models import CustomerFact, CustomerTag
from support.rule_customers import DAY, PRODUCTS, TAGS, VALUES, Facts, Held
from support.tagging import add_manual_tag, add_profile

BRANCH = UUID(int=1)


async def store_holding(session: AsyncSession, customer_id: UUID, held: Held) -> None:
    holding_id = new_id()
    columns = {name: value for name, value in vars(held).items() if name != "balances"}
    key = {"customer_id": customer_id, "id": holding_id, "holding_ref": holding_id.bytes, "last4": "0000"}
    rest = {"record_ref": b"r", "side": held.side, "status": "active", "as_of": DAY, "feed_file_id": holding_id}
    await session.execute(insert(Holding).values(columns | key | rest))
    for day, fen in held.balances.items():
        row = {"customer_id": customer_id, "holding_id": holding_id, "day": day, "balance_fen": fen}
        await session.execute(insert(HoldingBalance).values(row))


async def store(session: AsyncSession, bank: Sequence[Facts]) -> list[UUID]:
    """Store customers with their facts and events, and return their ids in order."""
    await session.execute(insert(Branch).values(id=BRANCH, code="B1", kind="branch", name_zh="一", name_en="One"))
    for code in TAGS:
        await add_manual_tag(session, code)
    ids = [new_id() for _ in bank]
    common = {"party_type": "person", "status": "active", "branch_id": BRANCH, "created_at": clock.now()}
    for code, (product_class, side) in PRODUCTS.items():
        names = {"name_zh": code, "name_en": code, "line": "personal_finance", "weight_percent": 100}
        await session.execute(insert(Product).values(code=code, product_class=product_class, side=side, **names))
    common |= {"gender": "U", "leading_line": "personal_finance"}
    customers = [
        common | {"id": key, "birth_mmdd": one.birth_mmdd, "opened_on": one.opened_on}
        for key, one in zip(ids, bank, strict=True)
    ]
    await session.execute(insert(Customer), customers)
    for customer_id, one in zip(ids, bank, strict=True):
        values = {"customer_id": customer_id, "as_of": DAY, "branch_id": BRANCH, "stale_lines": [], **one.columns()}
        await session.execute(insert(CustomerFact).values(values))
        await add_profile(session, customer_id)
        for code, (since, until) in one.tags.items():
            key = {
                "customer_id": customer_id,
                "tag_code": code,
                "source": "rule",
                "since": since,
                "value": VALUES[code],
            }
            await session.execute(insert(CustomerTag).values(key | {"until": until}))
        for held in one.holdings:
            await store_holding(session, customer_id, held)
        for position, event in enumerate(one.events):
            columns = {name: value for name, value in vars(event).items() if name != "number"}
            key = {"customer_id": customer_id, "reference": f"r{position}", "line": "e_finance"}
            await session.execute(insert(CustomerEvent).values(key | columns | {"occurred_at": event.occurred_at}))
    return ids
