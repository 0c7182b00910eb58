"""Any request: headers and transport (rows H of the bad-input catalogue)."""

from datetime import timedelta
from urllib.parse import unquote

import httpx
import pytest

from guibin.core import clock
from support.demo_port import AUDIENCE, DemoPort, problem, spends_of
from support.demo_routes import ANN, BOB, FEEDER, FIRST, VISITOR

ACCOUNT = spends_of(FIRST).removesuffix("/spends")
ENTRIES = "/v1/demo/entries"
JSON = "application/json"


class RawUrl(httpx.URL):
    """A URL whose path goes out as it was written: httpx itself would tidy it up."""

    def __init__(self, path: str) -> None:
        super().__init__(f"http://port.test{path}")
        self._written = path

    @property
    def path(self) -> str:
        return unquote(self._written)

    @property
    def raw_path(self) -> bytes:
        return self._written.encode()


async def get(port: DemoPort, **headers: str) -> httpx.Response:
    return await port.client.get(ACCOUNT, headers={**port.customer(), **headers})


async def post(port: DemoPort, content: bytes = b'{"points":10}', **headers: str) -> httpx.Response:
    merged = {**port.customer(Idempotency_Key="k1"), "Content-Type": JSON}
    merged |= {name.replace("_", "-"): value for name, value in headers.items()}
    return await port.client.post(spends_of(FIRST), headers=merged, content=content)


async def test_h1_no_token(port: DemoPort) -> None:
    answer = await port.client.get(ACCOUNT)
    problem(answer, 401, "token_required")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_h2_two_tokens(port: DemoPort) -> None:
    (one,) = port.customer().values()
    twice = await port.client.get(ACCOUNT, headers=[("Authorization", one), ("Authorization", one)])
    problem(twice, 401, "token_invalid")
    problem(await port.client.get(ACCOUNT, headers={"Authorization": f"{one}, {one}"}), 401, "token_invalid")


async def test_h3_the_scheme_is_case_insensitive(port: DemoPort) -> None:
    (one,) = port.customer().values()
    answer = await port.client.get(ACCOUNT, headers={"Authorization": one.replace("Bearer", "bearer")})
    assert answer.status_code == 200


async def test_h4_a_token_in_the_query_is_none_and_is_not_logged(
    port: DemoPort, capfd: pytest.CaptureFixture[str]
) -> None:
    problem(await port.client.get(ACCOUNT, params={"access_token": "abc.def.ghi"}), 401, "token_required")
    assert "abc.def.ghi" not in "".join(capfd.readouterr())


async def test_h5_a_token_that_is_too_long(port: DemoPort) -> None:
    long = {"Authorization": f"Bearer a.{'b' * 4_093}.c"}
    problem(await port.client.get(ACCOUNT, headers=long), 401, "token_invalid")
    huge = {"Authorization": f"Bearer a.{'b' * 20_000_000}.c"}
    problem(await port.client.get(ACCOUNT, headers=huge), 431, "headers_too_large")


@pytest.mark.parametrize("junk", ["\n", " x", "\x00"])
async def test_h6_a_token_with_junk(port: DemoPort, junk: str) -> None:
    headers = {"Authorization": port.customer()["Authorization"] + junk}
    problem(await port.client.get(ACCOUNT, headers=headers), 401, "token_invalid")


async def test_h7_a_token_for_another_port(port: DemoPort) -> None:
    token = port.issuer.issue(f"cus_{ANN}", "guibin-other", scopes=["points:read"])
    problem(await port.client.get(ACCOUNT, headers={"Authorization": f"Bearer {token}"}), 401, "token_invalid")


async def test_a_token_of_nobody_we_know_or_of_somebody_who_left_is_not_accepted(port: DemoPort) -> None:
    problem(await port.client.get(ACCOUNT, headers=port.headers("cus_x", "points:read")), 401, "token_invalid")
    port.identity.left.add(ANN)
    problem(await get(port), 401, "token_invalid")


async def test_an_expired_token_is_not_accepted(port: DemoPort) -> None:
    headers = port.customer()
    with clock.fixed_at(clock.now() + timedelta(hours=25)):
        problem(await port.client.get(ACCOUNT, headers=headers), 401, "token_invalid")


