"""Assets of customers and rules over them, for tests of earning from assets."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.lines import Line
from guibin.holdings.models import Holding, HoldingBalance, LineDay
from guibin.points.assets.models import AssetRule, AssetRuleState
from guibin.products.models import Product, ProductClass, Side

OCTOBER: Final = date(2026, 10, 1)
OCTOBER_END: Final = date(2026, 10, 31)
WAN: Final = 10_000_00
"""Ten thousand CNY, in fen."""


async def hold(
    session: AsyncSession,
    customer_id: UUID,
    product_class: ProductClass,
    balances: Mapping[date, int],
    *,
    line: Line = Line.PERSONAL_FINANCE,
    opened_on: date = date(2025, 1, 1),
) -> UUID:
    """Give a customer a holding of a class with balances in fen; returns its id."""
    await session.merge(_product(product_class))
    await session.flush()
    holding_id = new_id()
    session.add(
        Holding(
            customer_id=customer_id,
            id=holding_id,
            line=line,
            holding_ref=holding_id.bytes,
            last4="0001",
            record_ref=b"r",
            product_code=product_class.value,
            side=Side.ASSET,
            opened_on=opened_on,
            status="active",
            as_of=OCTOBER_END,
            feed_file_id=holding_id,
        )
    )
    await session.flush()
    session.add_all(
        HoldingBalance(customer_id=customer_id, holding_id=holding_id, day=day, balance_fen=fen)
        for day, fen in balances.items()
    )
    await session.flush()
    return holding_id


def _product(product_class: ProductClass) -> Product:
    return Product(
        code=product_class.value,
        line=Line.PERSONAL_FINANCE,
        product_class=product_class,
        side=Side.ASSET,
        name_zh=product_class.value,
        name_en=product_class.value,
    )


async def send_day(session: AsyncSession, day: date = OCTOBER_END, *lines: Line) -> None:
    """Let lines (all of them) have sent the balances of a day."""
    for line in lines or Line:
        await session.merge(LineDay(line=line, day=day, arrived_at=clock.now()))
    await session.flush()


def asset_rule(**changes: Any) -> AssetRule:
    """Make an active version that gives a point for each full 10,000 CNY from 100,000 on."""
    values: dict[str, Any] = {
        "id": new_id(),
        "code": "assets",
        "version": 1,
        "state": AssetRuleState.ACTIVE,
        "name_zh": "资产积点",
        "name_en": "Points from assets",
        "wallet": "service",
        "weights": {"deposits": 100, "fund": 100, "insurance": 50},
        "threshold_fen": 10 * WAN,
        "step_fen": WAN,
        "first_month": date(2026, 1, 1),
        "created_at": clock.now(),
        "activated_at": clock.now(),
    }
    return AssetRule(**{**values, **changes})
