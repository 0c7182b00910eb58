"""Suppliers over HTTP: added, changed, their secret shown once, the rights that they deliver."""

import httpx
from sqlalchemy import text

from guibin.core.ids import new_id, to_public
from support.house import House
from support.rights import add_right

OPERATOR, APPROVER, READER = "rights_operator", "rights_approver", "finance"
SUPPLIER = {
    "code": "YX",
    "name": "翼行贵宾服务",
    "settlement_basis": "used",
    "tax_rate_bp": 600,
    "contact": {"name": "王小明", "phone": "021-60001234", "email": "orders@supplier.example"},
}


def key() -> str:
    return str(new_id())


async def decide(client: httpx.AsyncClient, house: House, submitted: httpx.Response, role: str) -> httpx.Response:
    path = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
    return await client.post(path, json={}, headers=house.headers(role, key=key()))


async def test_another_address_and_a_new_secret_take_a_second_person(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    operator = house.headers(OPERATOR)
    made = await bank_client.post("/v1/suppliers", json=SUPPLIER, headers=house.headers(OPERATOR, key=key()))
    path, first, second = f"/v1/suppliers/{made.json()['id']}", *(f"http://127.0.0.1:{port}/guibin" for port in "98")
    shown = await bank_client.get(f"{path}/secret", headers=operator)

    here = {name: value for name, value in SUPPLIER.items() if name != "code"} | {"base_url": f"{first}/"}
    connecting = await bank_client.put(path, json=here, headers=operator | {"If-Match": '"2"'})
    await decide(bank_client, house, connecting, APPROVER)
    elsewhere, read = here | {"base_url": second, "tax_rate_bp": 900}, operator | {"If-Match": '"3"'}
    asked = [await bank_client.put(path, json=elsewhere, headers=read) for _ in "12"]
    waiting = (await bank_client.get(path, headers=operator)).json()
    alone = await decide(bank_client, house, asked[0], OPERATOR)
    agreed, late = [await decide(bank_client, house, one, APPROVER) for one in asked]
    moved = (await bank_client.get(path, headers=operator)).json()
    assert [one.status_code for one in asked] == [202, 202]
    assert (waiting["base_url"], waiting["tax_rate_bp"], waiting["revision"]) == (first, 600, 3)
    assert (alone.status_code, alone.json()["code"]) == (403, "forbidden")
    assert agreed.json()["preview"] == {
        "supplier": "YX",
        "before": {"base_url": first, "tax_rate_bp": 600},
        "after": {"base_url": second, "tax_rate_bp": 900},
    }
    assert not any(value in agreed.text for value in ("王小明", "60001234", "orders@"))
    assert (late.status_code, late.json()["code"]) == (412, "version_conflict")
    assert (moved["base_url"], moved["contact"]) == (second, made.json()["contact"])

    back = await bank_client.put(path, json=here, headers=operator | {"If-Match": '"4"'})
    off = await bank_client.put(path, json=elsewhere | {"state": "off"}, headers=operator | {"If-Match": '"4"'})
    too_late = await decide(bank_client, house, back, APPROVER)
    assert (back.status_code, off.status_code, off.json()["state"]) == (202, 200, "off")
    assert (too_late.status_code, too_late.json()["code"]) == (412, "version_conflict")

    turns = [await bank_client.post(f"{path}/rotate-secret", headers=house.headers(OPERATOR, key=key())) for _ in "12"]
    old = await bank_client.get(path, headers=operator)
    turned, again = [await decide(bank_client, house, one, APPROVER) for one in turns]
    now = (await bank_client.get(path, headers=operator)).json()
    renewed = await bank_client.get(f"{path}/secret", headers=operator)
    assert ([one.status_code for one in turns], old.json()["key_id"]) == ([202, 202], "k1")
    assert (again.status_code, again.json()["code"]) == (412, "version_conflict")
    assert (now["key_id"], now["old_secret_until"] is None) == ("k2", False)
    assert renewed.json()["secret"] != shown.json()["secret"]
    assert "supsec_" not in turned.text


async def test_a_supplier_is_added_changed_and_delivers_a_right(house: House, bank_client: httpx.AsyncClient) -> None:
    operator = house.headers(OPERATOR)
    made = await bank_client.post("/v1/suppliers", json=SUPPLIER, headers=house.headers(OPERATOR, key=key()))
    assert made.status_code == 201
    supplier, path = made.json(), f"/v1/suppliers/{made.json()['id']}"
    assert supplier["base_url"] is None
    assert supplier["contact"] == {"name": "王*明", "phone": "****1234", "has_email": True}

    again = await bank_client.post("/v1/suppliers", json=SUPPLIER, headers=house.headers(OPERATOR, key=key()))
    assert (again.status_code, again.json()["code"]) == (409, "supplier_code_taken")
    at_once = SUPPLIER | {"code": "ZZ", "base_url": "https://supplier.example"}
    unagreed = await bank_client.post("/v1/suppliers", json=at_once, headers=house.headers(OPERATOR, key=key()))
    assert (unagreed.status_code, unagreed.json()["code"]) == (422, "validation_failed")
    wrong = {name: value for name, value in SUPPLIER.items() if name != "code"} | {"base_url": "ftp://supplier.example"}
    refused = await bank_client.put(path, json=wrong, headers=operator | {"If-Match": made.headers["ETag"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "supplier_url_not_allowed")

    shown = await bank_client.get(f"{path}/secret", headers=operator)
    assert shown.status_code == 200
    assert shown.json()["secret"].startswith("supsec_")
    twice = await bank_client.get(f"{path}/secret", headers=operator)
    assert (twice.status_code, twice.json()["code"]) == (409, "secret_already_shown")
    read = await bank_client.get(path, headers=house.headers(READER))
    body = {name: value for name, value in SUPPLIER.items() if name != "code"} | {"state": "off"}
    unread = await bank_client.put(path, json=body, headers=operator)
    assert unread.status_code == 428
    changed = await bank_client.put(path, json=body, headers=operator | {"If-Match": read.headers["ETag"]})
    assert (changed.status_code, changed.json()["state"]) == (200, "off")

    async with house.sessions() as session:
        right = to_public("rgt", await add_right(session))
        await session.commit()
    off = await bank_client.put(f"{path}/rights/{right}", json={"product_code": "L1"}, headers=operator)
    assert (off.status_code, off.json()["code"]) == (409, "supplier_off")
    on = {"If-Match": changed.headers["ETag"]}
    await bank_client.put(path, json=body | {"state": "active"}, headers=operator | on)
    put = await bank_client.put(f"{path}/rights/{right}", json={"product_code": "L1"}, headers=operator)
    assert put.status_code == 200
    listed = await bank_client.get(f"{path}/rights", headers=house.headers(READER))
    assert [one["product_code"] for one in listed.json()["items"]] == ["L1"]

    async with house.sessions() as session:
        kept = (await session.execute(text("SELECT to_jsonb(s)::text FROM supplier s"))).scalar_one()
    assert not any(value in kept for value in ("王小明", "60001234", "orders@", "supsec_"))
