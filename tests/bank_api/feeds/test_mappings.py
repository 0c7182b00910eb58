"""How a line writes its files: drafted, tried in a dry run, put in force by another person; drift is named."""

import httpx

from support.house import House
from support.lines import csv_of, party

LINE = "/v1/feeds/e_finance"
PARTIES = {"kind": "parties", "date": "2026-11-24"}
THEIRS = {"客户编号": "record_id", "客户姓名": "name", "类型": "party_type"}
MAPPING = {
    "kind": "parties",
    "columns": THEIRS | {"生日": "birth_date"},
    "values": {"party_type": {"个人": "person"}},
    "ignored": ["备注"],
    "dates": {"birth_date": "yyyymmdd"},
    "fills": ["phone"],
}
FILE = "客户编号,备注,类型,客户姓名,生日\nE1,x,个人,王明,19800229\nE2,y,机器人,李明,\n".encode()
TEXT = {"Content-Type": "text/csv"}


async def upload(client: httpx.AsyncClient, headers: dict[str, str], raw: bytes, **params: str) -> httpx.Response:
    return await client.post(f"{LINE}/files", params=PARTIES | params, content=raw, headers=headers | TEXT)


async def test_a_mapping_is_tried_approved_and_then_read_by(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator")
    assert (await upload(bank_client, headers, FILE)).json()["code"] == "columns_invalid"
    drafted = await bank_client.post(f"{LINE}/mappings", json=MAPPING, headers=headers)
    assert (drafted.status_code, drafted.json()["version"], drafted.json()["state"]) == (201, 1, "draft")
    tried = (await upload(bank_client, headers, FILE, dry_run="true", mapping="1")).json()
    assert tried["preview"] == [
        {
            "row": 2,
            "cells": {"record_id": "***", "party_type": "person", "name": "***", "birth_date": "***"},
            "code": None,
            "column": None,
        },
        {
            "row": 3,
            "cells": {"record_id": "***", "party_type": "机器人", "name": "***"},
            "code": "value_unknown",
            "column": "party_type",
        },
    ]
    assert (await upload(bank_client, headers, FILE, mapping="1")).json()["code"] == "columns_invalid"
    submitted = await bank_client.post(f"{LINE}/mappings/parties/1/submit", headers=headers)
    assert submitted.status_code == 202, submitted.text
    again = await bank_client.post(f"{LINE}/mappings/parties/1/submit", headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "mapping_not_draft")
    url = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
    assert (await bank_client.post(url, json={}, headers=house.headers("hq_approver"))).status_code == 200
    taken = await upload(bank_client, headers, FILE)
    assert (taken.status_code, taken.json()["rows_accepted"]) == (201, 1), taken.text
    listed = (await bank_client.get(f"{LINE}/mappings", params={"kind": "parties"}, headers=headers)).json()
    assert [(one["version"], one["state"]) for one in listed["items"]] == [(1, "active")]
    assert (listed["items"][0]["dates"], listed["items"][0]["fills"]) == ({"birth_date": "yyyymmdd"}, ["phone"])


async def test_a_mapping_that_fits_no_column_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    wrong = {"kind": "parties", "columns": {"工资": "salary"}}
    answer = await bank_client.post(f"{LINE}/mappings", json=wrong, headers=house.headers("hq_operator"))
    assert (answer.status_code, answer.json()["code"], answer.json()["fault"]) == (
        422,
        "mapping_invalid",
        "column_unknown",
    )
    guessed = {"kind": "parties", "dates": {"birth_date": "yymmdd"}}
    answer = await bank_client.post(f"{LINE}/mappings", json=guessed, headers=house.headers("hq_operator"))
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    unknown = await bank_client.post(f"{LINE}/mappings/parties/9/submit", headers=house.headers("hq_operator"))
    assert unknown.status_code == 404
    tried = await upload(bank_client, house.headers("hq_operator"), FILE, dry_run="true", mapping="9")
    assert tried.status_code == 404


async def test_the_schema_tells_columns_and_what_the_last_file_had_drifted(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    headers = house.headers("hq_operator")
    await upload(bank_client, headers, csv_of(party("E1", gender="M")))
    refused = await upload(bank_client, headers, b"record_id,name,salary\n")
    assert {name: refused.json()[name] for name in ("missing", "unknown_names", "went", "moved")} == {
        "missing": ["party_type"], "unknown_names": ["salary"], "went": ["party_type", "gender"], "moved": [],
    }  # fmt: skip
    drifted = (await upload(bank_client, headers, csv_of({"name": "王明", **party("E2", phone="x")}))).json()
    assert drifted["drift"] == {
        "came": ["phone"],
        "went": ["gender"],
        "moved": ["name", "record_id", "party_type"],
        "changed": ["phone"],
    }
    schema = (await bank_client.get(f"{LINE}/schema", headers=headers)).json()
    parties = schema["kinds"][0]
    assert (parties["kind"], parties["last_file"]["drift"]) == ("parties", drifted["drift"])
    gender = next(column for column in parties["columns"] if column["name"] == "gender")
    assert gender == {
        "name": "gender", "type": "choice", "required": False, "values": ["F", "M", "U"], "theirs": "gender",
    }  # fmt: skip


async def test_the_reject_file_is_csv_with_reasons(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator")
    taken = (await upload(bank_client, headers, csv_of(party("E1"), party("E2", gender="=1+1")))).json()
    found = await bank_client.get(f"/v1/feeds/files/{taken['id']}/rejects", headers=headers | {"Accept": "text/csv"})
    assert found.headers["content-type"].startswith("text/csv")
    lines = found.content.decode("utf-8-sig").splitlines()
    assert lines == [
        "row,column,code,reason_zh,reason_en", "3,gender,value_unknown,取值不在允许范围内,Not one of the known values",
    ]  # fmt: skip
