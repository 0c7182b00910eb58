"""Bad headers, paths and queries (trust: rows H1 to H26, P1 to P9) on every route of both ports where they apply."""

import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import httpx
import pytest

from guibin.core.ids import new_id
from guibin.web import Idempotency
from guibin.web.errors import RangeTooLarge
from support.asking import CANARY, Asker, fault_of
from support.routes import Route, all_routes
from support.shares import Share

ROUTES = all_routes()
PROTECTED = [route for route in ROUTES if not route.declaration.is_public]
PAGED = [route for route in ROUTES if "limit" in route.query]
REFUSED = (422, "validation_failed")

Asked = Callable[[Route], Awaitable[httpx.Response]]


async def faults(routes: Iterable[Route], ask: Asked, *expected: Any) -> dict[str, str]:
    """Ask routes and collect those that answer otherwise."""
    found = {}
    for route in routes:
        fault = fault_of(await ask(route), *expected)
        if fault:
            found[f"{route.port} {route.name}"] = fault
    return found


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "token_required"),
        ("Basic dXNlcjpjYW5hcnk3ZjNhOTE=", "token_invalid"),
        ("Bearer canary7f3a91", "token_invalid"),
        ("Bearer " + "a" * 4_097, "token_invalid"),
        ("Bearer a.b.c, Bearer a.b.c", "token_invalid"),
    ],
)
async def test_h1_h2_h5_a_call_without_a_good_token_is_refused(
    token: str | None, code: str, asker: Asker, share: Share
) -> None:
    async def ask(route: Route) -> httpx.Response:
        return await asker.ask(route, headers={"Authorization": token})

    assert await faults(share.of(PROTECTED, token), ask, 401, code) == {}


async def test_h4_a_token_in_the_query_is_none(asker: Asker) -> None:
    async def ask(route: Route) -> httpx.Response:
        return await asker.ask(route, query=f"?access_token={CANARY}", headers={"Authorization": None})

    assert await faults(PROTECTED, ask, 401, "token_required") == {}


HEADERS: dict[str, tuple[dict[str, str], int, str]] = {
    "a foreign host": ({"Host": "canary7f3a91.example"}, 400, "bad_host"),
    "a header of 64 KiB": ({"X-Long": "x" * 65_536}, 431, "headers_too_large"),
    "two hundred headers": ({f"X-{number}": "x" for number in range(200)}, 431, "headers_too_large"),
}


@pytest.mark.parametrize("name", HEADERS)
async def test_h11_h19_headers_that_no_route_takes_are_refused(name: str, asker: Asker, share: Share) -> None:
    headers, status, code = HEADERS[name]

    async def ask(route: Route) -> httpx.Response:
        return await asker.ask(route, headers=headers)

    assert await faults(share.of(ROUTES, name), ask, status, code) == {}


async def test_h14_a_caller_who_takes_no_json_is_refused(asker: Asker) -> None:
    async def ask(route: Route) -> httpx.Response:
        return await asker.ask(route, headers={"Accept": "application/xml"})

    assert await faults(PROTECTED, ask, 406, "not_acceptable") == {}


FILES = {"file_id"}
NOT_HERE = {"getMyReceivingCode", "getMyHouseholdPoints"}
"""What this small bank does not have: files, wallets that are passed on, points that a household put together."""


async def test_l7_a_part_of_an_answer_is_not_to_be_had(asker: Asker) -> None:
    asked = [
        route
        for route in ROUTES
        if route.method == "GET" and "/points" in route.path and not FILES & {*route.ids}
        if route.operation_id not in NOT_HERE
    ]
    assert len(asked) >= 4
    for route in asked:
        answer = await asker.ask(route, headers={"Range": "bytes=0-1"})
        assert (answer.status_code, "content-range" in answer.headers) == (200, False), route.name


WHO_I_SAY_I_AM = {
    "X-User-Id": "canary7f3a91",
    "X-Forwarded-User": "canary7f3a91",
    "X-Customer-Id": "cus_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4",
    "X-Forwarded-For": "127.0.0.1",
    "X-HTTP-Method-Override": "DELETE",
}


