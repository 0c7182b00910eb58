"""A copy of my data: asked for, made by the worker, fetched once by its owner (BAD-D9, BAD-X9)."""

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pyzipper
from fastapi import FastAPI
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.core.settings import Profile
from guibin.privacy import jobs
from guibin.privacy.jobs import tend_copies
from guibin.privacy.models import SubjectExport
from guibin.privacy.service import exporting
from guibin.privacy.subject import SECTIONS, Rows
from guibin.security.ciphers import KeyRing
from guibin.web.port import Port
from support.house import House, life_in, open_client
from support.points import commit_points, sessions_of
from support.privacy import PERSON, SECRETS, move_in, rows_of
from support.stored import stored_in_clear

COPY = {"kind": "copy"}


async def ask(client: httpx.AsyncClient, headers: dict[str, str]) -> str:
    asked = await client.post("/v1/me/data-requests", json=COPY, headers=headers)
    assert asked.status_code == 201, asked.text
    return str(asked.json()["id"])


async def work(house: House) -> int:
    """Let the worker look once, as its own role."""
    async with sessions_of(house.database.worker_url, pool_size=1) as factory:
        return await tend_copies(factory, lambda: house.keys)


async def link(client: httpx.AsyncClient, headers: dict[str, str], request: str) -> dict[str, Any]:
    opened = await client.post(f"/v1/me/data-requests/{request}/link", headers=headers)
    assert opened.status_code == 200, opened.text
    return dict(opened.json())


def unpacked(content: bytes, password: str) -> dict[str, bytes]:
    with pyzipper.AESZipFile(io.BytesIO(content)) as archive:
        archive.setpassword(password.encode())
        return {name: archive.read(name) for name in archive.namelist()}