async def test_a_caller_without_the_permission_is_refused(port: DemoPort) -> None:
    problem(await port.client.get(ACCOUNT, headers=port.headers(f"cus_{BOB}")), 403, "forbidden")
    note = "/v1/demo/years/2026/note"
    problem(await port.client.put(note, headers=port.staff(VISITOR), json={"text": "a"}), 403, "forbidden")
    problem(await port.client.put(note, headers=port.customer(), json={"text": "a"}), 403, "forbidden")
    problem(await port.client.get(ACCOUNT, headers=port.staff()), 403, "forbidden")


async def test_permission_is_decided_before_the_body_is_looked_at(port: DemoPort) -> None:
    answer = await port.client.put("/v1/demo/years/2026/note", headers=port.staff(VISITOR), content=b"<xml>")
    problem(answer, 403, "forbidden")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-User-Id", f"cus_{BOB}"),
        ("X-Forwarded-User", "root"),
        ("X-Customer-Id", f"cus_{FEEDER}"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-HTTP-Method-Override", "DELETE"),
    ],
    ids=["h8-user", "h8-forwarded", "h8-customer", "h9", "h10"],
)
async def test_h8_h9_h10_headers_that_are_ignored(port: DemoPort, name: str, value: str) -> None:
    answer = await get(port, **{name: value})
    assert (answer.status_code, answer.json()) == (200, (await get(port)).json())


@pytest.mark.parametrize("host", ["evil.example", "", "port.test.evil.example", "port.test:8001:1"])
async def test_h11_an_unknown_host(port: DemoPort, host: str) -> None:
    problem(await get(port, Host=host), 400, "bad_host")


async def test_h11_two_hosts(port: DemoPort) -> None:
    answer = await port.client.get("/healthz", headers=[("Host", "port.test"), ("Host", "port.test")])
    problem(answer, 400, "bad_host")


@pytest.mark.parametrize("host", ["port.test", "PORT.TEST:8001", "[::1]:8001", "127.0.0.1"])
async def test_known_hosts_are_served(port: DemoPort, host: str) -> None:
    assert (await get(port, Host=host)).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=utf-16", "application/jsonx"],
)
async def test_h12_h13_another_content_type(port: DemoPort, content_type: str) -> None:
    problem(await post(port, Content_Type=content_type), 415, "unsupported_media_type")


async def test_h12_no_content_type(port: DemoPort) -> None:
    answer = await port.client.post(
        spends_of(FIRST), headers=port.customer(Idempotency_Key="k1"), content=b'{"points":10}'
    )
    body = problem(answer, 415, "unsupported_media_type")
    assert body["accepted"] == ["application/json"]


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=UTF-8"])
async def test_json_content_types_are_taken(port: DemoPort, content_type: str) -> None:
    assert (await post(port, Content_Type=content_type)).status_code == 201


