"""Feed files over HTTP: who may deliver, what comes back, what is kept."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from guibin.core.ids import new_id, to_public
from support.house import House
from support.lines import csv_of, party

URL = "/v1/feeds/personal_finance/files"
PARTIES = {"kind": "parties", "date": "2026-11-24"}
UNKNOWN = "/v1/feeds/files/fil_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4"
GOOD, BAD = party("PF1", customer_no="60000001"), party("PF2", gender="X")


async def upload(
    client: httpx.AsyncClient,
    headers: dict[str, str],
    raw: bytes,
    *,
    url: str = URL,
    media_type: str = "text/csv",
    **params: str,
) -> httpx.Response:
    return await client.post(url, params=PARTIES | params, content=raw, headers=headers | {"Content-Type": media_type})


async def count(house: House, table: str) -> int:
    async with house.sessions() as session:
        return int((await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def test_a_file_is_taken_and_its_refused_rows_can_be_read(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator")
    answer = await upload(bank_client, headers, csv_of(GOOD, BAD))
    assert answer.status_code == 201, answer.text
    taken = answer.json()
    assert taken["rows_read"] == 2
    assert (taken["rows_accepted"], taken["rows_changed"], taken["rows_rejected"]) == (1, 1, 1)
    assert taken["rejects"] == [{"row": 3, "code": "value_unknown", "column": "gender"}]
    assert (taken["repeated"], taken["dry_run"]) == (False, False)
    assert "PF1" not in answer.text
    assert "60000001" not in answer.text
    shown = await bank_client.get(f"/v1/feeds/files/{taken['id']}", headers=headers)
    assert shown.status_code == 200
    assert shown.json()["counts"] == {"customers_new": 1, "records_new": 1}
    rejects = await bank_client.get(f"/v1/feeds/files/{taken['id']}/rejects", headers=headers)
    assert rejects.json() == {"items": taken["rejects"], "next_cursor": None}


async def test_x7_the_same_file_again_answers_200_as_the_first_time(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    headers = house.headers("hq_operator")
    first = (await upload(bank_client, headers, csv_of(GOOD, BAD))).json()
    again = await upload(bank_client, headers, csv_of(GOOD, BAD))
    assert again.status_code == 200
    assert again.json() == first | {"repeated": True}
    assert await count(house, "feed_file") == 1


async def test_a_key_replays_the_answer(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator", key="file-1")
    first = await upload(bank_client, headers, csv_of(GOOD))
    again = await upload(bank_client, headers, csv_of(GOOD))
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = await upload(bank_client, headers, csv_of(GOOD, BAD))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("raw", "media_type"),
    [
        (csv_of(GOOD).decode().encode("gb18030"), "application/octet-stream"),
        (b'{"record_id": "PF1", "party_type": "person", "name": "A"}\n', "application/x-ndjson"),
    ],
)
async def test_other_forms_of_a_file_are_taken(
    bank_client: httpx.AsyncClient, house: House, raw: bytes, media_type: str
) -> None:
    answer = await upload(bank_client, house.headers("hq_operator"), raw, media_type=media_type)
    assert (answer.status_code, answer.json()["rows_accepted"]) == (201, 1)


async def test_x10_a_file_may_come_as_the_part_of_a_form(bank_client: httpx.AsyncClient, house: House) -> None:
    answer = await bank_client.post(
        URL,
        params=PARTIES,
        files={"file": ("../../王明.csv", csv_of(GOOD), "text/csv")},
        headers=house.headers("hq_operator"),
    )
    assert (answer.status_code, answer.json()["rows_accepted"]) == (201, 1)


async def test_a_dry_run_answers_200_and_stores_nothing(bank_client: httpx.AsyncClient, house: House) -> None:
    answer = await upload(bank_client, house.headers("hq_operator"), csv_of(GOOD, BAD), dry_run="true")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["id"], told["dry_run"], told["rows_changed"], len(told["rejects"])) == (None, True, 1, 1)
    for table in ("feed_file", "feed_reject", "customer", "source_record", "customer_ref"):
        assert await count(house, table) == 0


WRONG_FILES: list[tuple[bytes, dict[str, str], int, str]] = [
    (b"", {}, 422, "file_empty"),
    (b"PK\x03\x04", {}, 415, "file_type_invalid"),
    (b"record_id,party_type,name\nA,person,\xff\xff\n", {}, 422, "encoding_invalid"),
    (b"record_id,name\n", {}, 422, "columns_invalid"),
    (csv_of(GOOD) + b'B,person,"x\n', {}, 422, "file_malformed"),
    (csv_of(GOOD), {"rows": "2"}, 422, "row_count_differs"),
    (csv_of(GOOD), {"date": "2099-01-01"}, 422, "business_date_invalid"),
    (csv_of(GOOD), {"date": "2026-02-30"}, 422, "validation_failed"),
    (csv_of(GOOD), {"kind": "secrets"}, 422, "validation_failed"),
    (csv_of(GOOD), {"mode": "partial"}, 422, "validation_failed"),
    (csv_of(GOOD), {"rows": "-1"}, 422, "validation_failed"),
    (csv_of(GOOD), {"record_id": "PF1"}, 422, "sensitive_in_url"),
    (csv_of(GOOD), {"colour": "red"}, 422, "unknown_parameter"),
]


async def test_x1_x2_x3_a_file_that_is_wrong_changes_nothing(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator")
    for raw, params, status, code in WRONG_FILES:
        answer = await upload(bank_client, headers, raw, **params)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    for table in ("feed_file", "feed_reject", "customer", "source_record", "customer_ref"):
        assert await count(house, table) == 0


async def test_an_unknown_line_and_json_are_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator")
    unknown = await upload(bank_client, headers, csv_of(GOOD), url="/v1/feeds/gold/files")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "validation_failed")
    wrong_type = await upload(bank_client, headers, b"{}", media_type="application/json")
    assert (wrong_type.status_code, wrong_type.json()["code"]) == (415, "unsupported_media_type")


async def test_who_may_deliver(bank_client: httpx.AsyncClient, house: House) -> None:
    service = house.service_headers("core_banking", ["feeds:post"])
    assert (await upload(bank_client, service, csv_of(GOOD))).status_code == 201
    refused: list[tuple[dict[str, str], int]] = [
        ({}, 401),
        (house.headers("manager"), 403),
        (house.headers("auditor"), 403),
        (house.service_headers("core_banking", ["earn:post"]), 403),
        (house.customer_headers(new_id()), 401),
    ]
    for headers, status in refused:
        assert (await upload(bank_client, headers, csv_of(GOOD))).status_code == status


async def test_who_may_read(bank_client: httpx.AsyncClient, house: House) -> None:
    for path in ("/v1/feeds/files", "/v1/feeds/calendar", UNKNOWN, f"{UNKNOWN}/rejects"):
        assert (await bank_client.get(path)).status_code == 401
        assert (await bank_client.get(path, headers=house.headers("manager"))).status_code == 403
        expected = 404 if path.startswith(UNKNOWN) else 200
        assert (await bank_client.get(path, headers=house.headers("auditor"))).status_code == expected


async def test_an_unknown_file_is_not_found_and_a_wrong_id_is_invalid(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    headers = house.headers("hq_operator")
    for suffix in ("", "/rejects"):
        unknown = await bank_client.get(f"{UNKNOWN}{suffix}", headers=headers)
        assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
        wrong = await bank_client.get(f"/v1/feeds/files/{to_public('cus', new_id())}{suffix}", headers=headers)
        assert (wrong.status_code, wrong.json()["code"]) == (422, "validation_failed")


async def pages(client: httpx.AsyncClient, path: str, headers: dict[str, str], **params: str) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": "2", **params} | ({"cursor": cursor} if cursor else {})
        answer = (await client.get(path, params=query, headers=headers)).json()
        found += answer["items"]
        cursor = answer["next_cursor"]
    return found


async def test_files_and_rejects_come_page_by_page(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator")
    ids = [
        (await upload(bank_client, headers, csv_of(*[party(f"{n}{r}", gender="X") for r in range(5)]))).json()["id"]
        for n in range(3)
    ]
    files = await pages(bank_client, "/v1/feeds/files", headers)
    assert [file["id"] for file in files] == ids[::-1]
    assert await pages(bank_client, "/v1/feeds/files", headers, line="credit_card") == []
    assert len(await pages(bank_client, "/v1/feeds/files", headers, kind="parties")) == 3
    rejects = await pages(bank_client, f"/v1/feeds/files/{ids[0]}/rejects", headers)
    assert [reject["row"] for reject in rejects] == [2, 3, 4, 5, 6]


async def test_the_calendar_shows_lines_by_days(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator")
    empty = b"holding_id,date,balance\n"
    assert (await upload(bank_client, headers, empty, kind="balances", date="2026-11-22")).status_code == 201
    query = {"from": "2026-11-21", "to": "2026-11-23"}
    shown = (await bank_client.get("/v1/feeds/calendar", params=query, headers=headers)).json()["lines"]
    assert len(shown) == 7
    days = next(line["days"] for line in shown if line["line"] == "personal_finance")
    assert [(day["date"], day["state"], day["delivery"]) for day in days] == [
        ("2026-11-21", "missing", "late"),
        ("2026-11-22", "fresh", "received"),
        ("2026-11-23", "stale", "late"),
    ]
    assert days[0]["due_at"] == "2026-11-21T17:00:00Z"
    assert [day["received_at"] is None for day in days] == [True, False, True]
    default = (await bank_client.get("/v1/feeds/calendar", headers=headers)).json()["lines"]
    assert len(default[0]["days"]) == 14


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [("2026-11-23", "2026-11-21", "validation_failed"), ("2025-01-01", "2026-11-21", "range_too_large")],
)
async def test_a_calendar_of_a_wrong_range_is_refused(
    bank_client: httpx.AsyncClient, house: House, first: str, last: str, code: str
) -> None:
    answer = await bank_client.get(
        "/v1/feeds/calendar", params={"from": first, "to": last}, headers=house.headers("hq_operator")
    )
    assert (answer.status_code, answer.json()["code"]) == (422, code)
