"""POST /v1/voucher-uses: the code at the point of service."""

from typing import Any
from uuid import UUID

import httpx
from sqlmodel import select

from guibin.audit.models import AuditEntry
from guibin.core.ids import new_id
from guibin.rights.models import VoucherCode
from support.house import EAST, WEST
from support.shop import Shop

URL = "/v1/voucher-uses"


async def use(
    client: httpx.AsyncClient, shop: Shop, role: str = "lobby", key: str = "k1", **body: Any
) -> httpx.Response:
    return await client.post(URL, json=body, headers=shop.house.headers(role, key=key))


async def redeemed(client: httpx.AsyncClient, shop: Shop, customer: UUID, *codes: str) -> dict[str, Any]:
    """Let a customer take all codes of a new pool over the customer port, and return what its code page shows."""
    body = {"right_id": await shop.pool(codes), "quantity": len(codes)}
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    made = await client.post("/v1/redemptions", json=body, headers=headers)
    assert made.status_code == 201, made.text
    path = f"/v1/redemptions/{made.json()['id']}"
    shown = await client.get(f"{path}/code", headers=shop.house.customer_headers(customer))
    return {"path": path, **made.json(), **shown.json()}


async def test_a_code_is_used_at_the_counter_and_fulfils_the_redemption(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer()
    mine = await redeemed(customer_client, shop, customer, "ABCD-1234")
    answer = await use(bank_client, shop, code="abcd 1234")
    assert answer.status_code == 200
    body = answer.json()
    assert body == {
        "id": body["id"],
        "redemption_id": mine["id"],
        "right_id": mine["right_id"],
        "right_code": body["right_code"],
        "right_name": "机场贵宾厅",
        "quantity": 1,
        "state": "fulfilled",
        "codes_left": 0,
        "used_at": body["used_at"],
        "amount": None,
        "remaining": None,
    }
    seen = await customer_client.get(mine["path"], headers=shop.house.customer_headers(customer))
    assert [step["state"] for step in seen.json()["steps"]] == ["confirmed", "fulfilled"]


async def test_the_qr_payload_from_the_customers_page_is_taken_by_a_terminal(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    mine = await redeemed(customer_client, shop, await shop.customer(), "ABCD-1234", "ABCD-5678")
    headers = shop.house.service_headers("supplier_terminal", ["voucher:use"], key="k1")
    answer = await bank_client.post(URL, json={"qr": mine["qr"]}, headers=headers)
    assert (answer.status_code, answer.json()["codes_left"], answer.json()["state"]) == (200, 1, "confirmed")


async def test_the_use_records_who_and_where_and_one_audit_line(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer(branch=WEST)
    mine = await redeemed(customer_client, shop, customer, "ABCD-1234")
    await use(bank_client, shop, "lobby", code="ABCD-1234")
    async with shop.house.sessions() as session:
        code = (await session.exec(select(VoucherCode))).one()
        lines = (await session.exec(select(AuditEntry).where(AuditEntry.action == "voucher.use"))).all()
    assert (code.used_by, code.used_at_branch) == (shop.house.staff["lobby"].id, shop.house.branches[EAST].id)
    assert [(line.owner_id, line.object_id) for line in lines] == [(customer, mine["id"])]


async def test_v5_a_code_is_used_once_by_another_key_and_replayed_by_the_same(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    await redeemed(customer_client, shop, await shop.customer(), "ABCD-1234")
    first = await use(bank_client, shop, code="ABCD-1234")
    same = await use(bank_client, shop, code="ABCD-1234")
    other = await use(bank_client, shop, "branch_head", key="k2", code="ABCD-1234")
    assert (same.status_code, same.content, same.headers["Idempotent-Replayed"]) == (200, first.content, "true")
    assert (other.status_code, other.json()["code"]) == (409, "already_used")


async def test_v2_v7_codes_that_are_not_valid_are_refused_alike(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    await shop.pool(["FREE-0001"])
    mine = await redeemed(customer_client, shop, await shop.customer(), "ABCD-1234")
    for number, code in enumerate(("FREE-0001", "NONE-0001")):
        answer = await use(bank_client, shop, key=f"k{number}", code=code)
        assert (answer.status_code, answer.json()["code"]) == (404, "code_not_valid")
    altered = await use(bank_client, shop, key="k9", qr=mine["qr"][:-1] + ("A" if mine["qr"][-1] != "A" else "E"))
    assert (altered.status_code, altered.json()["code"]) == (409, "qr_invalid")


async def test_no_code_stands_in_an_answer(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    await redeemed(customer_client, shop, await shop.customer(), "ABCD-1234")
    answers = [await use(bank_client, shop, key=key, code="ABCD-1234") for key in ("k1", "k2")]
    assert all(b"ABCD" not in answer.content for answer in answers)


async def test_a_use_of_the_wrong_form_is_refused(shop: Shop, bank_client: httpx.AsyncClient) -> None:
    wrong: list[dict[str, Any]] = [
        {},
        {"code": ""},
        {"code": "A" * 65},
        {"code": 12345678},
        {"code": "ABCD-1234", "qr": "GBQ1.x"},
        {"qr": "x" * 513},
        {"code": "ABCD-1234", "right_id": "rgt_1"},
    ]
    for body in wrong:
        assert (await use(bank_client, shop, **body)).status_code == 422, body
    answer = await bank_client.post(URL, json={"code": "ABCD-1234"}, headers=shop.house.headers("lobby"))
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_required")


async def test_codes_are_used_by_those_who_serve(shop: Shop, bank_client: httpx.AsyncClient) -> None:
    body = {"code": "ABCD-1234"}
    assert (await bank_client.post(URL, json=body, headers={"Idempotency-Key": "k1"})).status_code == 401
    for role in ("manager", "rights_operator", "auditor", "customer_service"):
        assert (await use(bank_client, shop, role, **body)).status_code == 403, role
    feeder = shop.house.service_headers("core_banking", ["earn:post", "voucher:use"], key="k1")
    assert (await bank_client.post(URL, json=body, headers=feeder)).status_code == 403
    for role in ("lobby", "lobby_west", "branch_head"):
        assert (await use(bank_client, shop, role, **body)).status_code == 404, role
