"""Fifty customers whose every value is told from all others live through a day: no value stands where it must not.

T-PII-1. Real processes of both ports and the worker, at their most talkative. What is searched: their logs, the
server's log, every answer that refuses, the metrics, every row of the database, every file that is left. The allowed
places are the answers to those who may see the values, and the encrypted file of a copy.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from guibin.core.ids import from_public, new_id
from guibin_tools.settings import child_environment
from support.examples import example_of
from support.house import EAST, House
from support.lines import Row, balance, csv_of, event, holding, id_card, party
from support.privacy import DAY, NAMES, PRODUCT, erase
from support.routes import Route, all_routes
from support.served import Served, served_port
from support.server import ROOT
from support.stored import forms, stored_in_clear

pytestmark = pytest.mark.merge

COUNT = 50
PATIENCE_SECONDS = 90
WORDS = "信天翁在灯塔上筑巢"


@dataclass(frozen=True)
class Canary:
    """A customer as a line tells of it; every value is this one's alone."""

    number: int

    @property
    def record(self) -> str:
        return f"RECORD-7713{self.number:03}"

    @property
    def account(self) -> str:
        return f"62227713{self.number:08}"

    @property
    def person(self) -> Row:
        born = date(1931, 1, 1) + timedelta(days=self.number)
        return {
            "name": f"欧阳{chr(0x9F00 + self.number)}{chr(0x8D50 + self.number)}",
            "customer_no": f"ECIF7713{self.number:06}",
            "certificate_type": "id_card",
            "certificate_no": id_card(771_300 + self.number, f"{born:%Y%m%d}"),
            "phone": f"1997713{self.number:04}",
            "birth_date": born.isoformat(),
            "address": f"鲸落路{77_130 + self.number}号",
            "employer": f"子虚乌有第{77_130 + self.number}器械厂",
        }

    @property
    def values(self) -> set[str]:
        return {self.record, self.account, *self.person.values()} - {"id_card"}


CANARIES = [Canary(number) for number in range(COUNT)]
SECRETS = {value for canary in CANARIES for value in canary.values} | {WORDS}
SHAPES = {value: tuple(forms(value)) for value in SECRETS}


@dataclass
class Town:
    """The running bank, and every answer that refused something."""

    house: House
    clients: dict[str, httpx.AsyncClient]
    logs: list[Path]
    folder: Path
    refusals: list[str] = field(default_factory=list)

    async def ask(self, port: str, method: str, url: str, **options: Any) -> httpx.Response:
        answer = await self.clients[port].request(method, url, **options)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            self.refusals.append(f"{answer.headers} {answer.text}")
        return answer

    async def staff(self, role: str, method: str, url: str, **options: Any) -> httpx.Response:
        return await self.ask("bank-api", method, url, headers=self.house.headers(role, key=str(new_id())), **options)


