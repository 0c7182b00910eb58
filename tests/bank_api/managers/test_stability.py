"""How long customers keep their manager, over HTTP, against a plain walk through the same histories."""

import random
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.managers.models import Coverage, CoverageRole, Grade
from guibin.managers.stability.constancy import whole_months
from support.house import EAST, WEST, House
from support.tiers import add_manager

TODAY = clock.today()
Spell = tuple[UUID, date, date | None]


def two_years_before(day: date) -> date:
    return day.replace(year=day.year - 2) if (day.month, day.day) != (2, 29) else date(day.year - 2, 2, 28)


def plainly(history: list[Spell], day: date) -> tuple[UUID, date, int] | None:
    """Walk through a history, oldest first, with nothing of the product's."""
    begun = [spell for spell in history if spell[1] <= day and spell[1] != spell[2]]
    if not begun or (begun[-1][2] is not None and begun[-1][2] <= day):
        return None
    manager_id, since, _ = begun[-1]
    for other, start, _ in reversed(begun):
        if other != manager_id:
            break
        since = start
    late = {spell[0] for spell in begun if spell[2] is None or spell[2] > two_years_before(day)}
    return manager_id, since, len(late)


def random_history(chance: random.Random, managers: list[UUID]) -> list[Spell]:
    spells: list[Spell] = []
    day = TODAY - timedelta(days=chance.randrange(300, 2_000))
    while day < TODAY and chance.random() < 0.9:
        end = day + timedelta(days=chance.choice([0, 60, 200, 400, 900]))
        is_last = end >= TODAY or chance.random() < 0.3
        spells.append((chance.choice(managers), day, None if is_last else end))
        if is_last:
            break
        day = end + timedelta(days=chance.choice([0, 0, 30]))
    return spells


@pytest.mark.parametrize(
    ("since", "day", "months"),
    [
        (date(2026, 1, 31), date(2026, 2, 28), 0),
        (date(2026, 1, 31), date(2026, 3, 31), 2),
        (date(2024, 2, 29), date(2026, 2, 28), 23),
        (date(2025, 11, 27), date(2026, 11, 27), 12),
        (date(2026, 11, 27), date(2026, 11, 27), 0),
    ],
)
def test_a_month_counts_once_it_is_over(since: date, day: date, months: int) -> None:
    assert whole_months(since, day) == months


async def test_stability_is_what_a_plain_walk_through_the_histories_says(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    chance, histories = random.Random(17), dict[UUID, list[Spell]]()
    async with house.sessions() as session:
        managers = [(await add_manager(session, house.branches[EAST].id, Grade.SENIOR)).id for _ in range(4)]
        places = {await house.add_customer(branch=place): place for place in (EAST, WEST) * 20}
        for customer_id in places:
            histories[customer_id] = random_history(chance, managers)
            for manager_id, start, end in histories[customer_id]:
                session.add(
                    Coverage(
                        customer_id=customer_id,
                        id=new_id(),
                        manager_id=manager_id,
                        role=CoverageRole.PRIMARY,
                        valid_from=start,
                        valid_to=end,
                        source="run",
                        reason="test",
                    )
                )
        await session.commit()
    headers = house.headers("hq_operator")
    for day in (TODAY, TODAY - timedelta(days=250)):
        found = {one: walked for one, history in histories.items() if (walked := plainly(history, day))}
        shown = await bank_client.get("/v1/reports/stability", params={"as_of": str(day)}, headers=headers)
        assert shown.status_code == 200, shown.text
        report = shown.json()
        assert report["total"] == means(list(found.values()), day)
        for one in report["branches"]:
            of_branch = [found[customer_id] for customer_id in found if places[customer_id] == one["branch"]]
            assert {name: one[name] for name in report["total"]} == means(of_branch, day)
        assert {one["manager_id"]: one["customers"] for one in report["managers"]} == {
            to_public("mgr", manager_id): sum(1 for walked in found.values() if walked[0] == manager_id)
            for manager_id in {walked[0] for walked in found.values()}
        }
        alarms = await bank_client.get(
            "/v1/reports/stability/alarms?limit=100", params={"as_of": str(day)}, headers=headers
        )
        assert {one["customer_id"]: one["managers"] for one in alarms.json()["items"]} == {
            to_public("cus", customer_id): walked[2] for customer_id, walked in found.items() if walked[2] > 2
        }
    customer_id, (manager_id, since, managers_of_late) = next(iter(found.items()))
    url = f"/v1/customers/{to_public('cus', customer_id)}/coverage"
    coverage = (await bank_client.get(url, params={"as_of": str(day)}, headers=headers)).json()
    assert coverage["stability"] == {
        "customer_id": to_public("cus", customer_id),
        "manager_id": to_public("mgr", manager_id),
        "since": str(since),
        "months": whole_months(since, day),
        "managers": managers_of_late,
        "alarm": managers_of_late > 2,
    }
    east = (await bank_client.get("/v1/reports/stability", headers=house.headers("branch_head"))).json()
    assert [one["branch"] for one in east["branches"]] == [EAST]


def means(found: list[tuple[UUID, date, int]], day: date) -> dict[str, Any]:
    months = [whole_months(since, day) for _, since, _ in found]
    managers = [count for *_, count in found]
    return {
        "customers": len(found),
        "alarms": sum(1 for count in managers if count > 2),
        "months": round(sum(months) / len(found), 1),
        "managers": round(sum(managers) / len(found), 2),
    }
