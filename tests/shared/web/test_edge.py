"""What stands on every answer, who may call from other origins, and what a port tells Prometheus."""

import re
import time
from pathlib import Path

import httpx
import pytest

from guibin.core.errors import RetryLater
from guibin.core.settings import Profile, Settings
from guibin.web.gate import Gate
from support.databases import Database
from support.demo_port import DemoPort, demo_port, problem, spends_of
from support.demo_routes import ANN, FIRST

ACCOUNT = spends_of(FIRST).removesuffix("/spends")
PAGE = "https://m.bank.example"
EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.mark.parametrize("path", [ACCOUNT, "/v1/nothing", "/healthz", "/docs", "/openapi.json", "/nothing", "/v1/%2e"])
async def test_every_answer_has_the_headers_of_safety(port: DemoPort, path: str) -> None:
    for headers in (port.customer(), {}, {"Host": "elsewhere"}):
        answer = await port.client.get(path, headers=headers)
        assert {name: answer.headers[name] for name in EVERYWHERE} == EVERYWHERE
        assert "'unsafe-eval'" not in answer.headers["content-security-policy"]
        assert "strict-transport-security" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
        if path.startswith("/v1"):
            assert answer.headers["cache-control"] == "no-store"


async def test_an_answer_says_what_is_left_of_the_tightest_limit(port: DemoPort) -> None:
    answer = await port.client.get(ACCOUNT, headers=port.customer())
    left = int(answer.headers["ratelimit-remaining"])
    assert answer.headers["ratelimit-limit"] == "60000"
    assert 59_000 < left < 60_000
    assert int(answer.headers["ratelimit-reset"]) >= 1
    assert "ratelimit-limit" not in (await port.client.get("/v1/nothing")).headers


async def test_pages_of_other_origins_are_not_known(port: DemoPort) -> None:
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "GET"}
    problem(await port.client.options(ACCOUNT, headers=asked), 405, "method_not_allowed")
    answer = await port.client.get(ACCOUNT, headers={**port.customer(), "Origin": PAGE})
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_pages_of_a_listed_origin_may_call(database: Database, tmp_path: Path) -> None:
    async with demo_port(tmp_path, database.owner_url, database.bank_url, allowed_origins=f"{PAGE}, {PAGE}x") as port:
        asked = {"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-evil"}
        before = await port.client.options(ACCOUNT, headers=asked)
        assert (before.status_code, before.content) == (204, b"")
        assert before.headers["access-control-allow-origin"] == PAGE
        assert "x-evil" not in before.headers["access-control-allow-headers"].lower()
        assert "access-control-allow-credentials" not in before.headers
        answer = await port.client.get(ACCOUNT, headers={**port.customer(), "Origin": PAGE})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, PAGE)
        refused = await port.client.get(ACCOUNT, headers={"Origin": PAGE})
        problem(refused, 401, "token_required")
        assert refused.headers["access-control-allow-origin"] == PAGE
        for stranger in ("https://evil.example", "null", PAGE + ".evil.example"):
            answer = await port.client.get(ACCOUNT, headers={**port.customer(), "Origin": stranger})
            assert "access-control-allow-origin" not in answer.headers


async def test_production_is_reached_over_tls_only_and_shows_no_figures(database: Database, tmp_path: Path) -> None:
    running = demo_port(tmp_path, database.owner_url, database.bank_url, profile=Profile.PRODUCTION)
    async with running as port:
        answer = await port.client.get("/healthz")
        assert answer.headers["strict-transport-security"].startswith("max-age=63072000")
        problem(await port.client.get("/metrics"), 404, "not_found")


