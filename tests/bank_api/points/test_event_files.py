"""Files of events over HTTP: taken at once, let earn in parts, each event once, whatever is killed meanwhile."""

import asyncio
import json
import signal
import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from guibin.core import clock
from guibin.core.bulk import copy_rows
from guibin.core.ids import to_public
from guibin.customers.models import RefKind
from guibin.customers.references import customer_no_ref
from guibin.points.invariants import check
from support.house import House

from .test_files import add_numbered, entries_of, post_all

HEADER = "line,reference,customer_no,event_type,occurred_at,amount"
SENDER = ("core_banking", ["earn:post"])


def moment(days: int = 0) -> str:
    return (clock.now() - timedelta(days=days)).isoformat(timespec="seconds")


async def send(
    client: httpx.AsyncClient, house: House, rows: Iterable[str], header: str = HEADER, **query: Any
) -> httpx.Response:
    content = "\n".join(line for line in (header, *rows) if line).encode()
    headers = house.service_headers(*SENDER) | {"Content-Type": "text/csv"}
    return await client.post(
        "/v1/points/event-files", params={"reference": "E1"} | query, content=content, headers=headers
    )


async def results_of(client: httpx.AsyncClient, house: House, sent: httpx.Response) -> tuple[dict[str, Any], list[Any]]:
    url, headers = f"/v1/points/event-files/{sent.json()['file_id']}", house.service_headers(*SENDER)
    file = (await client.get(url, headers=headers)).json()
    lines = (await client.get(f"{url}/results", headers=headers)).json()["items"]
    return file, [(one["line"], one["state"], one["code"], one["points"]) for one in lines]


