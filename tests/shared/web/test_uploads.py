import hashlib
from typing import Any

import httpx
import pytest

from support.demo_port import DemoPort, problem
from support.demo_routes import FEEDER

FILES = "/v1/demo/files"
CONTENT = b"record_id,name\r\n1,\xe7\x8e\x8b\r\n"
HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
PART = HEAD + b"Content-Type: text/csv\r\n\r\na,b\r\n--x--\r\n"


async def post(port: DemoPort, content: Any, content_type: str, **more: str) -> httpx.Response:
    headers = port.service("files:post", Content_Type=content_type, **more)
    return await port.client.post(FILES, headers=headers, content=content)


@pytest.mark.parametrize("content_type", ["text/csv; charset=gb18030", "application/x-ndjson"])
async def test_a_file_as_the_body_itself(port: DemoPort, content_type: str) -> None:
    answer = await post(port, CONTENT, content_type)
    assert answer.json() == {
        "actor": f"svc_{FEEDER}",
        "media_type": content_type.partition(";")[0],
        "size": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "lines": 2,
    }


async def test_a_file_as_the_part_of_a_form(port: DemoPort) -> None:
    answer = await port.client.post(
        FILES, headers=port.service(), files={"file": ("wang-138.csv", CONTENT, "text/csv")}
    )
    assert (answer.json()["media_type"], answer.json()["size"]) == ("text/csv", len(CONTENT))


async def test_a_large_file_is_spooled_and_whole(port: DemoPort) -> None:
    content = bytes(range(256)) * 4 * 1024 * 3

    async def slowly() -> Any:
        for start in range(0, len(content), 100_000):
            yield content[start : start + 100_000]

    answer = await post(port, slowly(), "application/octet-stream")
    assert answer.json()["sha256"] == hashlib.sha256(content).hexdigest()


async def test_a_file_over_the_limit_is_refused_before_it_is_whole(port: DemoPort) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while sent < 200:
            sent += 1
            yield b" " * 1024 * 1024

    problem(await post(port, endless(), "text/csv"), 413, "body_too_large")
    problem(await post(port, b"", "text/csv", Content_Length=str(64 * 1024 * 1024 + 1)), 413, "body_too_large")


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"a", "application/json", 415, "unsupported_media_type"),
        (b"a", "multipart/form-data", 422, "malformed_upload"),
        (b"junk", "multipart/form-data; boundary=x", 422, "malformed_upload"),
        (b"--x--\r\n", "multipart/form-data; boundary=x", 422, "malformed_upload"),
        (PART.replace(b"; filename=", b"; other="), "multipart/form-data; boundary=x", 422, "malformed_upload"),
        (PART.replace(b"--x--", b"") + PART, "multipart/form-data; boundary=x", 422, "malformed_upload"),
    ],
    ids=["json", "no boundary", "junk", "no part", "a field", "two files"],
)
async def test_a_body_that_is_not_one_file(
    port: DemoPort, content: bytes, content_type: str, status: int, code: str
) -> None:
    problem(await post(port, content, content_type), status, code)


async def test_an_encoded_file_is_refused(port: DemoPort) -> None:
    problem(await post(port, b"a", "text/csv", Content_Encoding="gzip"), 415, "unsupported_media_type")


async def test_the_same_key_with_another_file_is_refused(port: DemoPort) -> None:
    first = await post(port, b"a", "text/csv", Idempotency_Key="k1")
    again = await post(port, b"a", "text/csv", Idempotency_Key="k1")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    problem(await post(port, b"b", "text/csv", Idempotency_Key="k1"), 422, "idempotency_key_reused")


async def test_a_service_without_the_scope_and_staff_without_the_grant_are_refused(port: DemoPort) -> None:
    headers = port.service("other", Content_Type="text/csv")
    problem(await port.client.post(FILES, headers=headers, content=b"a"), 403, "forbidden")
    headers = port.staff(Content_Type="text/csv")
    problem(await port.client.post(FILES, headers=headers, content=b"a"), 403, "forbidden")


@pytest.mark.parametrize("who", ["nobody", "a stranger", "a service without the scope", "staff without the grant"])
async def test_nothing_of_a_file_is_read_from_a_caller_who_may_not_send_it(port: DemoPort, who: str) -> None:
    headers, status = {
        "nobody": ({}, 401),
        "a stranger": ({"Authorization": "Bearer a.b.c"}, 401),
        "a service without the scope": (port.service("other"), 403),
        "staff without the grant": (port.staff(), 403),
    }[who]
    sent = 0

    async def file() -> Any:
        nonlocal sent
        sent += 1
        yield b"a,b\r\n"

    answer = await port.client.post(FILES, headers={**headers, "Content-Type": "text/csv"}, content=file())
    assert (answer.status_code, sent) == (status, 0)
    assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize(("query", "key"), [("?unknown=1", "k1"), ("", "two words")])
async def test_nothing_of_a_file_is_read_when_the_rest_of_the_call_is_wrong(
    port: DemoPort, query: str, key: str
) -> None:
    sent = 0

    async def file() -> Any:
        nonlocal sent
        sent += 1
        yield b"a,b\r\n"

    headers = port.service("files:post", Content_Type="text/csv", Idempotency_Key=key)
    answer = await port.client.post(FILES + query, headers=headers, content=file())
    assert (answer.status_code, sent) == (422, 0)


async def test_no_connection_is_held_while_a_file_comes_in(port: DemoPort) -> None:
    used = []

    async def file() -> Any:
        for _ in range(2):
            used.append(port.app.state.port.engine.pool.checkedout())
            yield b"a,b\r\n"

    assert (await post(port, file(), "text/csv")).status_code == 200
    assert used == [0, 0]
