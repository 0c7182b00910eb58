"""A key is never good for a second effect, however long ago it was used (T-IDEM-2)."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from guibin.core import clock
from support.commands import guibin
from support.shop import Shop

pytestmark = pytest.mark.merge


async def test_an_answer_is_replayed_for_seven_days_and_its_key_is_used_up_for_ever(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    customer, right = await shop.customer(1_000), await shop.right()

    async def redeem(after: timedelta = timedelta()) -> httpx.Response:
        with clock.fixed_at(clock.now() + after):
            headers = shop.house.customer_headers(customer, key="the-same")
            return await customer_client.post(
                "/v1/redemptions", json={"right_id": right, "quantity": 1}, headers=headers
            )

    first = await redeem()
    replayed = await redeem(timedelta(days=6, hours=23))
    assert (replayed.status_code, replayed.content) == (201, first.content)
    assert replayed.headers["idempotent-replayed"] == "true"
    late = await redeem(timedelta(days=7, minutes=1))
    assert (late.status_code, late.json()["code"]) == (409, "idempotency_key_expired")
    env = {"GUIBIN_DATABASE_URL": shop.house.database.owner_url, "GUIBIN_STATE_DIR": str(shop.house.settings.state_dir)}
    async with shop.house.sessions() as session:
        await session.execute(text("UPDATE idempotency_key SET created_at = created_at - interval '8 days'"))
        await session.commit()
    assert (await asyncio.to_thread(guibin, "retention", env=env)).code == 0
    for after in (timedelta(), timedelta(days=400)):
        again = await redeem(after)
        assert (again.status_code, again.json()["code"]) == (409, "idempotency_key_expired")
    assert len(await shop.redemptions_of(right)) == 1
