"""The runs of a tag's rule and its reach over HTTP, and the alert about a night that needs a look."""

from datetime import date, timedelta
from uuid import UUID

import httpx
from sqlmodel import select

from guibin.core import clock
from guibin.outbox.models import OutboxEvent
from guibin.tags.lineage.models import TagPolicy
from guibin.tags.runs.reach import has_drifted
from guibin.tags.service import run_night
from support.house import EAST, House
from support.tagging import MILLION, RICH, add_event, add_facts, add_rule_in_force


async def open_bank(house: House, *, rich: int, poor: int) -> list[UUID]:
    ids = []
    for number in range(rich + poor):
        customer_id = await house.add_customer(branch=EAST)
        async with house.sessions() as session:
            average = MILLION if number < rich else 0
            await add_facts(session, customer_id, house.branches[EAST].id, aum_mda_fen=average)
            await session.commit()
        ids.append(customer_id)
    return ids


async def test_runs_and_reach_of_a_tag_are_shown_day_by_day(bank_client: httpx.AsyncClient, house: House) -> None:
    ids = await open_bank(house, rich=2, poor=2)
    closed = clock.last_closed_day()
    amount = {"fact": {"sum": "event.amount"}, "op": ">", "value": "0.00"}
    async with house.sessions() as session:
        session.add(TagPolicy(full_every_days=1))
        await add_rule_in_force(session, "rich", RICH)
        await add_rule_in_force(session, "spender", amount)
        await run_night(session, day=closed - timedelta(days=1))
        for _ in range(3):
            await add_event(session, ids[0], "card_spend", day=date(2026, 1, 1), amount_fen=2**62)
        assert (await run_night(session, day=closed))["failed"] == 1
        await session.commit()

    asked = house.headers("hq_operator")
    runs = (await bank_client.get("/v1/tags/rich/runs", headers=asked)).json()["items"]
    assert [(run["business_date"], run["kind"], run["members"], run["added"]) for run in runs] == [
        (closed.isoformat(), "full", 2, 0),
        (closed.isoformat(), "incremental", 2, 0),
        ((closed - timedelta(days=1)).isoformat(), "full", 2, 2),
    ]
    failed = (await bank_client.get("/v1/tags/spender/runs?limit=1", headers=asked)).json()["items"][0]
    assert (failed["error"], failed["members"]) == ("22003", 0)

    reach = (await bank_client.get("/v1/tags/rich/reach", headers=asked)).json()
    assert (reach["computed_for"], reach["stale"]) == (closed.isoformat(), False)
    assert [(day["members"], day["reach_percent"], day["change_percent"]) for day in reach["items"]] == [
        (2, 50.0, 0.0),
        (2, 50.0, None),
    ]
    assert (await bank_client.get("/v1/tags/spender/reach", headers=asked)).json()["stale"] is True

    async with house.sessions() as session:
        told = (await session.exec(select(OutboxEvent).where(OutboxEvent.type == "tags.alert"))).one()
    assert (told.payload["failed"], told.payload["drifted"], told.payload["differences"]) == (["spender"], [], 0)

    other = (await bank_client.get("/v1/tags/rich/reach", headers=house.headers("manager"))).json()["items"][0]
    assert (other["members"], other["reach_percent"]) == (None, None)


def test_drift_is_a_change_of_more_than_three_per_cent_of_a_hundred_or_more() -> None:
    cases = {
        (None, 500): False,
        (1000, 1030): False,
        (1000, 1031): True,
        (1000, 969): True,
        (0, 100): True,
        (9, 90): False,
    }
    assert {case: has_drifted(*case) for case in cases} == cases
