"""Figures beside the assets that give tiers: each at its line and one below, the highest wins."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.holdings.models import CustomerEvent, Holding, HoldingBalance
from guibin.products.models import Product
from guibin.tags.models import CustomerTag, Tag
from guibin.tiers.models import TierHistory, TierStanding
from guibin.tiers.service import evaluate
from support.points import add_customers
from support.tiers import DAY, MILLION, put_average, seed_defaults, set_terms

LINE_FEN = 900_000_00


@pytest.fixture
async def customer_id(session: AsyncSession) -> UUID:
    await seed_defaults(session)
    found = (await add_customers(session))[0]
    await put_average(session, found, MILLION // 4)
    return found


async def _hold(session: AsyncSession, customer_id: UUID, product_class: str, fen: int, limit_fen: int) -> None:
    names = {"name_zh": "贷款", "name_en": "Debt", "line": "personal_finance", "weight_percent": 100}
    product = {"code": product_class, "product_class": product_class, "side": "liability"}
    await session.execute(insert(Product).values(**product, **names))
    key = {"customer_id": customer_id, "holding_id": new_id()}
    held = Holding(
        customer_id=customer_id,
        id=key["holding_id"],
        line="personal_finance",
        holding_ref=key["holding_id"].bytes,
        last4="0000",
        record_ref=b"r",
        product_code=product_class,
        side="liability",
        opened_on=date(2025, 1, 1),
        credit_limit_fen=limit_fen,
        status="active",
        as_of=DAY,
        feed_file_id=customer_id,
    )
    session.add(held)
    await session.flush()
    await session.execute(insert(HoldingBalance).values(**key, day=date(2026, 1, 1), balance_fen=fen))


async def _event(session: AsyncSession, customer_id: UUID, fen: int, **what: Any) -> None:
    session.add(
        CustomerEvent(
            customer_id=customer_id,
            reference=str(new_id()),
            line="personal_finance",
            occurred_at=clock.start_of_day(date(2026, 9, 15)),
            occurred_on=date(2026, 9, 15),
            amount_fen=fen,
            **what,
        )
    )
    await session.flush()


async def _tier(session: AsyncSession, customer_id: UUID) -> tuple[str | None, str | None]:
    await evaluate(session, day=DAY)
    row = await session.get(TierStanding, customer_id)
    return (None, None) if row is None else (row.tier_code, row.route)


@pytest.mark.parametrize(("short", "tier"), [(0, ("T3", "{}")), (1, ("T1", "assets"))])
@pytest.mark.parametrize("kind", ["card_limit", "loan_amount", "salary_flow", "collection_flow"])
async def test_a_figure_gives_its_tier_at_its_line_and_not_one_fen_below(
    session: AsyncSession, customer_id: UUID, kind: str, short: int, tier: tuple[str, str]
) -> None:
    await set_terms(session, routes=[{"kind": kind, "bounds": {"T3": LINE_FEN}}])
    fen = LINE_FEN - short
    if kind == "card_limit":
        await _hold(session, customer_id, "cards", 5, fen)
    elif kind == "loan_amount":
        await _hold(session, customer_id, "micro_loans", fen, 0)
    elif kind == "salary_flow":
        await _event(session, customer_id, 3 * fen, event_type="salary")
    else:
        await _event(session, customer_id, 3 * fen, event_type="transfer_in", inflow_class="merchant_acquiring")
    assert await _tier(session, customer_id) == (tier[0], tier[1].format(kind))
    newest = (await session.exec(select_rows(TierHistory).where(TierHistory.customer_id == customer_id))).one()
    assert newest.route == tier[1].format(kind)


@pytest.mark.parametrize(("points", "tier"), [(25 + 8 * 2 + 4 * 3, "T4"), (25 + 8 * 2 + 4 * 3 + 1, "T1")])
async def test_a_rating_adds_points_of_assets_debts_and_what_moves(
    session: AsyncSession, customer_id: UUID, points: int, tier: str
) -> None:
    weights = {"assets": 1, "debts": 2, "spending": 3}
    await set_terms(session, routes=[{"kind": "rating", "bounds": {"T4": points}, "weights": weights}])
    await _hold(session, customer_id, "micro_loans", 8_9999_00, 0)
    await _event(session, customer_id, 3 * 4_0000_00, event_type="card_spend")
    assert (await _tier(session, customer_id))[0] == tier


async def test_only_customers_with_the_tag_get_a_tier(session: AsyncSession, customer_id: UUID) -> None:
    await set_terms(session, members_tag="vip")
    assert await _tier(session, customer_id) == (None, None)
    session.add(
        Tag(
            code="vip",
            state="published",
            name_zh="贵宾",
            name_en="VIP",
            axis="service",
            kind="manual",
            created_at=clock.now(),
        )
    )
    await session.flush()
    session.add(CustomerTag(customer_id=customer_id, tag_code="vip", source="manual", since=DAY, version=None))
    await session.flush()
    assert await _tier(session, customer_id) == ("T1", "assets")


async def test_who_is_lifted_at_once_is_not_below_the_line_in_the_same_period(
    session: AsyncSession, customer_id: UUID
) -> None:
    await set_terms(session, metric="day", up_at_once=True, transition_months={"T3": 1})
    await evaluate(session, day=DAY - timedelta(days=1))
    await session.execute(
        insert(HoldingBalance).values(customer_id=customer_id, holding_id=customer_id, day=DAY, balance_fen=2 * MILLION)
    )
    assert await _tier(session, customer_id) == ("T3", "assets")
    await evaluate(session, day=DAY + timedelta(days=1))
    row = await session.get_one(TierStanding, customer_id, populate_existing=True)
    assert (row.tier_code, row.below_months) == ("T3", 0)
