"""Mutated requests of every route against both services as they really run (trust: T-API-3)."""

import json

import pytest

from support.asking import Asker
from support.byte_fuzzing import Report, fuzz
from support.routes import Route, all_routes
from support.served import Served, served_port

COUNT = 20_000
WARM_UP = 2_000
ASK_OTHERS = {"/v1/sessions/wechat"}
"""They answer 503 when the other system is not there, as it is here."""

MOST_GROWTH_BYTES = 50 * 1024 * 1024


def requests_of(port: str, asker: Asker) -> list[bytes]:
    """Write a request that is right for every route of a port."""
    return [_written(route, asker) for route in all_routes() if route.port == port and route.path not in ASK_OTHERS]


def _written(route: Route, asker: Asker) -> bytes:
    body = b"a,b\r\n" if route.is_upload else json.dumps(asker.body(route)).encode() if route.takes_json else b""
    headers = {"Host": "127.0.0.1", **asker.headers(route), "Content-Length": str(len(body))}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"{route.method} {asker.url(route)} HTTP/1.1", *lines]).encode() + b"\r\n\r\n" + body


@pytest.mark.nightly
@pytest.mark.parametrize("port", ["customer-api", "bank-api"])
async def test_no_mutated_request_makes_a_service_fail_hang_or_grow(port: str, asker: Asker) -> None:
    requests = requests_of(port, asker)
    async with served_port(asker.house, port.replace("-", "_")) as process:
        report = await fuzz(process, requests, count=WARM_UP, seed=1)
        assert report.faults == []
        before = process.resident_bytes()
        report = await fuzz(process, requests, count=COUNT, seed=2)
        growth = process.resident_bytes() - before
        describe(port, process, report, growth)
        assert report.faults == []
        assert growth < MOST_GROWTH_BYTES
        assert b"internal_fault" not in process.log.read_bytes()


def describe(port: str, process: Served, report: Report, growth: int) -> None:
    """Print what came back, for the notes of a release."""
    print(f"\n{port}: {process.resident_bytes() >> 20} MiB, grown by {growth >> 10} KiB")  # noqa: T201 - asked for with -s
    for kind, count in report.answers.most_common():
        print(f"  {count:6} {kind}")  # noqa: T201 - the same
