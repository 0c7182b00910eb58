"""Any JSON body (rows B of the bad-input catalogue)."""

import json
from typing import Any

import httpx
import pytest

from support.demo_port import DemoPort, problem, spends_of, types_of
from support.demo_routes import FIRST


async def post(port: DemoPort, content: bytes) -> httpx.Response:
    headers = {**port.customer(Idempotency_Key="k1"), "Content-Type": "application/json"}
    return await port.client.post(spends_of(FIRST), headers=headers, content=content)


@pytest.mark.parametrize("content", [b"", b"  \n", b"null", b"[]", b'"x"', b"1"])
async def test_b1_a_body_that_is_no_object(port: DemoPort, content: bytes) -> None:
    body = problem(await post(port, content), 422, "validation_failed")
    assert body["errors"][0]["loc"] == ["body"]


@pytest.mark.parametrize(
    ("content", "position"),
    [
        (b'{"points":1}x', 12),
        (b"{'a':1}", 1),
        (b'{"points":1,}', 12),
        (b'{"points":1/*c*/}', 11),
        (b'\xef\xbb\xbf{"points":1}', 0),
        (b'{"note":"\xff"}', 9),
        (b'{"points":NaN}', None),
        (b'{"points":Infinity}', None),
        (b'{"points":-Infinity}', None),
        (b'{"points":1e999}', None),
        (b'{"points":' + b"[" * 50_000, 29),
        (b'{"points":' + b"9" * 5_000 + b"}", None),
    ],
    ids=["b2-tail", "b2-quotes", "b2-comma", "b2-comment", "b3", "b4", "b6", "b6-inf", "b6-neg", "b6-e", "b7", "b8"],
)
async def test_b2_b3_b4_b6_b7_b8_malformed_json(port: DemoPort, content: bytes, position: int | None) -> None:
    assert problem(await post(port, content), 422, "malformed_json")["position"] == position


async def test_b5_a_field_named_twice(port: DemoPort) -> None:
    problem(await post(port, b'{"points":1,"points":999}'), 422, "duplicate_json_key")
    problem(await post(port, b'{"points":1,"\\u0070oints":999}'), 422, "duplicate_json_key")


@pytest.mark.parametrize(
    ("given", "types"),
    [
        ({"extra": 1}, ["extra_forbidden"]),
        ({"left": 1_000}, ["extra_forbidden"]),
        ({"points": None}, ["null_forbidden"]),
        ({"points": "10"}, ["integer"]),
        ({"points": 10.0}, ["integer"]),
        ({"points": True}, ["integer"]),
        ({"points": 0}, ["too_small"]),
        ({"points": 10**12 + 1}, ["too_big"]),
        ({"label": "a\u0000b"}, ["control_character"]),
        ({"note": "a\u0000b"}, ["control_character"]),
        ({"label": "\ud800"}, ["bad_unicode"]),
        ({"fail": "\ud800"}, ["bad_unicode"]),
        ({"label": "a\u001b"}, ["control_character"]),
        ({"label": "a\r\nb"}, ["control_character"]),
        ({"label": "a\u202eb"}, ["control_character"]),
        ({"label": "a\u200bb"}, ["control_character"]),
        ({"note": "a\u001bb"}, ["control_character"]),
        ({"label": "abcdef"}, ["too_long"]),
        ({"note": "a" * 21}, ["too_long"]),
        ({"label": "   "}, ["blank"]),
        ({"label": "\u3000"}, ["blank"]),
        ({"label": "\u00a0"}, ["blank"]),
        ({"label": ""}, ["blank"]),
        ({"label": 5}, ["text"]),
        ({"tags": ["a", "b", "c", "d"]}, ["too_many_items"]),
        ({"tags": "a"}, ["list"]),
        ({"mode": "name; drop table"}, ["not_allowed_value"]),
        ({"dry_run": "true"}, ["boolean"]),
        ({"day": "2026-02-30"}, ["date"]),
        ({"day": "1700000000"}, ["date"]),
        ({"day": "0001-01-01"}, ["date"]),
        ({"day": 20_260_101}, ["date"]),
    ],
)
async def test_b9_to_b19_a_field_of_the_wrong_form(port: DemoPort, given: dict[str, Any], types: list[str]) -> None:
    answer = await post(port, json.dumps({"points": 10, **given}).encode())
    body = problem(answer, 422, "validation_failed")
    assert types_of(body) == types
    assert body["errors"][0]["loc"][:2] == ["body", next(iter(given))]


async def test_b11_a_missing_field(port: DemoPort) -> None:
    body = problem(await post(port, b"{}"), 422, "validation_failed")
    assert body["errors"] == [{"loc": ["body", "points"], "type": "missing", "message": "必填"}]


@pytest.mark.parametrize("note", ["\U00020000" * 20, "\U0001f600" * 20, "a\nb", "e\u0301"])
async def test_b15_text_at_the_limit_is_returned_unchanged(port: DemoPort, note: str) -> None:
    answer = await port.spend("k1", note=note)
    assert (answer.status_code, answer.json()["note"]) == (201, note)


@pytest.mark.parametrize("note", ["<script>", "{{7*7}}", "${jndi:ldap://x}", "' OR 1=1 --", "100%_\\"])
async def test_b17_b18_text_is_only_text(port: DemoPort, note: str) -> None:
    answer = await port.spend("k1", note=note)
    assert (answer.status_code, answer.json()["note"]) == (201, note)
    found = await port.client.get("/v1/demo/entries", params={"note": note}, headers=port.customer())
    assert [entry["note"] for entry in found.json()["items"]] == [note]
    none = await port.client.get("/v1/demo/entries", params={"note": "%"}, headers=port.customer())
    assert none.json()["items"] == []


async def test_the_value_never_comes_back(port: DemoPort) -> None:
    secret = "13812345678"
    for given in ({"points": secret}, {"label": secret}, {secret + "!": 1}, {"mode": secret}, {"day": secret}):
        answer = await post(port, json.dumps({"points": 1, **given}).encode())
        assert answer.status_code == 422
        assert secret not in answer.text


async def test_messages_are_in_the_language_of_the_caller(port: DemoPort) -> None:
    headers = {**port.customer(Idempotency_Key="k1"), "Accept-Language": "en"}
    answer = await port.client.post(spends_of(FIRST), headers=headers, json={"points": 0, "mode": "x"})
    messages = [error["message"] for error in answer.json()["errors"]]
    assert messages == ["must not be below its lower bound 1", "must be one of: 'seq' or 'points'"]
