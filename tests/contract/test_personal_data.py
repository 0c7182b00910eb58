"""No personal value stands in clear in the database or in the logs, whatever went through both ports."""

import base64

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import from_public
from support.house import EAST, House
from support.lines import Row, balance, csv_of, event, holding, id_card, party
from support.stored import forms, stored_in_clear

NAME, OTHER_NAME = "欧阳灭绝鉴", "夏侯惊蛰墟"
PERSON: Row = {
    "name": NAME,
    "customer_no": "ECIF7713004299",
    "certificate_type": "id_card",
    "certificate_no": id_card(771_301, "19830719"),
    "phone": "19977130042",
    "birth_date": "1983-07-19",
    "address": "无名路七千七百一十三号",
    "employer": "子虚乌有器械厂",
}
ACCOUNT = "6222771300427713"
WRONG_CERTIFICATE = "110105194912310029"
REFUSED: Row = {**PERSON, "name": OTHER_NAME, "customer_no": "", "certificate_no": WRONG_CERTIFICATE}
SECRETS = {
    *(value for name, value in PERSON.items() if name != "certificate_type"),
    *("RECORD-77130", "RECORD-77131", ACCOUNT, OTHER_NAME, WRONG_CERTIFICATE),
}
DAY = clock.last_closed_day()
EVENT_TIME = f"{DAY}T10:00:00+08:00"
PRODUCT = {"code": "PF101", "line": "personal_finance", "product_class": "deposits", "side": "asset"}
FILES = {
    "parties": csv_of(
        party("RECORD-77130", branch_code=EAST, **{name: value for name, value in PERSON.items() if name != "name"})
        | {"name": NAME},
        party("RECORD-77131", branch_code=EAST) | REFUSED,
    ),
    "holdings": csv_of(holding("RECORD-77130", ACCOUNT), holding("RECORD-77131", "6222771300420000")),
    "balances": csv_of(balance(ACCOUNT, str(DAY), "1234567.00"), balance("6222771300420000", str(DAY), "1.00")),
    "events": csv_of(event("T-1", "RECORD-77130", occurred_at=EVENT_TIME)),
}


async def deliver(house: House, bank: httpx.AsyncClient) -> None:
    product = PRODUCT | {"name_zh": "活期存款", "name_en": "Current account"}
    made = await bank.post("/v1/products", json=product, headers=house.headers("hq_operator"))
    assert made.status_code in {201, 409}, made.text
    for kind, content in FILES.items():
        taken = await bank.post(
            f"/v1/feeds/personal_finance/files?kind={kind}&date={DAY}",
            content=content,
            headers=house.service_headers("core_banking", ["feeds:post"]) | {"Content-Type": "text/csv"},
        )
        assert taken.status_code == 201, taken.text
        assert taken.json()["rows_changed"] == 1, (kind, taken.text)


async def find(house: House, bank: httpx.AsyncClient) -> str:
    """Search the customer by each of the personal values, and ask for what is refused."""
    headers = house.headers("hq_operator")
    asked = [
        {"name": NAME},
        {"phone": PERSON["phone"]},
        {"customer_no": PERSON["customer_no"]},
        {"certificate_type": "id_card", "certificate_no": PERSON["certificate_no"]},
    ]
    found = [await bank.post("/v1/customers/search", json=body, headers=headers) for body in asked]
    ids = {item["id"] for answer in found for item in answer.json()["items"]}
    assert [len(answer.json()["items"]) for answer in found] == [1, 1, 1, 1]
    assert len(ids) == 1
    for url in (f"/v1/customers?phone={PERSON['phone']}", f"/v1/customers/{NAME}", f"/v1/customers?tag={ACCOUNT}"):
        assert (await bank.get(url, headers=headers)).status_code in {200, 404, 422}
    wrong = await bank.post("/v1/customers/search", json={"name": NAME + "\u0000"}, headers=headers)
    assert wrong.status_code == 422
    return str(ids.pop())


async def live(house: House, clients: dict[str, httpx.AsyncClient], customer: str) -> None:
    """Read every view of the customer on both ports, and let an event name the customer by number."""
    bank, headers = clients["bank-api"], house.headers("hq_operator")
    for view in ("", "/holdings", "/tags", "/tier", "/coverage", "/points", "/points/entries", "/redemptions"):
        assert (await bank.get(f"/v1/customers/{customer}{view}", headers=headers)).status_code == 200, view
    earned = {
        "line": "credit_card",
        "reference": "T-2",
        "customer_no": PERSON["customer_no"],
        "event_type": "card_spend",
        "occurred_at": EVENT_TIME,
        "amount": "100.00",
    }
    taken = await bank.post(
        "/v1/points/events",
        json={"events": [earned]},
        headers=house.service_headers("core_banking", ["earn:post"], key="events"),
    )
    assert taken.json()["results"][0]["status"] == "earned", taken.text
    customer_id = from_public("cus", customer)
    assert customer_id is not None
    me = await clients["customer-api"].get("/v1/me", headers=house.customer_headers(customer_id))
    assert me.status_code == 200


async def test_no_personal_value_stands_in_clear(
    house: House,
    clients: dict[str, httpx.AsyncClient],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await deliver(house, clients["bank-api"])
    await live(house, clients, await find(house, clients["bank-api"]))
    printed = capsys.readouterr()
    logged = printed.out + printed.err + caplog.text
    assert "/v1/customers/search" in logged
    assert [value for value in SECRETS if value in logged] == []
    assert await stored_in_clear(house, SECRETS) == []


def test_the_search_for_clear_values_finds_them_in_text_and_in_bytes() -> None:
    row = f"(1,\\x{NAME.encode().hex()},{base64.b64encode(ACCOUNT.encode()).decode()})"
    assert [value for value in (NAME, ACCOUNT, OTHER_NAME) if any(form in row for form in forms(value))] == [
        NAME,
        ACCOUNT,
    ]