async def test_a_copy_shows_all_that_is_mine_in_an_encrypted_zip_and_nothing_of_it_lies_in_clear(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    customer = await move_in(house, bank_client)
    await commit_points(house.database, customer, 500, at=clock.now())
    headers = house.customer_headers(customer)
    for role in ("branch_head", "auditor"):
        seen = await bank_client.get(f"/v1/customers/{to_public('cus', customer)}", headers=house.headers(role))
        assert seen.status_code == 200, seen.text
    restrictions = f"/v1/customers/{to_public('cus', customer)}/restrictions"
    aml = {"items": [{"kind": "aml", "reference": "DOC-1"}]}
    put = await bank_client.put(restrictions, json=aml, headers=house.headers("branch_head"))
    assert put.status_code == 200, put.text
    assert (await bank_client.get(restrictions, headers=house.headers("branch_head"))).status_code == 200
    request = await ask(customer_client, headers)
    early = await customer_client.post(f"/v1/me/data-requests/{request}/link", headers=headers)
    assert (early.status_code, early.json()["code"]) == (409, "export_not_ready")
    assert await work(house) == 1
    assert await work(house) == 0
    assert await stored_in_clear(house, SECRETS) == []

    opened = await link(customer_client, headers, request)
    fetched = await customer_client.get(opened["path"], headers=headers)
    assert (fetched.status_code, fetched.headers["content-type"]) == (200, "application/zip")
    assert "no-store" in fetched.headers["cache-control"]
    with pytest.raises(RuntimeError, match="password"):
        unpacked(fetched.content, "wrong")
    files = unpacked(fetched.content, opened["password"])
    document = json.loads(files["my-data.json"])
    assert document["profile"][0]["name"] == PERSON["name"]
    assert document["profile"][0]["phone"] == PERSON["phone"]
    assert document["source_records"][0]["customer_no"] == PERSON["customer_no"]
    assert document["holding_balances"][0]["balance"] == "1234567.00"
    assert [entry["points"] for entry in document["points_entries"]] == [500]
    looks = [(entry["roles"], entry["permission"]) for entry in document["access_log"]]
    assert looks == [("branch_head", "read customers")]  # told neither of an auditor nor of restrictions
    rows = list(csv.DictReader(io.StringIO(files["csv/events.csv"].decode("utf-8-sig"))))
    assert [(row["reference"], row["amount"]) for row in rows] == [("T-1", "12.50")]
    assert (await state_of(customer_client, headers)) == ("fulfilled", True)


async def state_of(client: httpx.AsyncClient, headers: dict[str, str]) -> tuple[str, bool]:
    (item,) = (await client.get("/v1/me/data-requests", headers=headers)).json()["items"]
    return item["state"], item["file_until"] is not None


async def test_x9_a_link_works_once_for_its_owner_for_15_minutes_and_the_file_for_24_hours(
    house: House, customer_client: httpx.AsyncClient
) -> None:
    mine, other = await house.add_customer(), await house.add_customer()
    headers, stranger = house.customer_headers(mine), house.customer_headers(other)
    request = await ask(customer_client, headers)
    await work(house)
    taken = await customer_client.post(f"/v1/me/data-requests/{request}/link", headers=stranger)
    assert taken.status_code == 404
    first, second = [await link(customer_client, headers, request) for _ in range(2)]
    answers = [
        await customer_client.get(first["path"], headers=headers),  # the second link has closed it
        await customer_client.get(second["path"], headers=stranger),
        await customer_client.get(second["path"], headers=headers),
        await customer_client.get(second["path"], headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 200, 404]
    assert answers[0].json()["code"] == "not_found"
    late = await link(customer_client, headers, request)
    with clock.fixed_at(clock.now() + timedelta(minutes=15, seconds=1)):
        assert (await customer_client.get(late["path"], headers=headers)).status_code == 404
    with clock.fixed_at(clock.now() + timedelta(hours=24, seconds=1)):
        await work(house)
    left = await rows_of(house, "SELECT content, password_enc, link_hash FROM subject_export")
    assert [tuple(row) for row in left] == [(None, None, None)]
    assert (await state_of(customer_client, headers)) == ("fulfilled", False)


class BrokenSection:
    """Cannot be read of one customer."""

    name = "broken"
    tables: frozenset[str] = frozenset()

    def __init__(self, customer_id: UUID) -> None:
        self._customer_id = customer_id

    async def read(self, _session: AsyncSession, _keys: KeyRing, *, customer_id: UUID) -> Rows:
        """Return nothing, or fail."""
        if customer_id == self._customer_id:
            raise ValueError("broken")
        return []


async def test_one_copy_that_cannot_be_made_keeps_nobody_waiting_and_one_that_was_refused_is_not_made(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, refused, good = [await house.add_customer() for _ in range(3)]
    asked = [await ask(customer_client, house.customer_headers(one)) for one in (broken, refused, good)]
    answer = {"outcome": "refused", "answer": "请到网点办理"}
    url = f"/v1/data-requests/{asked[1]}/decide"
    assert (await bank_client.post(url, json=answer, headers=house.headers("branch_head"))).status_code == 200
    monkeypatch.setattr(jobs, "_BATCH", 1)
    monkeypatch.setattr("guibin.privacy.service.exporting.SECTIONS", [*SECTIONS, BrokenSection(broken)])
    assert await work(house) == 1
    states = [await state_of(customer_client, house.customer_headers(one)) for one in (broken, refused, good)]
    assert states == [("in_progress", False), ("refused", False), ("fulfilled", True)]
    async with house.sessions() as session:
        export = (await session.exec(select(SubjectExport).where(SubjectExport.customer_id == refused))).one()
        assert not await exporting.make_copy(session, house.keys, export)  # it was in hand when the answer came


@pytest.fixture
async def production_client(house: House, customer_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the customer port with the limits of production, and tokens of the development issuer."""
    life = life_in(house, customer_app, database_url=house.database.customer_url)
    async with open_client(customer_app, life=life) as client:
        port: Port = customer_app.state.port
        strict = port.settings.model_copy(update={"profile": Profile.PRODUCTION})
        customer_app.state.port = replace(port, settings=strict)
        yield client


async def test_d9_the_fourth_copy_of_a_day_is_refused(house: House, production_client: httpx.AsyncClient) -> None:
    headers = house.customer_headers(await house.add_customer())
    for _ in range(3):
        await ask(production_client, headers)
    refused = await production_client.post("/v1/me/data-requests", json=COPY, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (429, "daily_limit")
    assert refused.json()["limit"] == "copy_per_day"
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    other = await production_client.post("/v1/me/data-requests", json={"kind": "explain"}, headers=headers)
    assert other.status_code == 201
