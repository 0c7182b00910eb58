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
    problem(await port.client.post(FILES, headers=port.service("other"), content=b"a"), 415, "unsupported_media_type")
    headers = port.service("other", Content_Type="text/csv")
    problem(await port.client.post(FILES, headers=headers, content=b"a"), 403, "forbidden")
    headers = port.staff(Content_Type="text/csv")
    problem(await port.client.post(FILES, headers=headers, content=b"a"), 403, "forbidden")
