"""Every error that a test of any suite meets is a problem as declared, and tells nothing that it must not (T-API-5)."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import httpx

ERROR: Final = 400
LONG: Final = 8
"""From this length on a value is nobody's coincidence: shorter ones occur in messages and names of fields."""

ALWAYS: Final = {"type", "title", "status", "code", "request_id"}
OF_AN_ERROR: Final = {"loc", "type", "message"}
INSIDE: Final = (
    "Traceback",
    "sqlalchemy",
    "asyncpg",
    "SELECT ",
    "INSERT INTO",
    "site-packages",
    ".py",
    "pydantic",
    "uvicorn",
)
"""Marks of statements, stacks, files and versions."""


async def hold_to_account(response: httpx.Response) -> None:
    """Fail the test when an error is none as declared; hung into the clients of all suites."""
    if response.status_code < ERROR or response.request.method == "HEAD":
        return
    await response.aread()
    fault = fault_of_problem(response)
    assert fault is None, f"{response.request.method} {response.request.url.path} {response.status_code}: {fault}"


def fault_of_problem(response: httpx.Response) -> str | None:
    """Return what is wrong with an error; None when it is as declared."""
    if response.headers.get("content-type") != "application/problem+json":
        return f"no problem: {response.headers.get('content-type')}"
    problem: dict[str, Any] = response.json()
    if not set(problem) >= ALWAYS or problem["status"] != response.status_code:
        return f"not whole: {sorted(problem)}"
    is_replay = "idempotent-replayed" in response.headers
    if problem["request_id"] != response.headers.get("x-request-id") and not is_replay:
        return "another request id"
    if any(set(error) != OF_AN_ERROR for error in problem.get("errors", ())):
        return "an error with other members"
    if inside := [mark for mark in INSIDE if mark in response.text]:
        return f"it shows the inside: {inside}"
    told = json.dumps(problem.get("errors", []), ensure_ascii=False)
    return "it repeats the input" if any(value in told for value in _values_of(response.request)) else None


def _values_of(request: httpx.Request) -> Iterator[str]:
    sent: Any = None
    with suppress(httpx.RequestNotRead, ValueError, RecursionError):
        sent = json.loads(request.content)
    yield from (value for value in _texts(sent) if len(value) >= LONG)
    yield from (value for value in request.url.params.values() if len(value) >= LONG)


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str(text):
                yield text
            case dict(parts):
                waiting.extend(parts.values())
            case list(items):
                waiting.extend(items)
            case _:
                pass
