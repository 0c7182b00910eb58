"""Imported and model tags over HTTP: rows name customers by an identifier, and each tells what became of it."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer
from guibin.customers.references import phone_index
from guibin.outbox.models import OutboxEvent
from guibin.tags.imports.models import TagImport
from support.house import WEST, House

LISTED = {"values": [{"value": "high"}, {"value": "low"}]}
NAMES = {"axis": "service", "name_zh": "流失模型", "name_en": "Churn model"}
PHONE = "13800000001"
TAG = NAMES | {"code": "churn", "kind": "model", "rule": LISTED, "publishes_events": True}


@pytest.fixture
async def customers(bank_client: httpx.AsyncClient, house: House) -> list[UUID]:
    """Two customers of the east, and a published tag of a model."""
    maker, approver = house.headers("hq_operator"), house.headers("hq_approver")
    assert (await bank_client.post("/v1/tags", json=TAG, headers=maker)).status_code == 201
    submitted = (await bank_client.post("/v1/tags/churn/submit", headers=maker)).json()["approval_id"]
    approved = await bank_client.post(f"/v1/approvals/{submitted}/approve", json={}, headers=approver)
    assert approved.status_code == 200, approved.text
    return [await house.add_customer(), await house.add_customer()]


async def send(client: httpx.AsyncClient, house: House, *rows: dict[str, Any], **parts: Any) -> httpx.Response:
    body = {"key": "customer", "model": "churn", "model_version": "7", "rows": list(rows)} | parts
    return await client.post("/v1/tags/churn/imports", json=body, headers=house.headers("hq_operator"))


def row(customer_id: UUID, value: str = "high", **parts: Any) -> dict[str, Any]:
    return {"key": to_public("cus", customer_id), "value": value} | parts


async def held(client: httpx.AsyncClient, house: House, customer_id: UUID) -> list[tuple[Any, ...]]:
    path = f"/v1/customers/{to_public('cus', customer_id)}/tags"
    items = (await client.get(path, headers=house.headers("branch_head"))).json()["items"]
    return [(one["value"], one["probability"], one["source"], one["version"]) for one in items]


async def test_each_row_tells_what_became_of_it(
    bank_client: httpx.AsyncClient, house: House, customers: list[UUID]
) -> None:
    one, two = customers
    done = (
        await send(
            bank_client,
            house,
            row(one, probability="0.87345"),
            row(one, "low"),
            row(new_id()),
            row(two, "middling"),
            row(two, "low", probability="1.5"),
            {"key": "nobody"},
        )
    ).json()
    assert [result["status"] for result in done["results"]] == [
        *("matched", "duplicate", "unknown", "invalid", "invalid", "invalid"),
    ]
    assert (done["matched"], done["duplicate"], done["unknown"], done["invalid"]) == (1, 1, 1, 3)
    assert await held(bank_client, house, one) == [("high", "0.87345", "import", 1)]
    assert await held(bank_client, house, two) == []
    listed = (await bank_client.get("/v1/tags/churn/imports", headers=house.headers("auditor"))).json()["items"]
    assert [(entry["id"], entry["model_version"], entry["rows"]) for entry in listed] == [(done["id"], "7", 6)]


async def test_a_file_is_matched_as_a_call_is_and_the_same_one_again_changes_nothing(
    bank_client: httpx.AsyncClient, house: House, customers: list[UUID]
) -> None:
    one, two = (to_public("cus", customer_id) for customer_id in customers)
    await send(bank_client, house, row(customers[1], "low"))
    lines = ("key,value,probability", f"{one},high,0.5", f"{one},low,", "nobody,high,", f"{two},middling,", ",high,")
    url = "/v1/tags/churn/imports/file?key=customer&mode=full"
    maker = house.headers("hq_operator") | {"Content-Type": "text/csv"}

    async def post(more: str = "") -> dict[str, Any]:
        answer = await bank_client.post(url + more, content="\n".join(lines).encode(), headers=maker)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    tried = await post("&dry_run=true")
    assert await held(bank_client, house, customers[0]) == []
    done, again = await post(), await post()
    counts = ("rows", "matched", "unknown", "duplicate", "invalid", "ended")
    expected = (5, 1, 1, 1, 2, 1)
    assert [tuple(said[name] for name in counts) for said in (tried, done, again)] == [expected] * 3
    assert [(said["dry_run"], said["repeated"]) for said in (tried, done, again)] == [
        *((True, False), (False, False), (False, True)),
    ]
    rejects = [(one["row"], one["code"], one["column"]) for one in done["rejects"]]
    assert rejects == [
        (3, "duplicate_in_file", "key"),
        (4, "customer_unknown", "key"),
        (5, "value_unknown", "value"),
        (6, "missing_value", "key"),
    ]
    assert again["id"] == done["id"]
    assert again["rejects"] == done["rejects"]
    assert await held(bank_client, house, customers[0]) == [("high", "0.50000", "import", 1)]
    assert await held(bank_client, house, customers[1]) == []
    file = f"/v1/tags/churn/imports/{done['id']}/rejects"
    listed = (await bank_client.get(file, headers=maker)).json()["items"]
    assert listed == done["rejects"]
    written = (await bank_client.get(file, headers=maker | {"Accept": "text/csv"})).text
    assert written.splitlines()[1].lstrip("\ufeff").startswith("3,key,duplicate_in_file")
    assert "nobody" not in written
    empty = await bank_client.post(url, content=b"key\n", headers=maker)
    assert (empty.status_code, empty.json()["code"]) == (422, "file_empty")


async def test_a_telephone_of_two_customers_names_neither(
    bank_client: httpx.AsyncClient, house: House, customers: list[UUID]
) -> None:
    async with house.sessions() as session:
        for customer_id in customers:
            (await session.get_one(Customer, customer_id)).phone_idx = phone_index(house.keys, PHONE)
        await session.commit()
    assert (await send(bank_client, house, {"key": PHONE, "value": "high"}, key="phone")).json()["ambiguous"] == 1
    answer = await bank_client.post(
        "/v1/tags/churn/imports/file?key=phone",
        content=f"key,value\n{PHONE},high".encode(),
        headers=house.headers("hq_operator") | {"Content-Type": "text/csv"},
    )
    rejects = [(one["row"], one["code"], one["column"]) for one in answer.json()["rejects"]]
    assert rejects == [(2, "customer_ambiguous", "key")]
    assert [await held(bank_client, house, customer_id) for customer_id in customers] == [[], []]


async def test_another_value_takes_the_place_of_the_one_before_and_a_full_import_ends_the_rest(
    bank_client: httpx.AsyncClient, house: House, customers: list[UUID]
) -> None:
    one, two = customers
    await send(bank_client, house, row(one), row(two))
    await send(bank_client, house, row(one, "low"))
    assert [value for value, *_ in await held(bank_client, house, one)] == ["low"]
    full = (await send(bank_client, house, row(two, "high"), mode="full")).json()
    assert (full["matched"], full["ended"]) == (1, 1)
    assert await held(bank_client, house, one) == []
    assert [value for value, *_ in await held(bank_client, house, two)] == ["high"]
    async with house.sessions() as session:
        told = (await session.exec(select(OutboxEvent.type, OutboxEvent.customer_id, OutboxEvent.payload))).all()
    assert sorted((name, customer_id == one, said["value"]) for name, customer_id, said in told) == [
        *(("tag.entered", False, "high"), ("tag.entered", True, "high"), ("tag.entered", True, "low")),
        *(("tag.left", True, "high"), ("tag.left", True, "low")),
    ]
    assert {said["reason"] for *_, said in told} == {"import"}


async def test_what_is_not_from_outside_is_not_imported_and_no_identifier_is_kept(
    bank_client: httpx.AsyncClient, house: House, customers: list[UUID]
) -> None:
    body = {"key": "customer_no", "rows": [{"key": "88001234", "value": "high"}]}
    headers = house.headers("hq_operator")
    refused = await bank_client.post("/v1/tags/mda_1m/imports", json=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "tag_kind_conflict")
    unknown = (await bank_client.post("/v1/tags/churn/imports", json=body, headers=headers)).json()
    assert unknown["unknown"] == 1
    async with house.sessions() as session:
        stored = (await session.exec(select(TagImport))).all()
    assert "88001234" not in repr(stored)
    assert customers


async def test_an_import_says_until_when_its_values_last(
    bank_client: httpx.AsyncClient, house: House, customers: list[UUID]
) -> None:
    elsewhere = await house.add_customer(branch=WEST)
    day = clock.today()
    done = await send(bank_client, house, row(elsewhere), row(customers[0]), expires_on=str(day.replace(year=2030)))
    assert done.json()["matched"] == 2
    assert done.json()["expires_on"] == str(day.replace(year=2030))
