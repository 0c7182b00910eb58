"""The spread of a year's touches over HTTP, against a plain count of the same touches."""

import random
from datetime import date, timedelta
from typing import Any

import httpx

from guibin.core.ids import to_public
from guibin.managers.models import Grade
from support.caring import add_touch
from support.house import EAST, WEST, House
from support.tiers import add_manager

NEW_YEAR = date(2026, 2, 17)
Seen = tuple[str, str, date, str, str]


def plainly(touches: list[Seen]) -> dict[str, Any]:
    """Count with nothing of the product's."""
    inside = [one for one in touches if 0 < (NEW_YEAR - one[2]).days <= 365 and one[4] == "reached"]

    def index(some: list[Seen]) -> float | None:
        late = [one for one in some if (NEW_YEAR - one[2]).days <= 45]
        return round(len(late) / len(some) / (45 / 365), 2) if some else None

    selling = [one for one in inside if one[3] == "sales"]
    caring = [one for one in inside if one[3] in {"care", "service"}]
    customers = {one[0] for one in inside}
    months = {(one[0], (365 - (NEW_YEAR - one[2]).days) * 12 // 365) for one in caring}
    share = round(100 * (len(inside) - len(selling)) / len(inside), 2)
    return {
        "customers": len(customers),
        "touches": len(inside),
        "index": index(inside),
        "selling_index": index(selling),
        "caring_index": index(caring),
        "alarm": (index(inside) or 0) > 1.5,
        "selling": len(selling),
        "caring": len(caring),
        "non_selling_percent": share,
        "below_target": share < 50,
        "caring_months": round(len(months) / len(customers), 2),
    }


async def test_the_spread_of_random_touches_is_what_a_plain_count_says(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    chance = random.Random(11)
    touches: list[Seen] = []
    async with house.sessions() as session:
        people = [(await house.add_customer(branch=place), place) for place in (EAST, EAST, WEST)]
        managers = [await add_manager(session, house.branches[place].id, Grade.SENIOR) for place in (EAST, WEST)]
        for _ in range(150):
            customer_id = chance.choice(people)[0]
            in_season = chance.random() < 0.3
            on = NEW_YEAR - timedelta(days=chance.randrange(1, 46 if in_season else 400))
            purpose = chance.choice(["sales", "sales", "care", "service", "complaint"]) if in_season else "care"
            result, manager = chance.choice(["reached", "reached", "no_answer"]), chance.choice(managers)
            await add_touch(session, customer_id, on, purpose=purpose, result=result, manager_id=manager.id)
            touches.append((str(customer_id), str(manager.id), on, purpose, result))
        await session.commit()
    headers = house.headers("hq_operator")
    shown = await bank_client.get("/v1/reports/care-spread/2026", headers=headers)
    assert shown.status_code == 200, shown.text
    report = shown.json()
    assert (report["first"], report["season_from"], report["last"]) == ("2025-02-17", "2026-01-03", "2026-02-16")
    assert report["total"] == plainly(touches)
    assert report["total"]["alarm"]
    by_manager = {one.pop("manager_id"): one for one in report["managers"]}
    for manager in managers:
        of_manager = [one for one in touches if one[1] == str(manager.id)]
        assert by_manager[to_public("mgr", manager.id)] == plainly(of_manager)
    east = {str(one) for one, place in people if place == EAST}
    of_east = plainly([one for one in touches if one[0] in east])
    assert [name for name, shown in of_east.items() if report["branches"][0][name] != shown] == []
    head = (await bank_client.get("/v1/reports/care-spread/2026", headers=house.headers("branch_head"))).json()
    assert head["total"] == of_east
    one = people[0][0]
    url = f"/v1/customers/{to_public('cus', one)}/care-spread/2026"
    of_one = (await bank_client.get(url, headers=headers)).json()
    expected = plainly([touch for touch in touches if touch[0] == str(one)])
    assert {name: of_one[name] for name in expected} == expected


async def test_a_birthday_calendar_is_written_by_who_serves_the_customer(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    url = f"/v1/customers/{to_public('cus', await house.add_customer())}/care-preference"
    headers = house.headers("branch_head")
    assert (await bank_client.get(url, headers=headers)).json()["birthday"] == "solar"
    for calendar in ("lunar", "solar", "lunar"):
        put = await bank_client.put(url, json={"birthday": calendar}, headers=headers)
        assert (put.status_code, put.json()["birthday"]) == (200, calendar)
    assert (await bank_client.get(url, headers=headers)).json()["birthday"] == "lunar"
    other = f"/v1/customers/{to_public('cus', await house.add_customer(branch=WEST))}/care-preference"
    assert (await bank_client.put(other, json={"birthday": "lunar"}, headers=headers)).status_code == 404