async def test_events_of_a_file_earn_once_each_and_every_line_has_its_result(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await add_numbered(house, "C1029384756")
    now, late = moment(), moment(days=40)
    lines = [
        f"credit_card,T1,C1029384756,card_spend,{now},250.00",
        f"credit_card,T2,C1029384756,card_spend,{late},100.00",
        f"credit_card,T1,C1029384756,card_spend,{now},250.00",
        f"credit_card,T1,C1029384756,card_spend,{now},251.00",
        f"credit_card,T3,C0000000404,card_spend,{now},1.00",
        f"credit_card,T4,C1029384756,withdrawal,{now},5.00",
        f"credit_card,T5,C1029384756,gift,{now},5.00",
        f"credit_card,T6,C1029384756,card_spend,{moment(days=500)},5.00",
    ]
    differs = await send(bank_client, house, lines, amount="1.00")
    tried = await send(bank_client, house, lines, dry_run=True, lines=8, amount="862.00")
    sent = await send(bank_client, house, lines)
    again = await send(bank_client, house, lines)
    other = await send(bank_client, house, lines[:1])
    await post_all(house, limit=3)
    file, results = await results_of(bank_client, house, sent)
    elsewhere = await bank_client.get(
        f"/v1/points/files/{sent.json()['file_id']}", headers=house.headers("hq_operator")
    )
    hidden = await bank_client.get(
        f"/v1/points/event-files/{sent.json()['file_id']}", headers=house.headers("branch_head")
    )

    assert (differs.status_code, differs.json()["code"], differs.json()["amount"]) == (
        422,
        "event_file_totals_differ",
        "862.00",
    )
    assert (tried.status_code, tried.json()) == (
        200,
        {"file_id": None, "lines": 8, "lines_refused": 1, "amount": "862.00"},
    )
    assert (sent.status_code, again.status_code, again.json()) == (202, 200, sent.json())
    assert (other.status_code, other.json()["code"]) == (409, "points_file_reference_taken")
    assert [one[:3] for one in results] == [
        (2, "earned", None),
        (3, "earned", None),
        (4, "replayed", None),
        (5, "refused", "reference_conflict"),
        (6, "refused", "customer_unknown"),
        (7, "nothing", None),
        (8, "refused", "event_type_unknown"),
        (9, "refused", "event_date_out_of_range"),
    ]
    assert (file["state"], file["waiting"], file["earned"], file["replayed"], file["refused"]) == ("done", 0, 2, 1, 4)
    assert file["points"] == results[0][3] + results[1][3] > 0
    assert [entry[0] for entry in await entries_of(house, customer_id)] == ["earn", "earn"]
    assert (elsewhere.status_code, hidden.status_code) == (404, 404)


async def test_returns_of_a_file_take_back_what_their_events_earned_in_the_order_of_its_lines(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await add_numbered(house, "C1029384756")
    now = moment()
    lines = [
        f"credit_card,T1,C1029384756,card_spend,{now},200.00,",
        "credit_card,R1,,,,50.00,T1",
        "credit_card,R1,,,,50.00,T1",
        "credit_card,R1,,,,60.00,T1",
        "credit_card,R2,,,,,T404",
        "credit_card,R3,C1029384756,,,,T1",
        "credit_card,R4,,,,,",
        "credit_card,R5,,,,999.00,T1",
        f"credit_card,T2,C1029384756,card_spend,{now},100.00,",
        "credit_card,R6,,,,,T2",
    ]
    sent = await send(bank_client, house, lines, header=f"{HEADER},returns")

    await post_all(house, limit=3)
    file, results = await results_of(bank_client, house, sent)

    assert results == [
        (2, "earned", None, 10),
        (3, "returned", None, -2),
        (4, "replayed", None, 0),
        (5, "refused", "return_reference_taken", None),
        (6, "refused", "not_found", None),
        (7, "refused", "line_invalid", None),
        (8, "refused", "customer_missing", None),
        (9, "refused", "amount_out_of_range", None),
        (10, "earned", None, 5),
        (11, "returned", None, -5),
    ]
    assert (file["state"], file["returned"], file["points"]) == ("done", 2, 8)
    assert [entry[0] for entry in await entries_of(house, customer_id)] == ["earn", "claw_back", "earn", "claw_back"]
    async with house.sessions() as session:
        assert await check(session) == []


async def test_json_lines_earn_as_csv_does(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    event = {
        "line": "credit_card",
        "reference": "T1",
        "customer_id": to_public("cus", customer_id),
        "event_type": "card_spend",
        "occurred_at": moment(),
        "amount": "100.00",
    }
    lines = [
        json.dumps(event),
        json.dumps(event | {"reference": "T2", "amount": None}),
        json.dumps({"line": "x", "y": 1}),
    ]
    sent = await send(bank_client, house, lines, header="")
    await post_all(house)
    _, results = await results_of(bank_client, house, sent)

    assert [one[:3] for one in results] == [(1, "earned", None), (2, "nothing", None), (3, "refused", "line_invalid")]
    assert len(await entries_of(house, customer_id)) == 1


LINES, PEOPLE = 100_000, 2_000


async def add_people(house: House) -> list[str]:
    customer_ids = [await house.add_customer() for _ in range(200)]
    numbers = [f"C9{number:09}" for number in range(PEOPLE)]
    async with house.sessions() as session:
        rows = [
            (customer_no_ref(house.keys, number), RefKind.CUSTOMER_NO, customer_ids[place % 200], 1, clock.today())
            for place, number in enumerate(numbers)
        ]
        await copy_rows(session, "customer_ref", ("ref", "kind", "customer_id", "key_version", "valid_from"), rows)
        await session.commit()
    return numbers


WORK = """
import asyncio, sys
from guibin import wiring
from guibin.core.database import make_engine, make_session_factory
from guibin.points.files.service import tend_files

async def work():
    wiring.connect()
    sessions = make_session_factory(make_engine(sys.argv[1], pool_size=1, application="guibin-tests"))
    while (part := await tend_files(sessions)) is not None:
        print(part, flush=True)

asyncio.run(work())
"""


@pytest.mark.merge
async def test_a_hundred_thousand_events_whose_worker_is_killed_half_way_earn_once_each(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    numbers, now = await add_people(house), moment()
    lines = [f"credit_card,T{n},{numbers[n % PEOPLE]},card_spend,{now},{100 + n % 7}.00" for n in range(LINES)]
    sent = await send(bank_client, house, lines, lines=LINES)
    assert sent.status_code == 202, sent.text

    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORK, house.database.worker_url, stdout=asyncio.subprocess.PIPE
    )
    assert worker.stdout is not None
    for _ in range(40):
        assert await worker.stdout.readline()
    await asyncio.sleep(0.1)
    worker.send_signal(signal.SIGKILL)
    await worker.wait()
    began = clock.now()
    rest = await post_all(house)
    seconds = (clock.now() - began).total_seconds()
    file, _ = await results_of(bank_client, house, sent)

    assert 0 < rest < LINES
    assert (file["state"], file["earned"], file["waiting"]) == ("done", LINES, 0)
    async with house.sessions() as session:
        assert await check(session) == []
        counted = await session.execute(
            text("SELECT count(*), count(DISTINCT source_id), sum(points) FROM points_entry WHERE kind = 'earn'")
        )
        assert tuple(counted.one()) == (LINES, LINES, file["points"])
    print(f"{rest / seconds:.0f} lines a second")  # noqa: T201 - the figure of a test that a person runs
