"""Something else in place of what a supplier cannot deliver: named by the bank, offered, and taken once, over HTTP."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.points import invariants as points_invariants
from guibin.rights import invariants as rights_invariants
from guibin.rights.models import Category, Fulfilment
from guibin_tools.supplier_simulator.application import Behaviour
from support.house import House
from support.shop import Shop
from support.supplying import OPERATOR, Supply, connected

APPROVER = "rights_approver"


async def name(supply: Supply, right: str, *named: Mapping[str, str]) -> httpx.Response:
    """Submit a list of substitutes for a right."""
    headers = supply.shop.house.headers(OPERATOR)
    path = f"/v1/rights/{right}/substitutes"
    etag = (await supply.bank.get(path, headers=headers)).headers["ETag"]
    return await supply.bank.put(path, json={"substitutes": named}, headers=headers | {"If-Match": etag})


async def approve(supply: Supply, submitted: httpx.Response) -> None:
    assert submitted.status_code == 202, submitted.text
    path = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
    done = await supply.bank.post(path, json={}, headers=supply.shop.house.headers(APPROVER, key=str(new_id())))
    assert done.status_code == 200, done.text


async def instead(supply: Supply, customer: UUID, redemption: str, right: str, **wish: Any) -> httpx.Response:
    headers = supply.shop.house.customer_headers(customer, key=str(new_id()))
    return await supply.customers.post(
        f"/v1/redemptions/{redemption}/substitute", json={"right_id": right} | wish, headers=headers
    )


async def home(supply: Supply, customer: UUID) -> dict[str, Any]:
    shown = await supply.customers.get("/v1/me/home", headers=supply.shop.house.customer_headers(customer))
    found: dict[str, Any] = shown.json()
    return found


async def told(supply: Supply, redemption: str) -> list[str]:
    """Return the substitutes that the event of the failure names."""
    query = text("SELECT payload FROM outbox_event WHERE type = 'redemption.failed' AND subject = :subject")
    async with supply.shop.house.sessions() as session:
        payload = (await session.execute(query, {"subject": redemption})).scalar_one()
    named: list[str] = payload["substitutes"]
    return named


async def failed(supply: Supply, customer: UUID, right: str, **wish: Any) -> str:
    """Redeem what the supplier refuses."""
    supply.desk.behaviour = Behaviour.REFUSE
    redemption: str = (await supply.redeem(customer, right, **wish)).json()["id"]
    await supply.tend()
    assert (await supply.states(redemption))[1] == "failed"
    return redemption


async def hold(house: House) -> None:
    async with house.sessions() as session:
        assert await points_invariants.check(session) == []
        assert await rights_invariants.check(session) == []


async def test_what_cannot_be_delivered_is_replaced_by_what_the_bank_names_once(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    shop = Shop(house)
    customer, other = await shop.customers(2, 1_000)
    same, dear, made_good, gone = [
        await shop.right(code=code, prices=({"tier": None, "points": points},), stock=stock)
        for code, points, stock in (("same", 90, 5), ("dear", 150, 5), ("made_good", 400, 5), ("gone", 10, 1))
    ]
    async with connected(shop, bank_client, customer_client) as supply:
        right = await supply.right(Fulfilment.ORDER, code="wanted")
        rules = (("gone", "own"), ("dear", "not_above"), ("made_good", "capped"), ("same", "not_above"))
        submitted = await name(supply, right, *({"right": code, "price": price} for code, price in rules))
        preview = (
            await bank_client.get(f"/v1/approvals/{submitted.json()['approval_id']}", headers=house.headers(APPROVER))
        ).json()["preview"]
        assert preview["changed"] == ["substitutes"]
        await approve(supply, submitted)

        lost = await failed(supply, customer, right, quantity=2)
        # One unit of `gone` is too few, and `dear` costs more than came back.
        assert await told(supply, lost) == [made_good, same]
        seen = (await supply.seen(customer, lost)).json()
        replacing = seen["replacing"]
        offers = [(one["right_id"], one["points"], one["wallet"]) for one in replacing["alternatives"]]
        assert offers == [(made_good, 200, "reward"), (same, 180, "reward")]
        assert (replacing["units"], replacing["replaced_by"], replacing["replaces"]) == (2, None, None)
        first = await home(supply, customer)
        assert (first["replaceable"]["redemption_id"], first["replaceable"]["right_name"]) == (lost, "机场贵宾厅")
        assert [one["right_id"] for one in first["replaceable"]["alternatives"]] == [made_good, same]
        assert "substitute_offered" in [notice["kind"] for notice in first["notices"]]

        refusals = {
            (await instead(supply, customer, lost, right)).json()["code"]: "not_a_substitute",
            (await instead(supply, customer, lost, dear)).json()["code"]: "substitute_too_dear",
            (await instead(supply, customer, lost, gone)).json()["code"]: "out_of_stock",
            (await instead(supply, customer, lost, same, expected_points=1)).json()["code"]: "price_changed",
            (await instead(supply, other, lost, same)).json()["code"]: "not_found",
        }
        assert list(refusals) == list(refusals.values())
        stands = (await supply.redeem(customer, same)).json()["id"]
        assert (await instead(supply, customer, stands, made_good)).json()["code"] == "nothing_to_replace"

        wish = {"expected_points": 200}
        taken = await asyncio.gather(*(instead(supply, customer, lost, made_good, **wish) for _ in range(3)))
        assert sorted(one.status_code for one in taken) == [201, 409, 409]
        done = next(one.json() for one in taken if one.status_code == 201)
        assert (done["quantity"], done["points_charged"], done["replaces"]) == (2, 200, lost)
        late = next(one.json() for one in taken if one.status_code == 409)
        assert (late["code"], late["replaced_by"]) == ("nothing_to_replace", done["id"])
        seen = (await supply.seen(customer, lost)).json()["replacing"]
        assert (seen["replaced_by"], seen["alternatives"], seen["replaceable_until"]) == (done["id"], [], None)
        assert (await supply.seen(customer, done["id"])).json()["replacing"]["replaces"] == lost
        assert (await home(supply, customer))["replaceable"] is None
        assert (await shop.left_of(made_good), await shop.left_of(dear)) == (3, 5)
    await hold(house)


async def test_what_a_quota_had_paid_for_is_not_made_good_and_after_thirty_days_nothing_is(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    shop = Shop(house)
    customer = await shop.customer(1_000, tier="T2")
    made_good = await shop.right(code="made_good", stock=9)
    async with connected(shop, bank_client, customer_client) as supply:
        quota = [{"tier": "T2", "period": "year", "times": 1}]
        named = {"substitutes": [{"right": "made_good", "price": "capped"}]}
        right = await supply.right(Fulfilment.ORDER, code="wanted", quotas=quota, offer=named)
        free = await failed(supply, customer, right)
        assert (await told(supply, free), (await home(supply, customer))["replaceable"]) == ([], None)
        refused = await instead(supply, customer, free, made_good)
        assert (refused.status_code, refused.json()["code"]) == (409, "substitute_too_dear")
        assert (refused.json()["points"], refused.json()["most"]) == (100, 0)

        supply.desk.behaviour = Behaviour.DONE
        assert (await supply.redeem(customer, right)).json()["quota_used"] == 1
        paid = await failed(supply, customer, right)
        assert await told(supply, paid) == [made_good]
        with clock.fixed_at(clock.now() + timedelta(days=30)):
            late = await instead(supply, customer, paid, made_good)
            assert (late.status_code, late.json()["code"]) == (409, "nothing_to_replace")
            assert (await supply.seen(customer, paid)).json()["replacing"]["alternatives"] == []
    await hold(house)


async def test_a_list_that_makes_no_sense_is_refused(house: House, bank_client: httpx.AsyncClient) -> None:
    shop = Shop(house)
    right = await shop.right(code="wanted")
    await shop.right(code="same")
    await shop.right(code="meal", category=Category.HEALTH)
    refused = {}
    for named in (("nobody",), ("wanted",), ("meal",), ("same", "same")):
        answer = await bank_client.put(
            f"/v1/rights/{right}/substitutes",
            json={"substitutes": [{"right": code} for code in named]},
            headers=house.headers(OPERATOR) | {"If-Match": '"1"'},
        )
        refused[named] = (answer.status_code, [one["type"] for one in answer.json()["errors"]])
    assert refused == {
        ("nobody",): (422, ["unknown_right"]),
        ("wanted",): (422, ["category"]),
        ("meal",): (422, ["category"]),
        ("same", "same"): (422, ["duplicate_item"]),
    }
