"""Who looked at a customer: for those who audit with everything, for the customer without names."""

from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from guibin.core.ids import new_id, to_public
from support.house import EAST, WEST, House

REASON = "客户来电要求核对个人信息"


async def look(client: httpx.AsyncClient, house: House, customer_id: UUID, role: str, view: str = "") -> None:
    url = f"/v1/customers/{to_public('cus', customer_id)}{view}"
    answer = await client.get(url, headers=house.headers(role))
    assert answer.status_code == 200, answer.text


def log_of(customer_id: UUID) -> str:
    return f"/v1/customers/{to_public('cus', customer_id)}/access-log"


async def mine(client: httpx.AsyncClient, house: House, customer_id: UUID, **headers: str) -> list[dict[str, str]]:
    answer = await client.get("/v1/me/access-log", headers=house.customer_headers(customer_id) | headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, str]] = answer.json()["items"]
    return items


async def test_each_look_stands_in_the_log_with_who_and_under_which_permission(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    await look(bank_client, house, customer_id, "branch_head")
    await look(bank_client, house, customer_id, "hq_operator", "/holdings")
    listed = await bank_client.get(log_of(customer_id), headers=house.headers("compliance"))
    shown = [(row["action"], row["roles"], row["permission"], row["result"]) for row in listed.json()["items"]]
    assert shown == [
        ("listCustomerHoldings", "hq_operator", "read holdings", "done"),
        ("getCustomer", "branch_head", "read customers", "done"),
    ]


async def test_a_refused_try_stands_in_the_banks_log_and_not_in_the_customers(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer(branch=WEST)
    url = f"/v1/customers/{to_public('cus', customer_id)}"
    assert (await bank_client.get(url, headers=house.headers("branch_head"))).status_code == 404
    [row] = (await bank_client.get(log_of(customer_id), headers=house.headers("auditor"))).json()["items"]
    assert (row["action"], row["result"]) == ("getCustomer", "not_found")
    assert await mine(customer_client, house, customer_id) == []


async def test_the_customer_reads_role_branch_and_purpose_and_no_name(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    await look(bank_client, house, customer_id, "branch_head")
    await look(bank_client, house, customer_id, "customer_service", "/points")
    shown = [(row["who"], row["branch"], row["purpose"]) for row in await mine(customer_client, house, customer_id)]
    branch = {code: found.name_zh for code, found in house.branches.items()}
    assert shown == [
        ("客户服务", branch["000000"], "查看积分"),
        ("网点负责人", branch[EAST], "查看客户资料"),
    ]
    english = await mine(customer_client, house, customer_id, **{"Accept-Language": "en"})
    assert [(row["who"], row["purpose"]) for row in english] == [
        ("Customer service", "Viewed your points"),
        ("Head of branch", "Viewed your profile"),
    ]
    assert all(set(row) == {"id", "at", "who", "branch", "purpose"} for row in english)


async def test_a_reveal_is_told_to_the_customer(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    revealed = await bank_client.post(
        f"/v1/customers/{to_public('cus', customer_id)}/reveal",
        json={"field": "name", "reason": REASON},
        headers=house.headers("branch_head"),
    )
    assert revealed.status_code == 200, revealed.text
    [row] = await mine(customer_client, house, customer_id)
    assert row["purpose"] == "查看一项完整的客户资料"


@pytest.mark.parametrize("role", ["compliance", "auditor"])
async def test_what_compliance_and_audit_look_at_is_not_told(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House, role: str
) -> None:
    customer_id = await house.add_customer()
    await look(bank_client, house, customer_id, role)
    assert await mine(customer_client, house, customer_id) == []


async def test_a_customer_is_not_told_who_asked_for_restrictions(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    await look(bank_client, house, customer_id, "branch_head", "/restrictions")
    await look(bank_client, house, customer_id, "branch_head", "/points")
    assert [row["purpose"] for row in await mine(customer_client, house, customer_id)] == ["查看积分"]


async def test_the_customers_log_goes_page_by_page(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    for view in ("", "/points", "/tier"):
        await look(bank_client, house, customer_id, "hq_operator", view)
    headers = house.customer_headers(customer_id)
    first = (await customer_client.get("/v1/me/access-log?limit=2", headers=headers)).json()
    cursor = first["next_cursor"]
    rest = (await customer_client.get(f"/v1/me/access-log?limit=2&cursor={cursor}", headers=headers)).json()
    assert [row["purpose"] for page in (first, rest) for row in page["items"]] == [
        "查看客户层级",
        "查看积分",
        "查看客户资料",
    ]
    assert rest["next_cursor"] is None


async def test_a_customer_reads_the_own_log_only(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    looked_at, other = await house.add_customer(), await house.add_customer()
    await look(bank_client, house, looked_at, "hq_operator")
    assert await mine(customer_client, house, other) == []


async def test_an_auditor_of_one_branch_asks_customer_by_customer_and_reaches_the_own_ones(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    east, west = await house.add_customer(), await house.add_customer(branch=WEST)
    async with house.sessions() as session:
        await session.execute(text("UPDATE role_grant SET data = 'subtree' WHERE role = 'auditor'"))
        await session.execute(
            text("UPDATE staff_role SET branch_id = :branch WHERE staff_id = :staff"),
            {"branch": house.branches[EAST].id, "staff": house.staff["auditor"].id},
        )
        await session.commit()
    headers = house.headers("auditor")
    statuses = [(await bank_client.get(log_of(one), headers=headers)).status_code for one in (east, west, new_id())]
    assert statuses == [200, 404, 404]
    of_one = f"/v1/audit?customer_id={to_public('cus', east)}"
    assert (await bank_client.get(of_one, headers=headers)).status_code == 200
    assert (await bank_client.get("/v1/audit", headers=headers)).status_code == 403
    verdict = await bank_client.get("/v1/audit/verify", headers=headers)
    assert verdict.json()["intact"], verdict.text
