"""A redemption as one writes it plainly (the other side of G5): FastAPI, an ORM session, a query for each thing.

It checks and writes what the product's does for the rights of a bench (key, tier, account, lots, entry, redemption,
step, stock, event, answer), verifies the token as the port does, and is no part of the product.
"""

import hashlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from pydantic import BaseModel
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from customer_api.main import token_sources
from guibin.core import clock
from guibin.core.database import make_engine, make_session_factory
from guibin.core.ids import RightId, from_public, new_id, to_public
from guibin.core.settings import Settings
from guibin.customers.models import Customer
from guibin.idempotency.models import IdempotencyKey
from guibin.outbox.models import OutboxEvent
from guibin.points.models import EntryKind, PointsAccount, PointsEntry, PointsLot, PointsLotUse, SourceKind
from guibin.rights.models import Redemption, RedemptionState, RedemptionStep, RightsItem, RightsStock, StockMode
from guibin.tiers.models import TierHistory
from guibin.web.serving import serve
from guibin.web.token_sources import verifier_of

POOL_SIZE = 8


class RedemptionIn(BaseModel):
    """What is asked for."""

    right_id: RightId
    quantity: int


class RedemptionOut(BaseModel):
    """What was had."""

    id: str
    right_id: str
    quantity: int
    state: str
    points_charged: int
    lots: list[dict[str, object]]
    available_after: int


@asynccontextmanager
async def life(app: FastAPI) -> AsyncIterator[None]:
    """Open the engine and the verifier of tokens."""
    settings = Settings()
    engine = make_engine(settings.required("database_url"), pool_size=POOL_SIZE, application="guibin-bench-plain")
    app.state.sessions = make_session_factory(engine)
    app.state.tokens = verifier_of(settings, token_sources(settings))
    yield
    await engine.dispose()


app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)


async def session_of(request: Request) -> AsyncIterator[AsyncSession]:
    """Open the session of a request, and commit it."""
    async with request.app.state.sessions() as session:
        yield session
        await session.commit()


