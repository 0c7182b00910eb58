"""Customers with records, holdings, events and facts, and rules in force, for tests of tags."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.clock import start_of_day
from guibin.core.ids import new_id
from guibin.customers.models import Customer, SourceRecord
from guibin.holdings.models import CustomerEvent, Holding, HoldingBalance
from guibin.organisation.models import Branch
from guibin.products.models import Product
from guibin.security.actors import Actor, ActorKind
from guibin.tags.models import CustomerFact, Tag, TagAxis, TagKind, TagState, TagVersion
from guibin.tags.profiles.models import CustomerProfile

DAY = date(2026, 11, 24)
NEXT_DAY = DAY + timedelta(days=1)
MAKER = Actor(kind=ActorKind.STAFF, id=UUID(int=101), name="S0101")
CHECKER = Actor(kind=ActorKind.STAFF, id=UUID(int=102), name="S0102")
RICH: dict[str, Any] = {"fact": "aum_mda", "op": ">=", "value": "1000000.00"}
OLD: dict[str, Any] = {"fact": "age", "op": ">=", "value": 60}
MILLION = 1_000_000_00

_PRODUCTS = {"DEP": ("deposits", "asset"), "CARD": ("cards", "liability")}


async def add_branch(session: AsyncSession, code: str = "B1") -> UUID:
    branch_id = new_id()
    await session.execute(insert(Branch).values(id=branch_id, code=code, kind="branch", name_zh=code, name_en=code))
    return branch_id


async def add_products(session: AsyncSession) -> None:
    for code, (product_class, side) in _PRODUCTS.items():
        names = {"name_zh": code, "name_en": code, "line": "personal_finance", "weight_percent": 100}
        await session.execute(insert(Product).values(code=code, product_class=product_class, side=side, **names))


async def add_customer(session: AsyncSession, branch_id: UUID, **columns: Any) -> UUID:
    customer_id = new_id()
    values = {
        "id": customer_id,
        "party_type": "person",
        "status": "active",
        "branch_id": branch_id,
        "gender": "F",
        "leading_line": "personal_finance",
        "created_at": clock.now(),
    }
    await session.execute(insert(Customer).values(values | columns))
    return customer_id


async def add_record(session: AsyncSession, customer_id: UUID, line: str, **columns: Any) -> None:
    record_id = new_id()
    values = {
        "customer_id": customer_id,
        "id": record_id,
        "line": line,
        "record_ref": record_id.bytes,
        "content_hash": b"h",
        "party_type": "person",
        "status": "active",
        "gender": "F",
        "as_of": DAY,
        "feed_file_id": record_id,
    }
    await session.execute(insert(SourceRecord).values(values | columns))


async def add_holding(
    session: AsyncSession, customer_id: UUID, product: str, balance_fen: int, *, line: str = "personal_finance"
) -> UUID:
    holding_id = new_id()
    await session.execute(
        insert(Holding).values(
            customer_id=customer_id,
            id=holding_id,
            line=line,
            holding_ref=holding_id.bytes,
            last4="0000",
            record_ref=b"r",
            product_code=product,
            side=_PRODUCTS[product][1],
            opened_on=date(2025, 1, 1),
            status="active",
            as_of=DAY,
            feed_file_id=holding_id,
        )
    )
    await add_balance(session, customer_id, holding_id, date(2025, 1, 1), balance_fen)
    return holding_id


async def add_balance(session: AsyncSession, customer_id: UUID, holding_id: UUID, day: date, fen: int) -> None:
    key = {"customer_id": customer_id, "holding_id": holding_id, "day": day}
    await session.execute(insert(HoldingBalance).values(balance_fen=fen, **key))


async def add_event(
    session: AsyncSession, customer_id: UUID, event_type: str, *, day: date = DAY, **columns: Any
) -> None:
    values = {
        "customer_id": customer_id,
        "reference": str(new_id()),
        "line": "personal_finance",
        "event_type": event_type,
        "occurred_at": start_of_day(day) + timedelta(hours=9),
        "occurred_on": day,
    }
    await session.execute(insert(CustomerEvent).values(values | columns))


async def add_facts(session: AsyncSession, customer_id: UUID, branch_id: UUID, **columns: Any) -> None:
    values: dict[str, Any] = {
        "customer_id": customer_id,
        "as_of": DAY,
        "branch_id": branch_id,
        "branch": "B1",
        "gender": "F",
        "products": [],
        "lines": [],
        "stale_lines": [],
        "customer_kinds": [],
        "assets": {},
        "liabilities": {},
        "points": {},
    }
    await session.execute(insert(CustomerFact).values(values | columns))
    await add_profile(session, customer_id)


async def add_profile(session: AsyncSession, customer_id: UUID, day: date = DAY) -> None:
    """Put on record, from a day on, who the customer is."""
    customer = await session.get(Customer, customer_id)
    assert customer is not None
    names = ("branch_id", "gender", "city_code", "birth_year", "birth_mmdd", "opened_on")
    values = {name: getattr(customer, name) for name in names}
    await session.execute(insert(CustomerProfile).values(customer_id=customer_id, valid_from=day, lines=[], **values))


async def add_customer_with_facts(session: AsyncSession, branch_id: UUID, **columns: Any) -> UUID:
    customer_id = await add_customer(session, branch_id)
    await add_facts(session, customer_id, branch_id, **columns)
    return customer_id


async def add_tag(session: AsyncSession, code: str, **columns: Any) -> Tag:
    values: dict[str, Any] = {
        "code": code,
        "kind": TagKind.RULE,
        "axis": TagAxis.SERVICE,
        "state": TagState.DRAFT,
        "name_zh": f"标签{code}",
        "name_en": f"Tag {code}",
        "created_at": clock.now(),
    }
    tag = Tag(**(values | columns))
    session.add(tag)
    await session.flush()
    return tag


async def add_manual_tag(session: AsyncSession, code: str) -> Tag:
    return await add_tag(session, code, kind=TagKind.MANUAL, state=TagState.PUBLISHED)


async def add_rule_in_force(session: AsyncSession, code: str, rule: dict[str, Any], *, version: int = 1) -> Tag:
    tag = await add_tag(session, code, state=TagState.PUBLISHED, published_version=version)
    session.add(TagVersion(tag_code=code, version=version, rule=rule, published_at=clock.now()))
    await session.flush()
    return tag