@pytest.mark.parametrize("accept", ["application/xml", "text/html", "application/json;q=0"])
async def test_h14_an_answer_in_another_format(port: DemoPort, accept: str) -> None:
    problem(await get(port, Accept=accept), 406, "not_acceptable")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html, application/*;q=0.5"])
async def test_json_is_answered_to_those_who_take_it(port: DemoPort, accept: str) -> None:
    assert (await get(port, Accept=accept)).status_code == 200


async def test_h15_an_encoded_body(port: DemoPort) -> None:
    problem(await post(port, Content_Encoding="gzip"), 415, "unsupported_media_type")


async def test_h18_a_body_over_the_limit(port: DemoPort) -> None:
    fill = 64 * 1024 - len(b'{"points":10,"note":""}')
    at_limit = b'{"points":10,"note":"%s"}' % (b"a" * fill)
    problem(await post(port, at_limit), 422, "validation_failed")
    over = await post(port, at_limit + b" ")
    assert problem(over, 413, "body_too_large")["limit"] == 64 * 1024
    assert over.headers["Connection"] == "close"


async def test_h18_a_chunked_body_over_the_limit_is_refused_before_its_end(port: DemoPort) -> None:
    sent = 0

    async def endless() -> object:
        nonlocal sent
        while sent < 1000:
            sent += 1
            yield b" " * 1024

    headers = {**port.customer(Idempotency_Key="k1"), "Content-Type": JSON}
    answer = await port.client.post(spends_of(FIRST), headers=headers, content=endless())  # type: ignore[arg-type] # httpx takes any iterator
    problem(answer, 413, "body_too_large")


async def test_h19_too_many_or_too_large_headers(port: DemoPort) -> None:
    many = {f"X-{number}": "a" for number in range(200)}
    problem(await get(port, **many), 431, "headers_too_large")
    problem(await get(port, Large="a" * 64 * 1024), 431, "headers_too_large")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("TRACE", ACCOUNT, "GET"),
        ("PUT", spends_of(FIRST), "POST"),
        ("OPTIONS", ENTRIES, "GET"),
        ("DELETE", "/healthz", "GET"),
    ],
)
async def test_h20_another_method(port: DemoPort, method: str, path: str, allowed: str) -> None:
    answer = await port.client.request(method, path, headers=port.customer())
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == allowed


async def test_h20_head_on_a_get_route(port: DemoPort) -> None:
    answer = await port.client.head(ACCOUNT, headers=port.customer())
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/nowhere",
        "/v1/demo//entries",
        "/v1/demo/x/../entries",
        "/v1/demo/%2e%2e%2fentries",
        "/v1/demo/entries/",
        "/",
        "/v1/demo/entries%2f",
        "/v1/demo/accounts/..",
    ],
)
async def test_h21_an_unknown_or_odd_path(port: DemoPort, path: str) -> None:
    request = port.client.build_request("GET", "/", headers=port.customer())
    request.url = RawUrl(path)
    problem(await port.client.send(request), 404, "not_found")


@pytest.mark.parametrize("given", ["a\r\nb", "x" * 10_000, "<b>", "ü", "", "13812345678"])
async def test_h22_a_request_id_that_is_none_is_replaced(port: DemoPort, given: str) -> None:
    headers: list[tuple[bytes, bytes]] = [(b"x-request-id", given.encode())]
    headers += [(name.encode(), value.encode()) for name, value in port.customer().items()]
    answer = await port.client.get(ACCOUNT, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["X-Request-ID"] != given


async def test_a_request_id_is_taken_and_returned(port: DemoPort) -> None:
    answer = await port.client.get("/v1/nowhere", headers={"X-Request-ID": "call-0001"})
    assert answer.headers["X-Request-ID"] == "call-0001"
    assert answer.json()["request_id"] == "call-0001"


async def test_h27_an_edit_needs_the_version_that_was_read(port: DemoPort) -> None:
    path = "/v1/demo/years/2026/note"
    problem(await port.client.put(path, headers=port.staff(), json={"text": "a"}), 428, "precondition_required")
    stale = port.staff(If_Match='"2"')
    problem(await port.client.put(path, headers=stale, json={"text": "a"}), 412, "version_conflict")
    answer = await port.client.put(path, headers=port.staff(If_Match='"3"'), json={"text": "a"})
    assert answer.json() == {"year": 2026, "text": "a"}
    assert answer.headers["ETag"] == '"4"'


@pytest.mark.parametrize(
    ("accept_language", "title"),
    [
        ("", "未找到"),
        ("zh-CN", "未找到"),
        ("en", "Not found"),
        ("en-GB,en;q=0.9", "Not found"),
        ("fr, en;q=0.4, zh;q=0.9", "未找到"),
        ("de", "未找到"),
        ("en;q=x, zh", "未找到"),
    ],
)
async def test_titles_are_in_the_language_of_the_caller(port: DemoPort, accept_language: str, title: str) -> None:
    answer = await port.client.get("/v1/nowhere", headers={"Accept-Language": accept_language})
    assert answer.json()["title"] == title


async def test_answers_are_never_kept_nor_sniffed(port: DemoPort) -> None:
    for answer in (await get(port), await port.client.get("/v1/nowhere")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_the_log_has_one_line_per_request_with_the_template_of_the_path(
    port: DemoPort, capfd: pytest.CaptureFixture[str]
) -> None:
    await port.client.get(ACCOUNT, headers=port.customer())
    written = "".join(capfd.readouterr())
    (line,) = [line for line in written.splitlines() if "request_id" in line]
    assert "/v1/demo/accounts/{account_id}" in line
    assert str(FIRST) not in written
    assert AUDIENCE not in written