async def test_the_figures_count_requests_refusals_limits_and_connections(port: DemoPort) -> None:
    await port.client.get(ACCOUNT, headers=port.customer())
    await port.client.get(ACCOUNT, headers={"Authorization": "Bearer a.b.c"})
    await port.client.request("BREW", "/v1/13812345678", headers={"X-Request-ID": "13812345678"})
    page = await port.client.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    route = r'route="/v1/demo/accounts/\{account_id\}"'
    for line in (
        rf'guibin_requests_total\{{method="GET",{route},status="200"\}} [1-9]',
        rf'guibin_requests_total\{{method="GET",{route},status="401"\}} [1-9]',
        r'guibin_requests_total\{method="other",route="-",status="404"\} [1-9]',
        rf'guibin_request_seconds_count\{{method="GET",{route}\}} [1-9]',
        r'guibin_refusals_total\{code="token_invalid"\} [1-9]',
        r'guibin_authentication_failures_total\{code="token_invalid"\} [1-9]',
        r'guibin_database_connections\{state="used"\} 0',
        r"guibin_database_waiting 0",
        r"process_resident_memory_bytes [1-9]",
    ):
        assert re.search(f"^{line}", page.text, re.MULTILINE), line
    assert not [value for value in (str(FIRST), str(ANN), "13812345678", "BREW") if value in page.text]


async def test_a_limit_that_is_reached_is_counted_by_its_name(database: Database, tmp_path: Path) -> None:
    running = demo_port(tmp_path, database.owner_url, database.bank_url, profile=Profile.PRODUCTION)
    async with running as port:
        for number in range(7):
            answer = await port.spend(f"k{number}", points=1)
        page = port.app.state.life.metrics.page().decode()
        assert (answer.headers["ratelimit-limit"], answer.headers["ratelimit-remaining"]) == ("6", "0")
    assert 'guibin_rate_limited_total{limit="redeem_per_minute"} 1.0' in page
    assert 'guibin_refusals_total{code="rate_limited"} 1.0' in page


async def test_the_figures_have_a_listener_of_their_own(
    database: Database, tmp_path: Path, unused_tcp_port: int
) -> None:
    running = demo_port(
        tmp_path, database.owner_url, database.bank_url, profile=Profile.PRODUCTION, metrics_port=unused_tcp_port
    )
    async with httpx.AsyncClient() as outside:
        async with running as port:
            await port.client.get("/healthz")
            page = await outside.get(f"http://127.0.0.1:{unused_tcp_port}/metrics")
            assert 'route="/healthz"' in page.text
        with pytest.raises(httpx.ConnectError):
            await outside.get(f"http://127.0.0.1:{unused_tcp_port}/metrics")


async def test_while_every_connection_is_taken_a_call_is_soon_told_to_come_again(
    database: Database, tmp_path: Path
) -> None:
    async with demo_port(tmp_path, database.owner_url, database.bank_url, pool_size=1, queue_seconds=0.05) as port:
        async with port.app.state.port.gate.enter():
            began = time.monotonic()
            answer = await port.spend("k1")
            assert time.monotonic() - began < 2
            assert problem(answer, 503, "retry_later")
            assert answer.headers["Retry-After"] == "1"
            assert (await port.client.get("/healthz")).status_code == 200
        assert (await port.spend("k1")).status_code == 201
        assert await port.points() == 90


async def test_in_an_overload_calls_are_refused_before_anything_is_done_for_them(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_gate: Gate) -> None:
        raise RetryLater

    monkeypatch.setattr(Gate, "check", refuse)
    async with demo_port(tmp_path, database.owner_url, database.bank_url) as port:
        problem(await port.client.get(ACCOUNT), 503, "retry_later")
        assert (await port.client.get("/healthz")).status_code == 200
        assert (await port.client.get("/readyz")).status_code == 200


FORWARDED = {"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}


async def test_an_address_that_a_stranger_hands_on_counts_for_nothing(port: DemoPort) -> None:
    assert (await port.client.get("/v1/demo/address", headers=FORWARDED)).json() == {"peer": "192.0.2.1"}


async def test_an_address_that_a_trusted_proxy_hands_on_is_the_clients(database: Database, tmp_path: Path) -> None:
    async with demo_port(tmp_path, database.owner_url, database.bank_url, trusted_proxies="192.0.2.0/24") as port:
        assert (await port.client.get("/v1/demo/address", headers=FORWARDED)).json() == {"peer": "203.0.113.9"}


def test_all_limits_and_lists_are_off_or_narrow_without_a_setting() -> None:
    settings = Settings()
    assert (settings.allowed_origins, settings.trusted_proxies, settings.metrics_port) == ("", "", None)
    assert (settings.workers, settings.host) == (1, "127.0.0.1")
