"""Source and as-of (HLD-04): with every figure of holdings the day it is of and the lines that were late."""

from datetime import date
from typing import Any

import httpx
from sqlalchemy import update

from guibin.core import clock
from guibin.holdings.models import LineDay
from guibin.tags.models import CustomerFact
from support.house import House

from .conftest import Known

Shown = dict[str, Any]
DAY = "2026-11-24"


def stale(*lines: tuple[str, str, str | None]) -> Shown:
    late = [{"line": line, "state": state, "last_day": last_day} for line, state, last_day in lines]
    return {"as_of": DAY, "stale": bool(late), "stale_lines": late}


async def get(client: httpx.AsyncClient, house: House, path: str, role: str = "manager") -> Shown:
    answer = await client.get(f"/v1/customers{path}", headers=house.headers(role))
    assert answer.status_code == 200, answer.text
    found: Shown = answer.json()
    return found


async def everywhere(client: httpx.AsyncClient, house: House, known: Known) -> list[Shown]:
    """Return what each screen of the figures of the last run says of their day."""
    path = f"/cus_{known.east}"
    brief = await get(client, house, f"{path}/brief")
    rows = (await get(client, house, "?limit=10"))["items"]
    return [
        (await get(client, house, path))["facts"]["freshness"],
        brief["customer"]["facts"]["freshness"],
        *[row["freshness"] for row in rows],
        (await get(client, house, f"{path}/tags"))["freshness"],
    ]


async def test_every_screen_tells_a_missing_a_stale_and_a_fresh_line_in_the_same_words(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    missing = stale(("credit_card", "missing", None))
    assert await everywhere(bank_client, house, known) == [missing] * 4
    async with house.sessions() as session:
        session.add(LineDay(line="credit_card", day=date(2026, 11, 20), arrived_at=clock.now()))
        await session.commit()
    assert await everywhere(bank_client, house, known) == [stale(("credit_card", "stale", "2026-11-20"))] * 4
    async with house.sessions() as session:
        await session.execute(update(CustomerFact).values(stale_lines=[]))
        await session.commit()
    assert await everywhere(bank_client, house, known) == [stale()] * 4


async def test_what_is_read_from_holdings_themselves_is_of_the_last_closed_day(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    closed = clock.last_closed_day()
    late = {"line": "personal_finance", "state": "stale", "last_day": DAY}
    expected = {"as_of": closed.isoformat(), "stale": True, "stale_lines": [late]}

    async def shown() -> list[Shown]:
        matrix = await get(bank_client, house, f"/cus_{known.east}/cross-holding")
        counted = await bank_client.get("/v1/cross-holding", headers=house.headers("hq_operator"))
        held = (await get(bank_client, house, f"/cus_{known.east}/holdings"))["items"]
        assert all(one["source_file"].startswith("fil_") and one["source_day"] == DAY for one in held)
        return [matrix["freshness"], counted.json()["freshness"], *[one["freshness"] for one in held]]

    assert await shown() == [expected] * 4
    async with house.sessions() as session:
        session.add(LineDay(line="personal_finance", day=closed, arrived_at=clock.now()))
        await session.commit()
    assert await shown() == [expected | {"stale": False, "stale_lines": []}] * 4
