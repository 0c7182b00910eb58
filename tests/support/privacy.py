"""A customer as the lines know it, and an erasure that two people agree on."""

from typing import Any, Final
from uuid import UUID

import httpx
from sqlalchemy import text

from guibin.core import clock
from guibin.core.ids import from_public
from support.house import EAST, House
from support.lines import Row, balance, csv_of, event, holding, id_card, party

DAY: Final = clock.last_closed_day()
PERSON: Final[Row] = {
    "name": "欧阳灭绝鉴",
    "customer_no": "ECIF7713004299",
    "certificate_type": "id_card",
    "certificate_no": id_card(771_301, "19830719"),
    "phone": "19977130042",
    "birth_date": "1983-07-19",
    "address": "无名路七千七百一十三号",
    "employer": "子虚乌有器械厂",
}
RECORD, ACCOUNT = "RECORD-77130", "6222771300427713"
SECRETS: Final = {*(value for name, value in PERSON.items() if name != "certificate_type"), RECORD, ACCOUNT}
PRODUCT: Final = {"code": "PF101", "line": "personal_finance", "product_class": "deposits", "side": "asset"}
NAMES: Final = {"name_zh": "活期存款", "name_en": "Current account"}
EVIDENCE: Final = {"evidence": "FORM-2026-000321"}


def parties(record: str = RECORD, **other: str) -> bytes:
    """Return a parties file with the one person."""
    row = party(record, branch_code=EAST) | PERSON | other
    return csv_of(row)


async def deliver(
    house: House, bank: httpx.AsyncClient, kind: str, content: bytes, line: str = "personal_finance"
) -> Any:
    """Send a file of a line; returns what became of it."""
    taken = await bank.post(
        f"/v1/feeds/{line}/files?kind={kind}&date={DAY}",
        content=content,
        headers=house.service_headers("core_banking", ["feeds:post"]) | {"Content-Type": "text/csv"},
    )
    assert taken.status_code in {200, 201}, taken.text
    return taken.json()


async def move_in(house: House, bank: httpx.AsyncClient) -> UUID:
    """Let the lines tell of the person: record, holding, balance, event; returns the customer's id."""
    await bank.post("/v1/products", json=PRODUCT | NAMES, headers=house.headers("hq_operator"))
    await deliver(house, bank, "parties", parties())
    await deliver(house, bank, "holdings", csv_of(holding(RECORD, ACCOUNT)))
    await deliver(house, bank, "balances", csv_of(balance(ACCOUNT, str(DAY), "1234567.00")))
    await deliver(house, bank, "events", csv_of(event("T-1", RECORD, occurred_at=f"{DAY}T10:00:00+08:00")))
    found = await bank.post(
        "/v1/customers/search", json={"customer_no": PERSON["customer_no"]}, headers=house.headers("hq_operator")
    )
    customer_id = from_public("cus", found.json()["items"][0]["id"])
    assert customer_id is not None
    return customer_id


async def ask_to_erase(house: House, bank: httpx.AsyncClient, customer_id: UUID) -> httpx.Response:
    """Let the branch ask for the erasure."""
    return await bank.post(
        f"/v1/customers/cus_{customer_id}/erase", json=EVIDENCE, headers=house.headers("branch_head")
    )


async def agree(house: House, bank: httpx.AsyncClient, approval: str) -> httpx.Response:
    """Let compliance agree."""
    return await bank.post(f"/v1/approvals/{approval}/approve", json={}, headers=house.headers("compliance"))


async def erase(house: House, bank: httpx.AsyncClient, customer_id: UUID) -> None:
    """Erase a customer, as two people do."""
    asked = await ask_to_erase(house, bank, customer_id)
    assert asked.status_code == 202, asked.text
    agreed = await agree(house, bank, asked.json()["approval_id"])
    assert agreed.status_code == 200, agreed.text


async def rows_of(house: House, statement: str, **bound: Any) -> list[Any]:
    """Return rows as the owner reads them."""
    async with house.sessions() as session:
        return list((await session.execute(text(statement), bound)).all())
