"""Tags of customers over HTTP: set by hand, listed as of a day, explained."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.customers.models import CustomerAccess
from guibin.tags.service import run_tags
from support.house import EAST, House
from support.tagging import DAY, MILLION, add_facts, add_manual_tag

REASON = {"reason": "asked for by the customer"}


@pytest.fixture
async def customer(house: House) -> UUID:
    """A customer of the eastern branch in the book of its manager, with facts, and a manual tag `friend`."""
    customer_id = await house.add_customer()
    async with house.sessions() as session:
        await add_facts(session, customer_id, house.branches[EAST].id, aum_mda_fen=MILLION, lines=["e_finance"])
        await add_manual_tag(session, "friend")
        served = CustomerAccess(
            customer_id=customer_id, staff_id=house.staff["manager"].id, role="primary", valid_from=clock.today()
        )
        session.add(served)
        await session.commit()
    return customer_id


def path_of(customer_id: UUID, rest: str = "") -> str:
    return f"/v1/customers/{to_public('cus', customer_id)}/tags{rest}"


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def tag_nightly(house: House) -> None:
    async with house.sessions() as session:
        await run_tags(session, day=DAY)
        await session.commit()


async def test_a_manager_sets_and_takes_a_tag_of_an_own_customer(
    bank_client: httpx.AsyncClient, house: House, customer: UUID
) -> None:
    headers, path = house.headers("manager"), path_of(customer, "/friend")
    given = await bank_client.put(path, json=REASON, headers=headers)
    assert given.status_code == 200
    assert (given.json()["source"], given.json()["reason"]) == ("manual", REASON["reason"])
    assert given.json()["set_by"] == to_public("stf", house.staff["manager"].id)
    assert (await bank_client.put(path, json=REASON, headers=headers)).content == given.content

    assert (await bank_client.request("DELETE", path, json=REASON, headers=headers)).status_code == 204
    assert (await bank_client.get(path_of(customer), headers=headers)).json()["items"] == []
    assert code_of(await bank_client.request("DELETE", path, json=REASON, headers=headers)) == (404, "not_found")


async def test_a_neighbours_customer_is_not_found(
    bank_client: httpx.AsyncClient, house: House, customer: UUID, subtests: pytest.Subtests
) -> None:
    for role in ("manager_west", "branch_head_west"):
        headers = house.headers(role)
        answers = [
            await bank_client.put(path_of(customer, "/friend"), json=REASON, headers=headers),
            await bank_client.request("DELETE", path_of(customer, "/friend"), json=REASON, headers=headers),
            await bank_client.get(path_of(customer), headers=headers),
            await bank_client.get(path_of(customer, "/mda_1m/why"), headers=headers),
        ]
        with subtests.test(role):
            assert [code_of(answer) for answer in answers] == [(404, "not_found")] * 4


async def test_only_manual_tags_are_set_and_only_for_a_reason(
    bank_client: httpx.AsyncClient, house: House, customer: UUID, subtests: pytest.Subtests
) -> None:
    headers = house.headers("manager")
    for code, expected in {"mda_1m": (409, "tag_kind_conflict"), "unheard_of": (404, "not_found")}.items():
        with subtests.test(code):
            answer = await bank_client.put(path_of(customer, f"/{code}"), json=REASON, headers=headers)
            assert code_of(answer) == expected
    for reason in (None, "", "   ", "x" * 201, "a\x00b"):
        with subtests.test(repr(reason)):
            answer = await bank_client.put(path_of(customer, "/friend"), json={"reason": reason}, headers=headers)
            assert code_of(answer) == (422, "validation_failed")


async def test_tags_are_listed_as_of_a_day(bank_client: httpx.AsyncClient, house: House, customer: UUID) -> None:
    await tag_nightly(house)
    headers, before = house.headers("manager"), DAY - timedelta(days=1)
    listed = (await bank_client.get(path_of(customer), params={"as_of": DAY.isoformat()}, headers=headers)).json()
    assert listed["as_of"] == DAY.isoformat()
    by_average = [one for one in listed["items"] if one["code"].startswith("mda_")]
    assert [(one["code"], one["since"], one["version"]) for one in by_average] == [
        ("mda_1m", DAY.isoformat(), 1),
        ("mda_200k", DAY.isoformat(), 1),
    ]
    earlier = await bank_client.get(path_of(customer), params={"as_of": before.isoformat()}, headers=headers)
    assert earlier.json()["items"] == []


async def test_a_day_that_is_none_is_refused(
    bank_client: httpx.AsyncClient, house: House, customer: UUID, subtests: pytest.Subtests
) -> None:
    for as_of in ("2026-02-30", "24.11.2026", "0001-01-01", "2026-11-24T00:00:00Z"):
        with subtests.test(as_of):
            answer = await bank_client.get(path_of(customer), params={"as_of": as_of}, headers=house.headers("manager"))
            assert code_of(answer) == (422, "validation_failed")


async def test_a_manager_asks_why(bank_client: httpx.AsyncClient, house: House, customer: UUID) -> None:
    await tag_nightly(house)
    why = (await bank_client.get(path_of(customer, "/mda_1m/why"), headers=house.headers("manager"))).json()
    assert (why["has"], why["matches"], why["version"]) == (True, True, 1)
    assert why["freshness"] == {"as_of": DAY.isoformat(), "stale": False, "stale_lines": []}
    assert why["conditions"] == [
        {
            "place": "rule",
            "fact": "aum_mda",
            "op": ">=",
            "value": "1000000.00",
            "actual": "1000000.00",
            "actual_value": None,
            "masked": False,
            "met": True,
        }
    ]


async def test_others_see_whether_a_condition_is_met_and_not_the_amount(
    bank_client: httpx.AsyncClient, house: House, customer: UUID
) -> None:
    why = (await bank_client.get(path_of(customer, "/mda_6m/why"), headers=house.headers("auditor"))).json()
    assert (why["has"], why["matches"], why["first_failing"]) == (False, False, "rule")
    assert [(one["actual"], one["masked"], one["met"]) for one in why["conditions"]] == [(None, True, False)]


async def test_sets_and_facts_beside_are_shown(bank_client: httpx.AsyncClient, house: House, customer: UUID) -> None:
    headers = house.headers("manager")
    both = (await bank_client.get(path_of(customer, "/saves_and_spends/why"), headers=headers)).json()
    assert [one["actual"] for one in both["conditions"]] == [["e_finance"]]
    rising = (await bank_client.get(path_of(customer, "/assets_rising/why"), headers=headers)).json()
    assert rising["conditions"][0]["actual"] is None
    assert rising["conditions"][0]["actual_value"] == "1000000.00"


async def test_why_of_a_manual_tag_tells_who_and_why(
    bank_client: httpx.AsyncClient, house: House, customer: UUID
) -> None:
    headers = house.headers("manager")
    await bank_client.put(path_of(customer, "/friend"), json=REASON, headers=headers)
    why = (await bank_client.get(path_of(customer, "/friend/why"), headers=headers)).json()
    assert (why["kind"], why["has"], why["reason"], why["conditions"]) == ("manual", True, REASON["reason"], [])
