"""Path and query (rows P of the bad-input catalogue)."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from guibin.core import clock
from support.demo_port import DemoPort, problem, types_of
from support.demo_routes import BOB, FIRST

ENTRIES = "/v1/demo/entries"


async def get(port: DemoPort, query: str, who: UUID | None = None) -> httpx.Response:
    headers = port.customer() if who is None else port.customer(who)
    return await port.client.get(f"{ENTRIES}?{query}", headers=headers)


@pytest.mark.parametrize(
    "written",
    [
        f"cus_{FIRST}",
        str(FIRST),
        "acc_1",
        f"ACC_{FIRST}",
        f"acc_{str(FIRST).upper()}",
        f"acc_{{{FIRST}}}",
        f"acc_{FIRST.hex}",
        f"acc_{FIRST}%00",
        f"acc_{FIRST}%0a",
    ],
)
async def test_p1_an_id_of_the_wrong_kind_or_form(port: DemoPort, written: str) -> None:
    answer = await port.client.get(f"/v1/demo/accounts/{written}", headers=port.customer())
    body = problem(answer, 422, "validation_failed")
    assert types_of(body) in (["id"], ["control_character"])
    assert str(FIRST) not in answer.text


async def test_p1_an_unknown_id_is_not_found(port: DemoPort) -> None:
    answer = await port.client.get(f"/v1/demo/accounts/acc_{BOB}", headers=port.customer())
    problem(answer, 404, "not_found")


@pytest.mark.parametrize("value", ["%2B7", "+7", "1_0", "-1", "%31", "1.0", "", "01", "1e1", " 1", "٣"])
async def test_p2_a_number_written_otherwise(port: DemoPort, value: str) -> None:
    body = problem(await get(port, f"limit={value}"), 422, "validation_failed")
    assert types_of(body) == ["integer"]


@pytest.mark.parametrize("value", ["+2026", "2_026", "%32026", "02026", "x"])
async def test_p2_a_number_in_the_path_written_otherwise(port: DemoPort, value: str) -> None:
    headers = port.staff(If_Match='"3"')
    answer = await port.client.put(f"/v1/demo/years/{value}/note", headers=headers, json={"text": "a"})
    assert types_of(problem(answer, 422, "validation_failed")) == ["integer"]


async def test_p3_a_parameter_given_twice(port: DemoPort) -> None:
    body = problem(await get(port, "limit=1&limit=2"), 422, "duplicate_parameter")
    assert body["parameter"] == "limit"


async def test_p4_an_unknown_parameter(port: DemoPort) -> None:
    body = problem(await get(port, "page=1"), 422, "unknown_parameter")
    assert body["allowed"] == ["cursor", "from", "limit", "newest", "note", "sort", "to"]


@pytest.mark.parametrize("limit", ["0", "101", "1000000000"])
async def test_p5_a_limit_out_of_bounds(port: DemoPort, limit: str) -> None:
    body = problem(await get(port, f"limit={limit}"), 422, "validation_failed")
    assert types_of(body) in (["too_small"], ["too_big"])


async def _first_cursor(port: DemoPort) -> str:
    for number in range(3):
        await port.spend(f"k{number}")
    cursor: str = (await get(port, "limit=1")).json()["next_cursor"]
    return cursor


async def test_pages_neither_lose_nor_repeat(port: DemoPort) -> None:
    cursor: str | None = await _first_cursor(port)
    seen = [(await get(port, "limit=1")).json()["items"][0]["seq"]]
    while cursor is not None:
        page = (await get(port, f"limit=1&cursor={cursor}")).json()
        seen += [item["seq"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [1, 2, 3]


async def test_the_limit_may_change_between_pages(port: DemoPort) -> None:
    page = await get(port, f"limit=100&cursor={await _first_cursor(port)}")
    assert [item["seq"] for item in page.json()["items"]] == [2, 3]


async def test_p6_a_cursor_that_does_not_belong_here(port: DemoPort) -> None:
    cursor = await _first_cursor(port)
    altered = ("B" if cursor[0] == "A" else "A") + cursor[1:]
    problem(await get(port, f"limit=1&cursor={altered}"), 422, "cursor_invalid")
    problem(await get(port, f"limit=1&cursor={cursor}", BOB), 422, "cursor_invalid")
    problem(await get(port, f"limit=1&cursor={cursor}&note=a"), 422, "cursor_invalid")
    for junk in ("abc", "", "%21%21", "a" * 500):
        problem(await get(port, f"cursor={junk}"), 422, "cursor_invalid")


async def test_p6_a_cursor_expires(port: DemoPort) -> None:
    cursor = await _first_cursor(port)
    with clock.fixed_at(clock.now() + timedelta(hours=23)):
        assert (await get(port, f"cursor={cursor}")).status_code == 200
    with clock.fixed_at(clock.now() + timedelta(hours=24, minutes=1)):
        problem(await get(port, f"cursor={cursor}"), 422, "cursor_invalid")


@pytest.mark.parametrize("value", ["balance;drop%20table", "id_no"])
async def test_p7_another_order(port: DemoPort, value: str) -> None:
    body = problem(await get(port, f"sort={value}"), 422, "validation_failed")
    assert types_of(body) == ["not_allowed_value"]
    assert "seq、points" in body["errors"][0]["message"]


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("from=2026-02-01&to=2026-01-31", "range"),
        ("from=0001-01-01", "date"),
        ("to=9999-12-31", "date"),
        ("from=2026-02-30", "date"),
        ("from=2026-01-01T24:00", "date"),
        ("from=1700000000", "date"),
        ("newest=yes", "boolean"),
    ],
)
async def test_p8_a_day_that_is_none(port: DemoPort, query: str, kind: str) -> None:
    assert types_of(problem(await get(port, query), 422, "validation_failed")) == [kind]


async def test_p8_a_range_that_is_too_long(port: DemoPort) -> None:
    assert (await get(port, "from=2026-01-01&to=2027-01-01")).status_code == 200
    answer = await get(port, "from=2026-01-01&to=2027-01-02")
    assert problem(answer, 422, "range_too_large")["max_days"] == 366


@pytest.mark.parametrize(
    "query",
    [
        "name=a",
        "phone=1",
        "Certificate_No=1",
        "id_no=1",
        "customer_no=1",
        "note=13812345678",
        "note=11010519491231002X",
    ],
)
async def test_p9_personal_values_in_the_query(port: DemoPort, query: str) -> None:
    problem(await get(port, query), 422, "sensitive_in_url")


@pytest.mark.parametrize("query", ["note=%00", "note=a%0d%0ab", "note=%ff"])
async def test_control_characters_in_the_query(port: DemoPort, query: str) -> None:
    assert types_of(problem(await get(port, query), 422, "validation_failed")) == ["control_character"]
