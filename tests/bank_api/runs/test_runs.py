"""Nightly runs over HTTP: asked for, carried out by the worker, shown with their steps."""

from datetime import timedelta

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import from_public, new_id, to_public
from guibin.runs.service import carry_out
from guibin.runs.steps import STEPS
from support.house import House
from support.nights import as_worker

YESTERDAY = clock.last_closed_day()


async def _start(client: httpx.AsyncClient, house: House, role: str = "administrator", **body: str) -> httpx.Response:
    return await client.post("/v1/runs/nightly", json=body, headers=house.headers(role))


async def test_a_run_is_asked_for_and_the_worker_does_it(bank_client: httpx.AsyncClient, house: House) -> None:
    response = await _start(bank_client, house)
    made = response.json()
    assert (response.status_code, made["state"], made["business_date"]) == (201, "running", YESTERDAY.isoformat())
    url, headers = f"/v1/runs/{made['id']}", house.headers("hq_operator")
    assert (await bank_client.get(url, headers=headers)).json()["steps"] == []
    run_id = from_public("run", made["id"])
    assert run_id is not None
    async with as_worker(house.database) as sessions:
        await carry_out(sessions, run_id)
    shown = (await bank_client.get(url, headers=headers)).json()
    assert shown["state"] == "finished"
    assert [step["name"] for step in shown["steps"]] == [step.name for step in STEPS]
    assert shown["steps"][0]["counts"] == {"fresh": 0, "stale": 0, "missing": 7}


async def test_a_day_is_given_or_is_yesterday(bank_client: httpx.AsyncClient, house: House) -> None:
    day = (YESTERDAY - timedelta(days=3)).isoformat()
    response = await _start(bank_client, house, "hq_operator", date=day)
    assert (response.status_code, response.json()["business_date"]) == (201, day)


async def test_an_open_run_is_not_opened_twice(bank_client: httpx.AsyncClient, house: House) -> None:
    first, again = await _start(bank_client, house), await _start(bank_client, house, "hq_operator")
    assert (again.status_code, again.json()) == (201, first.json())


async def test_a_run_is_replayed_under_its_key(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("administrator", key="run-1")
    first = await bank_client.post("/v1/runs/nightly", json={}, headers=headers)
    again = await bank_client.post("/v1/runs/nightly", json={}, headers=headers)
    assert (first.status_code, again.content, again.headers["idempotent-replayed"]) == (201, first.content, "true")


async def test_a_day_that_is_not_over_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    response = await _start(bank_client, house, date=clock.today().isoformat())
    assert (response.status_code, response.json()["errors"][0]["type"]) == (422, "date_range")


async def test_a_day_before_a_closed_one_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    await _start(bank_client, house)
    response = await _start(bank_client, house, date=(YESTERDAY - timedelta(days=1)).isoformat())
    assert (response.status_code, response.json()["code"]) == (409, "period_closed")
    assert response.json()["closed"] == YESTERDAY.isoformat()


@pytest.mark.parametrize("body", [{"date": "yesterday"}, {"date": 20261124}, {"day": "2026-11-24"}])
async def test_a_request_of_the_wrong_form_is_refused(
    bank_client: httpx.AsyncClient, house: House, body: dict[str, object]
) -> None:
    response = await bank_client.post("/v1/runs/nightly", json=body, headers=house.headers("administrator"))
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")


@pytest.mark.parametrize("role", ["manager", "branch_head", "hq_approver", "auditor"])
async def test_those_without_the_grant_start_nothing(bank_client: httpx.AsyncClient, house: House, role: str) -> None:
    assert (await _start(bank_client, house, role)).status_code == 403


async def test_runs_are_listed_newest_first(bank_client: httpx.AsyncClient, house: House) -> None:
    older = (await _start(bank_client, house, date=(YESTERDAY - timedelta(days=1)).isoformat())).json()
    newer = (await _start(bank_client, house)).json()
    headers = house.headers("auditor")
    first = (await bank_client.get("/v1/runs?limit=1", headers=headers)).json()
    rest = (await bank_client.get(f"/v1/runs?limit=1&cursor={first['next_cursor']}", headers=headers)).json()
    assert [first["items"], rest["items"]] == [[newer], [older]]


async def test_an_unknown_run_is_not_found(bank_client: httpx.AsyncClient, house: House) -> None:
    url = f"/v1/runs/{to_public('run', new_id())}"
    assert (await bank_client.get(url, headers=house.headers("auditor"))).status_code == 404
    assert (await bank_client.get(url, headers=house.headers("manager"))).status_code == 403
    assert (await bank_client.get(url)).status_code == 401