@pytest.mark.parametrize("token", [None, "Bearer canary7f3a91"])
async def test_h8_h9_h10_headers_of_ones_own_make_nobody_somebody(token: str | None, asker: Asker) -> None:
    async def ask(route: Route) -> httpx.Response:
        return await asker.ask(route, headers=WHO_I_SAY_I_AM | {"Authorization": token})

    assert await faults(PROTECTED, ask, 401, "token_invalid" if token else "token_required") == {}


METHODS = {(route.port, route.path): {one.method for one in ROUTES if one.path == route.path} for route in ROUTES}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
async def test_h20_l7_a_method_that_the_path_does_not_have_is_refused_and_the_others_are_named(
    method: str, asker: Asker, share: Share
) -> None:
    for route in share.of(ROUTES, method):
        if method in METHODS[route.port, route.path]:
            continue
        answer = await asker.clients[route.port].request(method, asker.url(route), headers=asker.headers(route))
        assert answer.status_code == 405, route.name
        assert route.method in answer.headers["allow"].split(", "), route.name


@pytest.mark.parametrize("path", ["{}/", "/{}", "/./{}", "/%2e%2e{}", "/v2{}"])
async def test_h21_a_path_that_is_written_otherwise_is_not_found(path: str, asker: Asker, share: Share) -> None:
    async def ask(route: Route) -> httpx.Response:
        return await asker.ask(route, url="http://127.0.0.1" + path.format(asker.url(route)))

    assert await faults(share.of(ROUTES, path), ask, 404, "not_found") == {}


@pytest.mark.parametrize("given", ["two words", "x" * 65, "<b>", "名"])
async def test_h22_a_request_id_that_is_not_well_formed_is_replaced(given: str, asker: Asker, share: Share) -> None:
    for route in share.of(ROUTES, given):
        answer = await asker.ask(route, headers={"X-Request-ID": given.encode(), "Host": "elsewhere"})
        assert answer.headers["x-request-id"] != given, route.name
        assert answer.json()["request_id"] == answer.headers["x-request-id"], route.name


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?canary7f3a91=1", "unknown_parameter"),
        ("?phone=13800000000", "sensitive_in_url"),
        ("?certificate_no=canary7f3a91", "sensitive_in_url"),
    ],
)
async def test_p4_p9_a_parameter_that_the_route_does_not_have_is_refused(
    query: str, code: str, asker: Asker, share: Share
) -> None:
    async def ask(route: Route) -> httpx.Response:
        return await asker.ask(route, query=query)

    assert await faults(share.of(ROUTES, query), ask, 422, code) == {}


@pytest.mark.parametrize("value", ["0", "-1", "101", "1e9", "", "%2B7", "1_0", "07", "%31", "canary7f3a91"])
async def test_p2_p5_a_number_of_items_that_is_no_plain_number_from_1_to_100_is_refused(
    value: str, asker: Asker, share: Share
) -> None:
    async def ask(route: Route) -> httpx.Response:
        return await asker.ask(route, query=f"?limit={value}")

    assert await faults(share.of(PAGED, value), ask, *REFUSED) == {}


async def test_p3_a_parameter_given_twice_is_refused(asker: Asker) -> None:
    async def ask(route: Route) -> httpx.Response:
        return await asker.ask(route, query="?limit=1&limit=1")

    assert await faults(PAGED, ask, 422, "duplicate_parameter") == {}


@pytest.mark.parametrize("cursor", ["canary7f3a91", "", "a" * 100, "%00", "..%2F"])
async def test_p6_a_cursor_that_we_did_not_make_is_refused(cursor: str, asker: Asker, share: Share) -> None:
    found = {}
    for route in [route for route in share.of(PAGED, cursor) if "cursor" in route.query]:
        answer = await asker.ask(route, query=f"?cursor={cursor}")
        code = answer.json().get("code")
        fault = fault_of(answer, 422, code if code in {"cursor_invalid", "validation_failed"} else "cursor_invalid")
        if fault:
            found[route.name] = fault
    assert found == {}


DAYS = [(route, name) for route in ROUTES for name in route.query if name in {"from", "to", "date", "as_of"}]


@pytest.mark.parametrize("day", ["2026-02-30", "0001-01-01", "9999-12-31", "2026-11-24T00:00", "1764000000", "today"])
async def test_p8_a_day_that_is_none_is_refused(day: str, asker: Asker) -> None:
    for route, name in DAYS:
        assert fault_of(await asker.ask(route, query=f"?{name}={day}"), *REFUSED) is None, (route.name, name)


