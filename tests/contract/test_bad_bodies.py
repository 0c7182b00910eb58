"""Bad JSON bodies (trust: rows B1 to B14, C9, H12 to H15, H18) on every route that takes one, of both ports."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from guibin.care.calls.errors import CallSignatureInvalid
from guibin.suppliers.errors import SignatureInvalid
from guibin.web import BodyLimit
from support.asking import CANARY, Asker, fault_of
from support.examples import example_of
from support.routes import Route, all_routes
from support.shares import Share

ROUTES = [route for route in all_routes() if route.takes_json]
# A signed body is understood only once its signature holds; that of call-backs has tests of its own.
SIGNED = {SignatureInvalid, CallSignatureInvalid}
UNDERSTOOD = [route for route in ROUTES if SIGNED.isdisjoint(route.declaration.refusals)]
OF_THE_SERVER = ("balance", "approved_by", "created_at", "status", "tier", "manager_id")

Expected = tuple[int, str] | tuple[int, str, str]
MALFORMED: Expected = (422, "malformed_json")
NO_OBJECT: Expected = (422, "validation_failed", "object")
UNSUPPORTED: Expected = (415, "unsupported_media_type")
UNKNOWN: Expected = (422, "validation_failed", "extra_forbidden")
TOO_LARGE: Expected = (413, "body_too_large")

BODIES: dict[str, tuple[bytes, Expected]] = {
    "nothing": (b" ", (422, "validation_failed", "missing")),
    "null": (b"null", NO_OBJECT),
    "a list": (b"[]", NO_OBJECT),
    "a text": (b'"canary7f3a91"', NO_OBJECT),
    "a number": (b"1", NO_OBJECT),
    "more after the end": (b'{"points":1}canary7f3a91', MALFORMED),
    "single quotes": (b"{'canary7f3a91':1}", MALFORMED),
    "a comma before the end": (b'{"points":1,}', MALFORMED),
    "a comment": (b'{"points":1/*canary7f3a91*/}', MALFORMED),
    "a byte order mark": (b'\xef\xbb\xbf{"points":1}', MALFORMED),
    "an invalid byte": (b'{"points":"\xff"}', MALFORMED),
    "UTF-16": ('{"points":1}'.encode("utf-16"), MALFORMED),
    "NaN": (b'{"points":NaN}', MALFORMED),
    "Infinity": (b'{"points":Infinity}', MALFORMED),
    "minus Infinity": (b'{"points":-Infinity}', MALFORMED),
    "brackets without end": (b"[" * 30_000, MALFORMED),
    "an integer of 5,000 digits": (b'{"points":' + b"9" * 5_000 + b"}", MALFORMED),
    "a key twice": (b'{"points":1,"points":999}', (422, "duplicate_json_key")),
    "a key twice, written in two ways": (b'{"points":1,"p\\u006fints":999}', (422, "duplicate_json_key")),
    "half a surrogate pair": (b'{"points":"\\ud800"}', (422, "validation_failed", "bad_unicode")),
    "10 MB": (b'{"points":"' + b"x" * 10_000_000 + b'"}', TOO_LARGE),
}

HEADERS: dict[str, tuple[dict[str, str | None], Expected]] = {
    "plain text": ({"Content-Type": "text/plain"}, UNSUPPORTED),
    "XML": ({"Content-Type": "application/xml"}, UNSUPPORTED),
    "XML as text": ({"Content-Type": "text/xml; charset=utf-8"}, UNSUPPORTED),
    "a form": ({"Content-Type": "application/x-www-form-urlencoded"}, UNSUPPORTED),
    "no content type": ({"Content-Type": None}, UNSUPPORTED),
    "another charset": ({"Content-Type": "application/json; charset=utf-16"}, UNSUPPORTED),
    "a compressed body": ({"Content-Encoding": "gzip"}, UNSUPPORTED),
}


async def faults(
    asker: Asker,
    routes: Sequence[Route],
    of: Callable[[Route], tuple[dict[str, str | None], bytes | None, Expected] | None],
) -> dict[str, str]:
    """Ask routes and collect those that answer otherwise."""
    found = {}
    for route in routes:
        asked = of(route)
        if asked is not None:
            headers, content, expected = asked
            fault = fault_of(await asker.ask(route, headers=headers, content=content), *expected)
            if fault:
                found[f"{route.port} {route.name}"] = fault
    return found


@pytest.mark.parametrize("name", BODIES)
async def test_b1_b2_b3_b4_b5_b6_b7_b8_b13_a_body_that_is_no_json_object_is_refused(
    name: str, asker: Asker, share: Share
) -> None:
    content, expected = BODIES[name]
    assert await faults(asker, share.of(ROUTES, name), lambda _: ({}, content, expected)) == {}


@pytest.mark.parametrize("name", HEADERS)
async def test_h12_h13_h15_c9_a_body_of_another_kind_is_refused(name: str, asker: Asker, share: Share) -> None:
    headers, expected = HEADERS[name]
    assert await faults(asker, share.of(ROUTES, name), lambda _: (headers, None, expected)) == {}


@pytest.mark.parametrize(("more", "expected"), [(0, MALFORMED), (1, TOO_LARGE)])
async def test_h18_the_limit_of_the_route_is_read_and_one_byte_more_is_not(
    more: int, expected: Expected, asker: Asker, share: Share
) -> None:
    assert await faults(asker, share.of(ROUTES, more), lambda route: ({}, filled(route, more), expected)) == {}


def filled(route: Route, more: int) -> bytes:
    limit: BodyLimit = route.declaration.body_limit
    return b"{" + b" " * (limit - 1 + more)


@pytest.mark.parametrize("field", [CANARY, *OF_THE_SERVER])
async def test_b9_b10_a_field_that_the_model_does_not_have_is_refused(field: str, asker: Asker, share: Share) -> None:
    def with_field(route: Route) -> tuple[dict[str, str | None], bytes, Expected] | None:
        assert route.model is not None
        if field in route.model.model_fields:
            return None
        value = "x" if field == CANARY else CANARY
        return {}, json.dumps(example_of(route.model) | {field: value}).encode(), UNKNOWN

    found = await faults(asker, share.of(UNDERSTOOD, field), with_field)
    assert {name: fault for name, fault in found.items() if field != CANARY or "repeats" not in fault} == {}


@pytest.mark.parametrize(("value", "kind"), [("left out", "missing"), (None, "null_forbidden")])
async def test_b11_a_required_field_that_is_missing_or_null_is_refused(
    value: object, kind: str, asker: Asker, share: Share
) -> None:
    found = {}
    for route, field in share.of(required_fields(), value):
        assert route.model is not None
        body = {name: item for name, item in example_of(route.model).items() if name != field}
        if value is None and not nullable(route, field):
            body[field] = None
        elif value is None:
            continue
        fault = fault_of(await asker.ask(route, content=json.dumps(body).encode()), 422, "validation_failed", kind)
        if fault:
            found[f"{route.name} {field}"] = fault
    assert found == {}


def required_fields() -> list[tuple[Route, str]]:
    return [
        (route, name)
        for route in UNDERSTOOD
        if route.model
        for name, field in route.model.model_fields.items()
        if field.is_required()
    ]


def nullable(route: Route, field: str) -> bool:
    assert route.model is not None
    schema = route.model.model_json_schema()["properties"][field]
    return {"type": "null"} in schema.get("anyOf", ())


@pytest.mark.parametrize("character", ["\u0000", "\u001b", "\u202e"])
async def test_b12_b14_a_text_with_a_character_that_is_not_seen_is_refused(
    character: str, asker: Asker, share: Share
) -> None:
    found = {}
    for route in share.of(UNDERSTOOD, character):
        assert route.model is not None
        for field in texts_of(route):
            body = example_of(route.model) | {field: f"{CANARY}{character}"}
            fault = fault_of(await asker.ask(route, content=json.dumps(body).encode()), 422, "validation_failed")
            if fault:
                found[f"{route.name} {field}"] = fault
    assert found == {}


def texts_of(route: Route) -> list[str]:
    """Return the fields that take a text, whatever its form."""
    assert route.model is not None
    fields: dict[str, dict[str, Any]] = route.model.model_json_schema()["properties"]
    return [
        name
        for name, schema in fields.items()
        if "string" in {part.get("type") for part in (schema, *schema.get("anyOf", ()))}
    ]
