"""When each line is due, over HTTP: changed by two people, heeded by the night, shown by the calendar."""

from typing import Any

import httpx

from guibin.core import clock
from support.house import House
from support.lines import csv_of, party

URL = "/v1/feeds/policies/credit_card"
TERMS = {"cut_off": "02:30", "late": "wait", "kinds": ["balances", "parties"], "owner": "信用卡中心"}
YESTERDAY = clock.last_closed_day().isoformat()
NO_BALANCES = b"holding_id,date,balance\n"


async def change(client: httpx.AsyncClient, house: House, etag: str, **other: Any) -> httpx.Response:
    headers = house.headers("hq_operator") | {"If-Match": etag}
    return await client.put(URL, json=TERMS | other, headers=headers)


async def approve(client: httpx.AsyncClient, house: House, submitted: httpx.Response) -> str:
    url = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
    answer = (await client.post(url, json={}, headers=house.headers("hq_approver"))).json()
    return str(answer.get("code") or answer["state"])


async def deliver(client: httpx.AsyncClient, house: House, kind: str, raw: bytes) -> None:
    params = {"kind": kind, "date": YESTERDAY}
    headers = house.headers("hq_operator") | {"Content-Type": "text/csv"}
    assert (
        await client.post("/v1/feeds/credit_card/files", params=params, content=raw, headers=headers)
    ).status_code == 201


async def on_calendar(client: httpx.AsyncClient, house: House) -> dict[str, Any]:
    query = {"from": YESTERDAY, "to": YESTERDAY}
    lines = (await client.get("/v1/feeds/calendar", params=query, headers=house.headers("hq_operator"))).json()["lines"]
    return dict(next(line["days"][0] for line in lines if line["line"] == "credit_card"))


async def test_the_night_waits_for_a_line_whose_kinds_are_not_all_in(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    submitted = await change(bank_client, house, '"0"')
    assert submitted.status_code == 202, submitted.text
    assert (await bank_client.get(URL, headers=house.headers("hq_operator"))).json()["revision"] == 0
    assert await approve(bank_client, house, submitted) == "approved"
    shown = (await bank_client.get(URL, headers=house.headers("hq_operator"))).json()
    assert shown == {"line": "credit_card", "revision": 1, **TERMS}
    await deliver(bank_client, house, "balances", NO_BALANCES)
    assert (await on_calendar(bank_client, house))["state"] == "missing"
    headers = house.headers("administrator")
    waits = await bank_client.post("/v1/runs/nightly", json={}, headers=headers)
    assert (waits.status_code, waits.json()["code"], waits.json()["lines"]) == (409, "feeds_awaited", ["credit_card"])
    await deliver(bank_client, house, "parties", csv_of(party("C1")))
    day = await on_calendar(bank_client, house)
    assert (day["state"], day["delivery"]) == ("fresh", "received")
    assert (await bank_client.post("/v1/runs/nightly", json={}, headers=headers)).status_code == 201


async def test_a_person_may_run_the_night_without_the_line(bank_client: httpx.AsyncClient, house: House) -> None:
    await approve(bank_client, house, await change(bank_client, house, '"0"'))
    body = {"without_awaited": True}
    started = await bank_client.post("/v1/runs/nightly", json=body, headers=house.headers("administrator"))
    assert started.status_code == 201


async def test_what_is_in_already_counts_by_the_new_terms(bank_client: httpx.AsyncClient, house: House) -> None:
    await approve(bank_client, house, await change(bank_client, house, '"0"'))
    await deliver(bank_client, house, "balances", NO_BALANCES)
    assert (await on_calendar(bank_client, house))["state"] == "missing"
    await approve(bank_client, house, await change(bank_client, house, '"1"', kinds=["balances"]))
    assert (await on_calendar(bank_client, house))["state"] == "fresh"


async def test_terms_that_are_wrong_or_stale_are_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    for wrong in ({"kinds": ["parties"]}, {"kinds": ["balances", "balances"]}, {"cut_off": "25:00"}, {"late": "never"}):
        answer = await change(bank_client, house, '"0"', **wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert (await change(bank_client, house, '"7"')).status_code == 412
    assert (await bank_client.put(URL, json=TERMS, headers=house.headers("hq_operator"))).status_code == 428
    first, second = await change(bank_client, house, '"0"'), await change(bank_client, house, '"0"')
    assert await approve(bank_client, house, first) == "approved"
    assert await approve(bank_client, house, second) == "version_conflict"
    listed = (await bank_client.get("/v1/feeds/policies", headers=house.headers("hq_operator"))).json()["items"]
    assert [one["revision"] for one in listed] == [0, 0, 1, 0, 0, 0, 0]