def customer_of(request: Request) -> UUID:
    """Return the customer whose token it is."""
    token = request.app.state.tokens.verify(request.headers.getlist("authorization"))
    customer_id = from_public("cus", token.subject)
    if customer_id is None:
        raise HTTPException(401)
    return customer_id


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that it runs."""
    return {"status": "ok"}


@app.get("/readyz")
async def readyz() -> dict[str, str]:
    """Say that it is ready."""
    return {"status": "ok"}


@app.post("/v1/redemptions", status_code=201)
async def redeem(
    body: RedemptionIn,
    session: Annotated[AsyncSession, Depends(session_of, scope="function")],
    customer_id: Annotated[UUID, Depends(customer_of)],
    key: Annotated[str, Header(alias="Idempotency-Key")],
) -> RedemptionOut:
    """Redeem a right."""
    known = await session.get(IdempotencyKey, (customer_id, key))
    if known is not None and known.body is not None:
        return RedemptionOut.model_validate_json(known.body)
    fingerprint = hashlib.sha256(body.model_dump_json().encode()).digest()
    claim = IdempotencyKey(actor_id=customer_id, key=key, fingerprint=fingerprint, created_at=clock.now())
    session.add(claim)
    await session.flush()
    right = await _offered(session, customer_id, body.right_id)
    entry, lots = await _spend(session, customer_id, right, body.quantity)
    redemption = _written(session, customer_id, right, body.quantity, entry)
    if right.stock_mode == StockMode.COUNTED:
        stock = await session.get_one(RightsStock, right.id, with_for_update=True)
        if stock.free < body.quantity:
            raise HTTPException(409, "out_of_stock")
        stock.free -= body.quantity
        stock.sold += body.quantity
    answer = RedemptionOut(
        id=to_public("rdm", redemption.id),
        right_id=to_public("rgt", right.id),
        quantity=body.quantity,
        state=redemption.state,
        points_charged=-entry.points,
        lots=lots,
        available_after=entry.balance_after,
    )
    claim.status, claim.body, claim.content_type = 201, answer.model_dump_json().encode(), "application/json"
    return answer


async def _offered(session: AsyncSession, customer_id: UUID, right_id: UUID) -> RightsItem:
    customer = await session.get(Customer, customer_id)
    right = await session.get(RightsItem, right_id)
    if customer is None or customer.status != "active" or right is None or right.state != "published":
        raise HTTPException(404)
    newest = select(TierHistory).where(TierHistory.customer_id == customer_id)
    tier = (await session.exec(newest.order_by(col(TierHistory.effective_on).desc()).limit(1))).first()
    if right.minimum_tier is not None and (tier is None or tier.tier_code != right.minimum_tier):
        raise HTTPException(409, "tier_required")
    return right


async def _spend(
    session: AsyncSession, customer_id: UUID, right: RightsItem, quantity: int
) -> tuple[PointsEntry, list[dict[str, object]]]:
    """Take the points from the lots that expire first."""
    account = await session.get_one(PointsAccount, (customer_id, right.wallet), with_for_update=True)
    points = int(str(right.prices[0]["points"])) * quantity
    if account.balance - account.held < points:
        raise HTTPException(409, "insufficient_points")
    account.balance -= points
    account.version += 1
    now = clock.now()
    entry = PointsEntry(
        customer_id=customer_id,
        id=new_id(),
        wallet=right.wallet,
        seq=account.version,
        kind=EntryKind.REDEEM,
        points=-points,
        contra="redemption",
        balance_after=account.balance,
        reason_zh=f"兑换：{right.name_zh}",
        reason_en=f"Redeemed: {right.name_en}",
        source_kind=SourceKind.REDEMPTION,
        source_id=str(new_id()),
        actor_id=customer_id,
        posted_at=now,
        posted_on=clock.business_day(now),
    )
    session.add(entry)
    await session.flush()
    found = select(PointsLot).where(PointsLot.customer_id == customer_id, PointsLot.wallet == right.wallet)
    lots = await session.exec(
        found.where(PointsLot.remaining > PointsLot.held).order_by(
            col(PointsLot.expires_on).nulls_last(), col(PointsLot.earned_at)
        )
    )
    drawn: list[dict[str, object]] = []
    for place, lot in enumerate(lots, 1):
        part = min(points, lot.remaining - lot.held)
        lot.remaining -= part
        points -= part
        session.add(PointsLotUse(customer_id=customer_id, entry_id=entry.id, lot_id=lot.id, points=part, place=place))
        drawn.append({"lot_id": to_public("lot", lot.id), "points": part})
        if points == 0:
            break
    return entry, drawn


def _written(
    session: AsyncSession, customer_id: UUID, right: RightsItem, quantity: int, entry: PointsEntry
) -> Redemption:
    """Write the redemption, its first step and its event."""
    row = Redemption(
        customer_id=customer_id,
        id=new_id(),
        right_id=right.id,
        right_revision=right.revision,
        quantity=quantity,
        quota_used=0,
        points_charged=-entry.points,
        wallet=right.wallet,
        entry_id=entry.id,
        state=RedemptionState.CONFIRMED,
        fulfilment=right.fulfilment,
        created_at=entry.posted_at,
        actor_id=customer_id,
    )
    step = RedemptionStep(
        customer_id=customer_id, redemption_id=row.id, state=row.state, at=row.created_at, actor_id=customer_id
    )
    told = OutboxEvent(
        owner_id=customer_id,
        id=new_id(),
        type="redemption.confirmed",
        subject=to_public("rdm", row.id),
        customer_id=customer_id,
        payload={"right_id": to_public("rgt", right.id), "quantity": quantity, "points": row.points_charged},
        created_at=row.created_at,
    )
    session.add_all([row, step, told])
    return row


if __name__ == "__main__":
    serve(lambda: app, host="127.0.0.1", port=int(sys.argv[1]))
