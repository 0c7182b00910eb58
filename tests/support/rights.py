"""Rights, stock, codes and tiers for tests of rights."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.points import defaults as points
from guibin.points.models import EntryKind
from guibin.rights.models import (
    Category,
    Fulfilment,
    Redemption,
    Reservation,
    RightsItem,
    RightsStock,
    RightState,
    StockMode,
    VoucherCode,
)
from guibin.rights.service import Redeemed, RedemptionRequest, add_codes, redeem, reserve
from guibin.security.actors import Actor, ActorKind, Scope
from guibin.security.ciphers import KeyRing
from guibin.tiers import defaults as tiers
from guibin.tiers.models import TierCause, TierHistory, TierScheme
from support.points import DAY, NOON, add_customers, post_points

FREE_FOR_ALL: Sequence[dict[str, object]] = ({"tier": None, "points": 100},)
OPERATOR = Actor(ActorKind.STAFF, UUID(int=8), "S00008", roles=frozenset({"rights_operator"}))
TERMINAL = Actor(ActorKind.SERVICE, UUID(int=9), "supplier_terminal")


def make_keys(folder: Path) -> KeyRing:
    return KeyRing.create(folder / "keys.json")


def customer_actor(customer_id: UUID) -> Actor:
    return Actor(ActorKind.CUSTOMER, customer_id, "customer")


async def add_right(
    session: AsyncSession,
    *,
    prices: Sequence[dict[str, object]] = FREE_FOR_ALL,
    stock: int | None = None,
    created_at: datetime = NOON,
    **columns: Any,
) -> UUID:
    """Add a published right of the reward wallet at 100 points; `stock` makes it counted."""
    await tiers.seed(session)
    await points.seed(session)
    right_id = new_id()
    values: dict[str, Any] = {
        "code": f"right-{right_id}",
        "category": Category.TRAVEL,
        "fulfilment": Fulfilment.HAND_OUT,
        "stock_mode": StockMode.UNLIMITED if stock is None else StockMode.COUNTED,
        "state": RightState.PUBLISHED,
        "wallet": "reward",
        "name_zh": "机场贵宾厅",
        "name_en": "Airport lounge",
        "description_zh": "一次",
        "description_en": "One visit",
    }
    session.add(RightsItem(id=right_id, prices=list(prices), created_at=created_at, **values | columns))
    if stock is not None:
        session.add(RightsStock(right_id=right_id, initial=stock, free=stock))
    await session.flush()
    return right_id


async def add_pool(session: AsyncSession, keys: KeyRing, codes: Sequence[str], **columns: Any) -> UUID:
    """Add a right with a pool of codes."""
    right_id = await add_right(session, fulfilment=Fulfilment.CODE, stock_mode=StockMode.CODES, **columns)
    await add_codes(session, actor=OPERATOR, keys=keys, right_id=right_id, codes=codes)
    return right_id


async def give_tier(session: AsyncSession, customer_id: UUID, code: str, *, since: date = DAY) -> None:
    """Put a customer into a tier from a day on."""
    await tiers.seed(session)
    scheme = (await session.exec(select(TierScheme.id).limit(1))).one()
    session.add(
        TierHistory(
            customer_id=customer_id,
            id=new_id(),
            tier_code=code,
            effective_on=since,
            cause=TierCause.FIRST,
            metric_fen=1,
            metric_month=since.replace(day=1),
            scheme_id=scheme,
            recorded_at=NOON,
        )
    )
    await session.flush()


async def add_customer_with(session: AsyncSession, available: int = 1_000, **options: Any) -> UUID:
    """Add a customer with points; the session's role may post earnings."""
    customer_id = (await add_customers(session))[0]
    if available:
        await post_points(session, customer_id, EntryKind.EARN, available, **options)
    return customer_id


async def take(
    session: AsyncSession,
    customer_id: UUID,
    right_id: UUID,
    *,
    quantity: int = 1,
    expected_points: int | None = None,
    at: datetime = NOON,
    **wish: Any,
) -> Redeemed:
    """Redeem as the customer, at noon of the test's day."""
    with clock.fixed_at(at):
        return await redeem(
            session,
            Scope.of_customer(customer_id),
            actor=customer_actor(customer_id),
            customer_id=customer_id,
            request=RedemptionRequest(right_id, quantity, expected_points, **wish),
        )


async def hold_units(
    session: AsyncSession,
    customer_id: UUID,
    right_id: UUID,
    *,
    quantity: int = 1,
    at: datetime = NOON,
    minutes: int = 15,
) -> Reservation:
    """Reserve units as the customer, at noon of the test's day."""
    with clock.fixed_at(at):
        view = await reserve(
            session,
            Scope.of_customer(customer_id),
            customer_id=customer_id,
            request=RedemptionRequest(right_id, quantity),
            minutes=minutes,
        )
    return view.row


async def free_stock(session: AsyncSession, right_id: UUID) -> int:
    return (await session.exec(select(RightsStock.free).where(RightsStock.right_id == right_id))).one()


async def codes_of(session: AsyncSession, right_id: UUID) -> Sequence[VoucherCode]:
    query = select(VoucherCode).where(VoucherCode.right_id == right_id).order_by(col(VoucherCode.id))
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def redemptions_of(session: AsyncSession, right_id: UUID) -> Sequence[Redemption]:
    query = select(Redemption).where(Redemption.right_id == right_id)
    return (await session.exec(query.execution_options(populate_existing=True))).all()
