"""Suppliers over HTTP: added, changed, their secret shown once, the rights that they deliver."""

import httpx
from sqlalchemy import text

from guibin.core.ids import new_id, to_public
from support.house import House
from support.rights import add_right

OPERATOR, READER = "rights_operator", "finance"
SUPPLIER = {
    "code": "YX",
    "name": "翼行贵宾服务",
    "base_url": "http://127.0.0.1:9/guibin/",
    "settlement_basis": "used",
    "tax_rate_bp": 600,
    "contact": {"name": "王小明", "phone": "021-60001234", "email": "orders@supplier.example"},
}


def key() -> str:
    return str(new_id())


async def test_a_supplier_is_added_changed_and_delivers_a_right(house: House, bank_client: httpx.AsyncClient) -> None:
    operator = house.headers(OPERATOR)
    made = await bank_client.post("/v1/suppliers", json=SUPPLIER, headers=house.headers(OPERATOR, key=key()))
    assert made.status_code == 201
    supplier, path = made.json(), f"/v1/suppliers/{made.json()['id']}"
    assert supplier["base_url"] == "http://127.0.0.1:9/guibin"
    assert supplier["contact"] == {"name": "王*明", "phone": "****1234", "has_email": True}

    again = await bank_client.post("/v1/suppliers", json=SUPPLIER, headers=house.headers(OPERATOR, key=key()))
    assert (again.status_code, again.json()["code"]) == (409, "supplier_code_taken")
    wrong = SUPPLIER | {"code": "ZZ", "base_url": "ftp://supplier.example"}
    refused = await bank_client.post("/v1/suppliers", json=wrong, headers=house.headers(OPERATOR, key=key()))
    assert (refused.status_code, refused.json()["code"]) == (422, "supplier_url_not_allowed")

    shown = await bank_client.get(f"{path}/secret", headers=operator)
    assert shown.status_code == 200
    assert shown.json()["secret"].startswith("supsec_")
    twice = await bank_client.get(f"{path}/secret", headers=operator)
    assert (twice.status_code, twice.json()["code"]) == (409, "secret_already_shown")
    rotated = await bank_client.post(f"{path}/rotate-secret", headers=house.headers(OPERATOR, key=key()))
    assert (rotated.json()["key_id"], rotated.json()["old_secret_until"] is None) == ("k2", False)
    renewed = await bank_client.get(f"{path}/secret", headers=operator)
    assert renewed.json()["secret"] != shown.json()["secret"]

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
