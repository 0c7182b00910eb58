"""The watch over the tests' own commands sees what it should."""

import httpx
import pytest

from support.one_row import is_without_effect


@pytest.mark.parametrize(
    ("url", "body", "headers", "expected"),
    [
        ("/v1/x", b'{"points": 1}', {}, False),
        ("/v1/x", b'{"dry_run": false}', {}, False),
        ("/v1/x", b'{"dry_run": true}', {}, True),
        ("/v1/x?dry_run=true", b"", {}, True),
        ("/v1/x", b"{}", {"Idempotent-Replayed": "true"}, True),
    ],
)
def test_a_replay_and_a_dry_run_have_no_effect(
    url: str, body: bytes, headers: dict[str, str], *, expected: bool
) -> None:
    request = httpx.Request(
        "POST", f"http://port.test{url}", content=body, headers={"Content-Type": "application/json"}
    )
    assert is_without_effect(httpx.Response(200, headers=headers, request=request)) is expected
