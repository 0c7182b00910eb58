"""What staff read of points."""

import httpx

from guibin.core.ids import new_id, to_public
from support.house import WEST, House
from support.points import commit_points


async def test_the_wallets_show_their_cost_and_expiry(bank_client: httpx.AsyncClient, house: House) -> None:
    answer = await bank_client.get("/v1/wallets", headers=house.headers("hq_operator"))

    assert answer.status_code == 200
    found = [(one["code"], one["cost"], one["expiry_years"], one["active"]) for one in answer.json()["items"]]
    assert found == [("growth", "0.00", None, False), ("reward", "0.10", 2, True), ("service", "1.00", 2, True)]


async def test_the_earning_rules_are_listed_page_by_page(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator")

    first = (await bank_client.get("/v1/earning-rules?limit=4", headers=headers)).json()
    second = (await bank_client.get(f"/v1/earning-rules?limit=4&cursor={first['next_cursor']}", headers=headers)).json()

    rules = [*first["items"], *second["items"]]
    assert [rule["in_force"]["terms"]["events"] for rule in rules] == [
        ["card_spend"],
        ["login"],
        ["payment"],
        ["pension"],
        ["referral"],
        ["salary"],
    ]
    (gift,) = rules[0]["in_force"]["terms"]["cases"][0]["gives"]
    assert (gift["points"], gift["per"], gift["kind"]) == (1, "20.00", "proportional")
    assert second["next_cursor"] is None


async def test_staff_see_a_customers_balance_and_history(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    for points in (100, 50):
        await commit_points(house.database, customer_id, points)
    path = f"/v1/customers/{to_public('cus', customer_id)}/points"

    balance = (await bank_client.get(path, headers=house.headers("branch_head"))).json()
    first = (await bank_client.get(f"{path}/entries?limit=1", headers=house.headers("branch_head"))).json()
    rest = await bank_client.get(
        f"{path}/entries?limit=1&cursor={first['next_cursor']}", headers=house.headers("branch_head")
    )
    by_wallet = await bank_client.get(f"{path}/entries?wallet=reward&kind=earn", headers=house.headers("branch_head"))

    assert [(one["wallet"], one["balance"]) for one in balance["wallets"]] == [("reward", 150), ("service", 0)]
    assert [one["points"] for one in [*first["items"], *rest.json()["items"]]] == [50, 100]
    assert [one["seq"] for one in by_wallet.json()["items"]] == [2, 1]
    assert by_wallet.json()["items"][0]["contra"] == "issuance"


async def test_l1_a_customer_out_of_scope_answers_like_nobody(bank_client: httpx.AsyncClient, house: House) -> None:
    elsewhere = await house.add_customer(branch=WEST)
    for customer_id in (elsewhere, new_id()):
        for tail in ("points", "points/entries"):
            path = f"/v1/customers/{to_public('cus', customer_id)}/{tail}"
            answer = await bank_client.get(path, headers=house.headers("branch_head"))
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_reading_needs_a_token_and_a_grant(bank_client: httpx.AsyncClient, house: House) -> None:
    customer = to_public("cus", await house.add_customer())
    for path in ("wallets", "earning-rules", f"customers/{customer}/points", f"customers/{customer}/points/entries"):
        assert (await bank_client.get(f"/v1/{path}")).status_code == 401
        assert (await bank_client.get(f"/v1/{path}", headers=house.headers("lobby"))).status_code == 403
