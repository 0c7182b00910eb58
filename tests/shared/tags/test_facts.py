"""Facts of customers, from the domains below and from sources that are added."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Select, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer
from guibin.tags.facts import FACT_SOURCES, refresh_facts, register
from guibin.tags.models import CustomerFact
from support.tagging import (
    DAY,
    NEXT_DAY,
    add_balance,
    add_branch,
    add_customer,
    add_event,
    add_facts,
    add_holding,
    add_products,
    add_record,
)


@pytest.fixture
async def branch(session: AsyncSession) -> UUID:
    await add_products(session)
    return await add_branch(session)


@pytest.fixture(autouse=True)
def own_sources_only() -> Iterator[None]:
    added = FACT_SOURCES[2:]
    del FACT_SOURCES[2:]
    yield
    FACT_SOURCES[2:] = added


async def facts_of(session: AsyncSession, customer_id: UUID, day: date = DAY) -> CustomerFact:
    await refresh_facts(session, day=day)
    session.expire_all()
    found = await session.get(CustomerFact, customer_id)
    assert found is not None
    return found


async def test_who_holds_nothing_owns_and_owes_nothing(session: AsyncSession, branch: UUID) -> None:
    row = await facts_of(session, await add_customer(session, branch))
    assert (row.aum_fen, row.aum_mda_fen, row.liabilities_fen) == (0, 0, 0)
    assert (row.assets, row.products, row.lines, row.customer_kinds, row.points) == ({}, [], [], [], {})
    assert (row.as_of, row.aum_mda_month) == (DAY, date(2026, 10, 1))


async def test_figures_and_branch_become_facts(session: AsyncSession, branch: UUID) -> None:
    customer_id = await add_customer(session, branch, city_code="330100", gender="M")
    await add_holding(session, customer_id, "DEP", 700)
    await add_holding(session, customer_id, "CARD", 30)
    row = await facts_of(session, customer_id)
    assert (row.aum_fen, row.aum_mda_fen, row.liabilities_fen) == (700, 700, 30)
    assert (row.assets, row.liabilities) == ({"deposits": 700}, {"cards": 30})
    assert (row.products, row.stale_lines) == (["CARD", "DEP"], ["personal_finance"])
    assert (row.branch_id, row.branch, row.gender, row.city_code) == (branch, "B1", "M", "330100")


@pytest.mark.parametrize(
    ("born", "age"),
    [
        ((1966, "1124"), 60),
        ((1966, "1125"), 59),
        ((1966, "0101"), 60),
        ((1966, None), None),
        ((None, None), None),
    ],
)
async def test_age_is_in_full_years(
    session: AsyncSession, branch: UUID, born: tuple[int | None, str | None], age: int | None
) -> None:
    customer_id = await add_customer(session, branch, birth_year=born[0], birth_mmdd=born[1])
    assert (await facts_of(session, customer_id)).age == age


@pytest.mark.parametrize(("opened_on", "days"), [(date(2026, 11, 20), 4), (DAY, 0), (NEXT_DAY, None), (None, None)])
async def test_tenure_is_in_days(session: AsyncSession, branch: UUID, opened_on: date | None, days: int | None) -> None:
    customer_id = await add_customer(session, branch, opened_on=opened_on)
    assert (await facts_of(session, customer_id)).tenure_days == days


async def test_lines_are_those_whose_records_have_not_ended(session: AsyncSession, branch: UUID) -> None:
    customer_id = await add_customer(session, branch)
    await add_record(session, customer_id, "e_finance")
    await add_record(session, customer_id, "e_finance")
    await add_record(session, customer_id, "agri_credit", ended_on=NEXT_DAY)
    await add_record(session, customer_id, "credit_card", ended_on=DAY)
    assert (await facts_of(session, customer_id)).lines == ["agri_credit", "e_finance"]


async def test_a_debt_makes_a_credit_customer(session: AsyncSession, branch: UUID) -> None:
    borrower, paid = await add_customer(session, branch), await add_customer(session, branch)
    await add_holding(session, borrower, "CARD", 1)
    await add_holding(session, paid, "CARD", 0)
    assert (await facts_of(session, borrower)).customer_kinds == ["credit"]
    assert (await facts_of(session, paid)).customer_kinds == []


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("small_enterprise", ["corporate"]),
        ("corporate_individual", ["corporate"]),
        ("personal_finance", ["personal"]),
        ("e_finance", []),
    ],
)
async def test_lines_make_corporate_and_personal_customers(
    session: AsyncSession, branch: UUID, line: str, kinds: list[str]
) -> None:
    customer_id = await add_customer(session, branch)
    await add_record(session, customer_id, line)
    assert (await facts_of(session, customer_id)).customer_kinds == kinds


@pytest.mark.parametrize(
    ("event_type", "inflow_class", "day", "kinds"),
    [
        ("pension", None, DAY, ["social_security"]),
        ("transfer_in", "pension", date(2026, 8, 25), ["social_security"]),
        ("transfer_in", "pension", date(2026, 8, 24), []),
        ("pension", None, NEXT_DAY, []),
        ("salary", None, DAY, ["collection_payment"]),
        ("transfer_in", "payroll", DAY, ["collection_payment"]),
        ("transfer_in", "collection_payment", DAY, ["collection_payment"]),
        ("transfer_in", "own_transfer", DAY, []),
        ("card_spend", None, DAY, []),
    ],
)
async def test_inflows_make_social_security_and_collection_customers(
    session: AsyncSession, branch: UUID, event_type: str, inflow_class: str | None, day: date, kinds: list[str]
) -> None:
    customer_id = await add_customer(session, branch)
    await add_event(session, customer_id, event_type, day=day, inflow_class=inflow_class)
    assert (await facts_of(session, customer_id)).customer_kinds == kinds


async def test_several_kinds_stand_in_their_order(session: AsyncSession, branch: UUID) -> None:
    customer_id = await add_customer(session, branch)
    await add_event(session, customer_id, "salary")
    await add_record(session, customer_id, "personal_finance")
    await add_holding(session, customer_id, "CARD", 5)
    assert (await facts_of(session, customer_id)).customer_kinds == ["credit", "personal", "collection_payment"]


async def test_a_second_refresh_changes_nothing(session: AsyncSession, branch: UUID) -> None:
    customer_id = await add_customer(session, branch)
    await add_holding(session, customer_id, "DEP", 700)
    assert await refresh_facts(session, day=DAY) == {"read": 1, "changed": 1}
    assert await refresh_facts(session, day=DAY) == {"read": 1, "changed": 0}


async def test_only_customers_whose_facts_differ_are_written(session: AsyncSession, branch: UUID) -> None:
    changed, same = await add_customer(session, branch), await add_customer(session, branch)
    holding_id = await add_holding(session, changed, "DEP", 700)
    await add_holding(session, same, "DEP", 700)
    await refresh_facts(session, day=DAY)
    await add_balance(session, changed, holding_id, DAY, 900)
    assert await refresh_facts(session, day=DAY) == {"read": 2, "changed": 1}
    assert (await facts_of(session, changed)).aum_fen == 900


async def test_a_customer_that_was_merged_away_gets_no_facts(session: AsyncSession, branch: UUID) -> None:
    survivor = await add_customer(session, branch)
    gone = await add_customer(session, branch, merged_into=survivor)
    await refresh_facts(session, day=DAY)
    assert (await session.exec(select(col(CustomerFact.customer_id)))).scalars().all() == [survivor]  # type: ignore[call-overload] # exec knows its own select only
    assert gone != survivor


class FixedTier:
    name = "fixed"
    columns = ("tier", "points")

    def __init__(self, customer_id: UUID) -> None:
        self.customer_id = customer_id

    def select(self, day: date, *, among: Select[Any] | None = None) -> Select[Any]:
        points = literal({"reward": 5}, JSONB)
        return select(col(Customer.id).label("customer_id"), literal("T2").label("tier"), points.label("points")).where(
            col(Customer.id) == self.customer_id
        )


async def test_a_source_that_is_added_fills_its_columns(session: AsyncSession, branch: UUID) -> None:
    with_tier, without = await add_customer(session, branch), await add_customer(session, branch)
    await add_facts(session, without, branch, tier="T5", points={"reward": 1})
    source = FixedTier(with_tier)
    register(source)
    register(source)
    row = await facts_of(session, with_tier)
    assert (row.tier, row.points) == ("T2", {"reward": 5})
    row = await facts_of(session, without)
    assert (row.tier, row.points) == (None, {})
