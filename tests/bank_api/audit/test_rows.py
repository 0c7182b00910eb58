"""What a row tells, how the trail is searched and checked, and that nothing is done when it cannot be written."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from support.house import House
from support.points import sessions_of
from support.sealing import seal_all

PRODUCT = {
    "code": "PF900",
    "line": "personal_finance",
    "product_class": "deposits",
    "side": "asset",
    "name_zh": "活期存款",
    "name_en": "Current account",
}


async def add_product(client: httpx.AsyncClient, house: House, **more: str) -> httpx.Response:
    return await client.post("/v1/products", json=PRODUCT, headers=house.headers("hq_operator") | more)


async def entries(client: httpx.AsyncClient, house: House, query: str = "") -> list[dict[str, object]]:
    answer = await client.get(f"/v1/audit{query}", headers=house.headers("auditor"))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, object]] = answer.json()["items"]
    return items


async def test_a_command_tells_from_where_it_came_and_what_permitted_it(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    request_id = str(new_id())
    await add_product(bank_client, house, **{"X-Request-ID": request_id, "User-Agent": "teller 13812345678"})
    [row] = await entries(bank_client, house, "?action=product.create")
    assert (row["request_id"], row["ip"], row["permission"]) == (request_id, "127.0.0.1", "write products")
    assert row["scope"] == f"subtree:{house.branches['000000'].id}"
    assert len(str(row["device"])) == 16
    assert "13812345678" not in str(row)


async def test_what_people_write_is_kept_without_numbers_of_persons(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer = to_public("cus", await house.add_customer())
    answer = await bank_client.post(
        f"/v1/customers/{customer}/reveal",
        json={"field": "name", "reason": "客户张三来电 13812345678 核对", "ticket": "INC-2026-0042"},
        headers=house.headers("branch_head"),
    )
    assert answer.status_code == 200, answer.text
    [row] = await entries(bank_client, house, "?action=customer.reveal")
    assert "13812345678" not in str(row)
    assert row["ticket"] == "INC-2026-0042"


async def test_an_edit_tells_the_changed_fields_as_hashes(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator")
    tag = {"axis": "service", "name_zh": "新客", "name_en": "New customer"}
    made = await bank_client.post("/v1/tags", json={"code": "newcomer", "kind": "manual", **tag}, headers=headers)
    assert made.status_code == 201, made.text
    edited = await bank_client.put(
        "/v1/tags/newcomer", json=tag | {"name_zh": "新客户"}, headers=headers | {"If-Match": made.headers["etag"]}
    )
    assert edited.status_code == 200, edited.text
    [row] = await entries(bank_client, house, "?action=tag.edit")
    changes = row["changes"]
    assert isinstance(changes, dict)
    assert list(changes) == ["name_zh"]
    before, after = changes["name_zh"]
    assert before != after
    assert (len(before), len(after)) == (32, 32)
    assert "新客" not in str(row)


async def test_the_trail_is_searched_by_actor_object_result_and_time(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    await add_product(bank_client, house)
    nobody = to_public("cus", new_id())
    await bank_client.get(f"/v1/customers/{nobody}", headers=house.headers("branch_head"))
    begun, ended = ((clock.now() + timedelta(hours=hours)).isoformat().replace("+00:00", "Z") for hours in (-1, 1))
    found = {
        "actor": await entries(bank_client, house, f"?actor={house.staff['branch_head'].id}"),
        "object": await entries(bank_client, house, f"?object_id={nobody}"),
        "result": await entries(bank_client, house, "?result=not_found"),
        "time": await entries(bank_client, house, f"?result=not_found&from={begun}&to={ended}"),
        "later": await entries(bank_client, house, f"?from={ended}"),
        "earlier": await entries(bank_client, house, f"?to={begun}"),
    }
    assert {name: [row["action"] for row in rows] for name, rows in found.items()} == {
        **{name: ["getCustomer"] for name in ("actor", "object", "result", "time")},
        "later": [],
        "earlier": [],
    }


async def test_reading_the_trail_stands_in_the_trail(bank_client: httpx.AsyncClient, house: House) -> None:
    await entries(bank_client, house)
    [row] = await entries(bank_client, house, "?action=listAuditEntries")
    assert row["roles"] == "auditor"


async def test_the_check_over_http_names_the_first_bad_row(bank_client: httpx.AsyncClient, house: House) -> None:
    await add_product(bank_client, house)
    headers = house.headers("auditor")
    async with sessions_of(house.database.worker_url) as worker:
        await seal_all(worker)
    good = (await bank_client.get("/v1/audit/verify", headers=headers)).json()
    assert (good["intact"], good["first_bad"], good["waiting"]) == (True, None, 0)
    assert good["sealed"] > 0
    async with house.sessions() as session:
        changed = text(
            "UPDATE audit_entry SET actor_id = owner_id, reason = 'x' WHERE action = 'product.create' RETURNING id"
        )
        [entry_id] = (await session.execute(changed)).scalars()
        await session.commit()
    bad = (await bank_client.get("/v1/audit/verify", headers=headers)).json()
    assert bad["intact"] is False
    assert (bad["first_bad"]["fault"], bad["first_bad"]["entry_id"]) == ("altered", to_public("aud", entry_id))


CLOSINGS = {
    "no right to write": "REVOKE INSERT ON audit_entry FROM guibin_bank, guibin_customer",
    "no table": "ALTER TABLE audit_entry RENAME TO audit_entry_away",
}


@pytest.mark.parametrize("name", CLOSINGS)
async def test_without_a_trail_staff_do_nothing_and_customers_read_on(
    name: str, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    """T-AUD-3."""
    customer_id = await house.add_customer()
    async with house.sessions() as session:
        await session.execute(text(CLOSINGS[name]))
        await session.commit()
    refused = await add_product(bank_client, house, **{"Idempotency-Key": "k1"})
    assert (refused.status_code, refused.json()["code"]) == (503, "retry_later")
    assert "retry-after" in refused.headers
    look = await bank_client.get(f"/v1/customers/{to_public('cus', customer_id)}", headers=house.headers("branch_head"))
    assert (look.status_code, look.json()["code"]) == (503, "retry_later")
    mine = await customer_client.get("/v1/me", headers=house.customer_headers(customer_id))
    points = await customer_client.get("/v1/me/points", headers=house.customer_headers(customer_id))
    assert (mine.status_code, points.status_code) == (200, 200)
    async with house.sessions() as session:
        left = await session.execute(text("SELECT count(*) FROM product WHERE code = 'PF900'"))
        assert left.scalar_one() == 0
        if name == "no table":
            await session.execute(text("ALTER TABLE audit_entry_away RENAME TO audit_entry"))
            await session.commit()