OF_INSTANTS = {"listAuditEntries"}
"""Their ranges begin and end at an instant; those of all others at a day."""


async def test_p8_a_range_of_days_that_is_backward_or_too_long_is_refused(asker: Asker) -> None:
    ranged = [route for route in ROUTES if {"from", "to"} <= set(route.query)]
    assert ranged

    async def between(route: Route, first: str, last: str) -> httpx.Response:
        time = "T08:00:00Z" if route.operation_id in OF_INSTANTS else ""
        return await asker.ask(route, query=f"?from={first}{time}&to={last}{time}")

    async def backward(route: Route) -> httpx.Response:
        return await between(route, "2026-11-24", "2026-11-23")

    async def too_long(route: Route) -> httpx.Response:
        return await between(route, "2024-01-01", "2026-11-24")

    assert await faults(ranged, backward, *REFUSED, "range") == {}
    assert await faults(ranged, too_long, 422, RangeTooLarge.code) == {}


WRONG_IDS = {
    "of another kind": "xyz_{}",
    "without its kind": "{}",
    "no id": "{kind}_canary7f3a91",
    "in braces": "{kind}_{{{}}}",
    "in capitals": "{kind}_{capital}",
    "without dashes": "{kind}_{hex}",
    "with NUL": "{kind}_{}%00",
}


IDS = [(route, name, kind) for route in ROUTES for name, kind in route.ids.items()]


@pytest.mark.parametrize("name", WRONG_IDS)
async def test_p1_an_id_of_the_wrong_kind_or_form_is_refused(name: str, asker: Asker, share: Share) -> None:
    found = {}
    for route, parameter, kind in share.of(IDS, name):
        id_ = new_id()
        wrong = WRONG_IDS[name].format(id_, kind=kind, capital=str(id_).upper(), hex=id_.hex)
        url = asker.url(route).replace(f"{kind}_", "\0", 1)
        before, _, after = url.partition("\0")
        fault = fault_of(await asker.ask(route, url=before + wrong + after[36:]), *REFUSED)
        if fault:
            found[f"{route.name} {parameter}"] = fault
    assert found == {}


MOVING = {"createRedemption", "takePointsEvents", "submitPointsAdjustment", "useVoucher", "addStock", "addCodes"}
KEYED = [route for route in ROUTES if route.declaration.idempotency is not Idempotency.NONE]


async def test_h23_a_key_is_required_where_points_stock_or_codes_move(asker: Asker) -> None:
    required = [route for route in KEYED if route.declaration.idempotency is Idempotency.REQUIRED]
    assert {route.operation_id for route in required} >= MOVING

    async def ask(route: Route) -> httpx.Response:
        return await asker.ask(route, headers={"Idempotency-Key": None})

    assert await faults(required, ask, 422, "idempotency_key_required") == {}


@pytest.mark.parametrize("key", ["", "k" * 129, "two words", "钥", "a\tb"])
async def test_h24_a_key_that_is_none_is_refused(key: str, asker: Asker, share: Share) -> None:
    async def ask(route: Route) -> httpx.Response:
        return await asker.ask(route, headers={"Idempotency-Key": key.encode()})

    assert await faults(share.of(KEYED, key), ask, 422, "idempotency_key_invalid") == {}


async def test_h26_a_key_answers_the_same_again_and_takes_no_other_request(asker: Asker, share: Share) -> None:
    replayed = set()
    redeeming = next(route for route in KEYED if route.operation_id == "createRedemption")
    for route in [redeeming, *share.of(KEYED, "again")]:
        key = {"Idempotency-Key": str(new_id())}
        first = await asker.ask(route, headers=key)
        if first.status_code // 100 != 2 and first.status_code != 409:
            continue
        again = await asker.ask(route, headers=key)
        assert (again.status_code, again.content) == (first.status_code, first.content), route.name
        assert again.headers["idempotent-replayed"] == "true", route.name
        replayed.add(route.operation_id)
        other = await asker.ask(route, headers=key, content=json.dumps(asker.body(route) | {CANARY: 1}).encode())
        if route.model is not None:
            assert fault_of(other, 422, "idempotency_key_reused") is None, route.name
    assert "createRedemption" in replayed
