"""The scoreboard of data quality over HTTP: what the night wrote, as shares, with the trend (CUS-13)."""

from datetime import timedelta

import httpx

from guibin.core import clock
from guibin.feeds.quality.repository import write_quality
from support.house import House
from support.lines import csv_of, id_card, party

URL = "/v1/feeds/quality"
YESTERDAY = clock.last_closed_day()
BEFORE = YESTERDAY - timedelta(days=1)


async def deliver(client: httpx.AsyncClient, house: House, kind: str, day: str, raw: bytes) -> None:
    headers = house.headers("hq_operator") | {"Content-Type": "text/csv"}
    params = {"kind": kind, "date": day}
    assert (
        await client.post("/v1/feeds/e_finance/files", params=params, content=raw, headers=headers)
    ).status_code == 201


async def night(house: House, day: object) -> int:
    async with house.sessions.begin() as session:
        return await write_quality(session, day)  # type: ignore[arg-type]


async def test_the_scoreboard_tells_each_night_and_how_it_changed(bank_client: httpx.AsyncClient, house: House) -> None:
    card = {"certificate_type": "id_card", "certificate_no": id_card(1)}
    await deliver(bank_client, house, "balances", BEFORE.isoformat(), b"holding_id,date,balance\n")
    await deliver(
        bank_client, house, "parties", BEFORE.isoformat(), csv_of(party("A", **card), party("B", name="王明"))
    )
    assert await night(house, BEFORE) == 7
    same_again = party("C", phone="13800138000", **card)
    bad = [party(f"X{number}", gender="?") for number in range(3)]
    await deliver(bank_client, house, "parties", YESTERDAY.isoformat(), csv_of(same_again, *bad))
    assert await night(house, YESTERDAY) == 7
    assert await night(house, YESTERDAY) == 0
    query = {"line": "e_finance", "from": BEFORE.isoformat(), "to": YESTERDAY.isoformat()}
    (line,) = (await bank_client.get(URL, params=query, headers=house.headers("hq_operator"))).json()["items"]
    first, last = line["days"]
    assert (first["records"], first["validity"], first["days_behind"], first["duplicates"]) == (2, 10_000, 0, 0)
    assert first["completeness"] == {"customer_no": 0, "certificate": 5_000, "phone": 0, "branch": 0}
    assert (last["records"], last["validity"], last["days_behind"], last["duplicates"]) == (3, 2_500, 1, 1)
    assert line["change"] == {"records": 1, "duplicates": 1, "conflicts": 0, "certificate": 1_666}


async def test_a_line_without_figures_is_not_there(bank_client: httpx.AsyncClient, house: House) -> None:
    shown = await bank_client.get(URL, headers=house.headers("hq_operator"))
    assert (shown.status_code, shown.json()) == (200, {"items": []})
