"""The bank's calendar over HTTP: seeded, replaced by administrators, and the days that requests lapse by."""

from typing import Any

import httpx

from support.house import House

NEW_YEAR = {"day": "2028-01-03", "works": False, "name_zh": "元旦", "name_en": "New Year's Day"}
WORKED = {"day": "2028-01-08", "works": True, "name_zh": "元旦调休", "name_en": "Made up for"}


async def _put(client: httpx.AsyncClient, house: House, year: int, *days: object, match: str = '"0"') -> httpx.Response:
    headers = house.headers("administrator") | {"If-Match": match}
    return await client.put(f"/v1/calendars/{year}", json={"days": list(days)}, headers=headers)


async def test_the_announced_holidays_are_there_from_the_start(bank_client: httpx.AsyncClient, house: House) -> None:
    shown = await bank_client.get("/v1/calendars/2026", headers=house.headers("manager"))
    days = {day["day"]: day["works"] for day in shown.json()["days"]}
    assert (shown.headers["etag"], days["2026-10-01"], days["2026-10-10"], len(days)) == ('"1"', False, True, 39)


async def test_an_administrator_writes_a_year_with_the_etag_that_was_read(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    headers = house.headers("administrator")
    empty = await bank_client.get("/v1/calendars/2028", headers=headers)
    assert (empty.headers["etag"], empty.json()["days"]) == ('"0"', [])
    written = await _put(bank_client, house, 2028, WORKED, NEW_YEAR)
    assert (written.status_code, written.headers["etag"]) == (200, '"1"')
    shown = (await bank_client.get("/v1/calendars/2028", headers=headers)).json()
    assert shown == written.json() == {"year": 2028, "revision": 1, "days": [NEW_YEAR, WORKED]}
    stale = await _put(bank_client, house, 2028)
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    assert (await _put(bank_client, house, 2028, match='"1"')).json() == {"year": 2028, "revision": 2, "days": []}
    without = await bank_client.put("/v1/calendars/2028", json={"days": []}, headers=headers)
    assert (without.status_code, without.json()["code"]) == (428, "precondition_required")


WRONG: list[list[dict[str, Any]]] = [
    [NEW_YEAR | {"day": "2027-01-03"}],
    [NEW_YEAR, NEW_YEAR],
    [NEW_YEAR | {"works": 0}],
    [NEW_YEAR | {"name_zh": ""}],
    [{"day": "2028-01-03"}],
]


async def test_days_of_the_wrong_form_are_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    for days in WRONG:
        refused = await _put(bank_client, house, 2028, *days)
        assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed"), days


async def test_only_administrators_write_it(bank_client: httpx.AsyncClient, house: House) -> None:
    url = "/v1/calendars/2028"
    for role in ("hq_operator", "hq_approver", "branch_head", "auditor"):
        headers = house.headers(role) | {"If-Match": '"0"'}
        assert (await bank_client.put(url, json={"days": []}, headers=headers)).status_code == 403, role
    assert (await bank_client.get(url)).status_code == 401
    assert (await bank_client.get("/v1/calendars/1999", headers=house.headers("manager"))).status_code == 422