@pytest.fixture
async def town(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    """Start both ports and the worker; what they write beside their logs goes into a folder of the test's own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    async with (
        served_port(house, "bank_api", log_level="debug") as bank,
        served_port(house, "customer_api", log_level="debug") as customer,
        _worker(house, tmp_path / "worker.log") as log,
        _client(bank) as bank_client,
        _client(customer) as customer_client,
    ):
        clients = {"bank-api": bank_client, "customer-api": customer_client}
        yield Town(house, clients, [bank.log, customer.log, log], tmp_path)


@asynccontextmanager
async def _client(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}", timeout=60) as client:
        yield client


@asynccontextmanager
async def _worker(house: House, log: Path) -> AsyncIterator[Path]:
    environment = {"GUIBIN_STATE_DIR": str(house.settings.state_dir), "GUIBIN_LOG_LEVEL": "debug"}
    with log.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bank_api.worker"),
            cwd=ROOT,
            env=child_environment(**environment, **house.database.environment),
            stdout=written,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        yield log
    finally:
        process.terminate()
        await process.wait()


async def deliver(town: Town) -> None:
    """Deliver all lines' files, a wrong row for every customer among them."""
    wrong = [
        party(f"{canary.record}W", branch_code=EAST) | canary.person | {"certificate_no": f"{canary.person['phone']}9X"}
        for canary in CANARIES
    ]
    files = {
        "parties": csv_of(*(party(one.record, branch_code=EAST) | one.person for one in CANARIES), *wrong),
        "holdings": csv_of(*(holding(one.record, one.account) for one in CANARIES)),
        "balances": csv_of(*(balance(one.account, str(DAY), f"{77_130 + one.number}.00") for one in CANARIES)),
        "events": csv_of(
            *(event(f"T-{one.number}", one.record, occurred_at=f"{DAY}T10:00:00+08:00") for one in CANARIES)
        ),
    }
    await town.staff("hq_operator", "POST", "/v1/products", json=PRODUCT | NAMES)
    for kind, content in files.items():
        headers = town.house.service_headers("core_banking", ["feeds:post"]) | {"Content-Type": "text/csv"}
        url = f"/v1/feeds/personal_finance/files?kind={kind}&date={DAY}"
        taken = await town.ask("bank-api", "POST", url, content=content, headers=headers)
        assert taken.json()["rows_accepted"] == COUNT, (kind, taken.text)
        assert (await town.staff("hq_operator", "GET", f"/v1/feeds/files/{taken.json()['id']}/rejects")).is_success


async def find(town: Town) -> list[UUID]:
    """Search every customer by each of its values; each search finds exactly one."""
    found = []
    for canary in CANARIES:
        person = canary.person
        bodies = [{name: person[name]} for name in ("name", "phone", "customer_no")]
        bodies.append({"certificate_type": "id_card", "certificate_no": person["certificate_no"]})
        ids = set()
        for body in bodies:
            answer = await town.staff("hq_operator", "POST", "/v1/customers/search", json=body)
            ids |= {item["id"] for item in answer.json()["items"]}
        assert len(ids) == 1, ids
        found.append(from_public("cus", ids.pop()))
    return [one for one in found if one is not None]


async def misuse(town: Town, customer: UUID) -> None:
    """Put values where they do not belong: in paths, queries, bodies of every route, headers, broken JSON."""
    canary = CANARIES[0]
    values = sorted(canary.values)
    for value in values:
        for url in (f"/v1/customers/{value}", f"/v1/customers?tag={value}", f"/v1/customers?{value}=1", f"/v1/{value}"):
            await town.staff("hq_operator", "GET", url)
    for route in all_routes():
        for headers in callers_of(town, route, customer):
            url = route.url(code=canary.record, customer_id=customer)
            await town.ask(route.port, route.method, url, headers=headers | {"X-Request-ID": canary.person["phone"]})
            for body in bodies_of(route, canary):
                kind = "text/csv" if route.is_upload else "application/json"
                await town.ask(route.port, route.method, url, headers=headers | {"Content-Type": kind}, content=body)


def callers_of(town: Town, route: Route, customer: UUID) -> Iterator[dict[str, str]]:
    if route.port == "customer-api":
        yield town.house.customer_headers(customer, key=str(new_id()))
        return
    yield town.house.headers("hq_operator", key=str(new_id()))
    yield town.house.headers("branch_head", key=str(new_id()))


def bodies_of(route: Route, canary: Canary) -> Iterator[bytes]:
    """Yield bodies with values in every field, in an unknown field, as a name of a field, and broken off.

    Each is refused: what somebody writes into a free text that is taken is kept as it was written.
    """
    if route.is_upload:
        yield f"record_id,{canary.person['phone']}\n{canary.person['name']},1\n".encode()
    if route.model is None:
        return
    example = example_of(route.model)
    for name in example:
        yield json.dumps(example | {name: canary.person["name"] + "\0"}).encode()
        yield json.dumps(example | {name: {"value": canary.person["phone"]}}).encode()
    yield json.dumps(example | {"extra": canary.account}).encode()
    yield json.dumps(example | {canary.person["customer_no"]: 1}).encode()
    yield f'{{"name": "{canary.person["name"]}'.encode()


async def live(town: Town, customers: list[UUID]) -> None:
    """Let staff look at everybody and the night pass, and let customers look, consent, ask and fetch their copies."""
    run = (await town.staff("hq_operator", "POST", "/v1/runs/nightly", json={"date": str(DAY)})).json()["id"]
    for customer in customers:
        for view in ("", "/holdings", "/tags", "/tier", "/points", "/consents", "/restrictions"):
            assert (await town.staff("hq_operator", "GET", f"/v1/customers/cus_{customer}{view}")).is_success, view
        own = town.house.customer_headers(customer)
        for url in ("/v1/me", "/v1/me/tier", "/v1/me/points", "/v1/rights", "/v1/me/consents"):
            assert (await town.ask("customer-api", "GET", url, headers=own)).is_success, url
    await until(town, "hq_operator", f"/v1/runs/{run}", "finished")
    for customer in customers[:5]:
        await copy(town, customer)
    await export(town)


async def until(town: Town, role: str, url: str, state: str) -> None:
    for _ in range(2 * PATIENCE_SECONDS):
        if (await town.staff(role, "GET", url)).json()["state"] == state:
            return
        await asyncio.sleep(0.5)
    raise AssertionError(f"{url} did not become {state}")


async def copy(town: Town, customer: UUID) -> None:
    """Ask for a copy with words of one's own, wait for the worker, fetch it."""
    own, asked = town.house.customer_headers(customer), {"kind": "copy", "details": WORDS}
    made = await town.ask("customer-api", "POST", "/v1/me/data-requests", json=asked, headers=own)
    await until(town, "branch_head", f"/v1/data-requests/{made.json()['id']}", "fulfilled")
    url = f"/v1/me/data-requests/{made.json()['id']}/link"
    link = (await town.ask("customer-api", "POST", url, headers=own)).json()
    fetched = await town.ask("customer-api", "GET", link["path"], headers=own)
    assert fetched.content.startswith(b"PK")
    assert found_in(fetched.content.decode("latin-1")) == []


async def export(town: Town) -> None:
    """Export the branch's whole list, which a second person agrees to; wait for the worker, fetch it masked."""
    asked = await town.staff("branch_head", "POST", "/v1/exports", json={"kind": "customers"})
    await town.staff("hq_approver", "POST", f"/v1/approvals/{asked.json()['approval_id']}/approve", json={})
    made = (await town.staff("branch_head", "GET", "/v1/exports")).json()["items"][0]
    await until(town, "branch_head", f"/v1/exports/{made['id']}", "ready")
    link = (await town.staff("branch_head", "POST", f"/v1/exports/{made['id']}/link")).json()
    fetched = await town.staff("branch_head", "GET", link["path"])
    assert fetched.text.count("\r\n") == COUNT + 1
    assert found_in(fetched.text) == []


def found_in(text: str) -> list[str]:
    """Return which values stand in a text, in any of their forms."""
    return [value for value, shapes in SHAPES.items() if any(shape in text for shape in shapes)]


async def server_log(house: House) -> str:
    """Return what the database server has logged of this database and every other."""
    connection = await asyncpg.connect(house.database.admin_url)
    directory = Path(await connection.fetchval("SHOW data_directory"))
    await connection.close()
    return "".join(path.read_text("utf-8", "replace") for path in directory.parent.glob("*.log"))


def files_of(folders: list[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file() and os.access(path, os.R_OK))


async def test_no_value_of_fifty_customers_stands_where_it_must_not(town: Town) -> None:
    await deliver(town)
    customers = await find(town)
    await live(town, customers)
    await misuse(town, customers[0])
    metrics = [(await client.get("/metrics")).text for client in town.clients.values()]
    for customer in customers[-3:]:
        await erase(town.house, town.clients["bank-api"], customer)

    logged = [log.read_text("utf-8") for log in town.logs]
    assert [len(re.findall("request", text)) > 100 for text in logged[:2]] == [True, True]
    assert len(town.refusals) > 500
    assert found_in("".join(logged)) == []
    assert found_in(await server_log(town.house)) == []
    assert found_in("".join(metrics)) == []
    assert found_in("".join(town.refusals)) == []
    assert await stored_in_clear(town.house, SECRETS) == []
    left = files_of([town.house.settings.state_dir, town.folder])
    assert [path.name for path in left if found_in(path.read_bytes().decode("latin-1"))] == []
    assert [path.name for path in town.folder.iterdir() if path.suffix == ".zip"] == []


def test_the_search_would_find_every_value_in_text_in_bytes_and_in_base_64() -> None:
    assert len(SECRETS) == 9 * COUNT + 1
    for value, shapes in SHAPES.items():
        assert all(value in found_in(f"({shape})") for shape in shapes)
