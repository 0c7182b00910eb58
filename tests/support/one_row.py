"""Every command that the bank port carried out in a test left exactly one row in the trail (I11).

The clients of all suites are watched: whatever a test does with success is looked up by its request id when it ends. A
decision on an approval may leave a second row: that of the command which it carried out; a file of the organisation one
more for each person or year that it changes, one of identity events one more for each customer of whom it tells.
"""

import math
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from sqlalchemy import text

from support.house import House

DECIDING = "/v1/approvals/"
OF_MANY_ROWS = ("/v1/organisation/files", "kind=identity")
ROWS = text(
    "SELECT request_id, count(*) - count(*) FILTER (WHERE action = ANY(:many) AND object_type = 'customer')"
    " + count(DISTINCT action) FILTER (WHERE action = ANY(:many) AND object_type = 'customer')"
    " FROM audit_entry WHERE request_id = ANY(:ids) GROUP BY request_id"
)
OF_MANY = ["coverage.assign", "tag.set", "tag.unset", "tier.override"]
"""What many customers may be told of at once: one row in the trail of each, which count as one here."""


@asynccontextmanager
async def watched(client: httpx.AsyncClient, house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Watch a client of the bank port until the block ends without an error."""
    commands: dict[str, str] = {}
    repeated: Counter[str] = Counter()

    async def watch(response: httpx.Response) -> None:
        if not response.is_success or response.request.method == "GET" or is_without_effect(response):
            return
        request_id = response.headers["x-request-id"]
        commands[request_id] = response.request.url.raw_path.decode()
        repeated[request_id] += 1

    client.event_hooks["response"].append(watch)
    yield client
    async with house.sessions() as session:
        found = dict(map(tuple, (await session.execute(ROWS, {"ids": list(commands), "many": OF_MANY})).all()))
    wrong = {
        path: found.get(request_id, 0)
        for request_id, path in commands.items()
        if not 1 <= found.get(request_id, 0) / repeated[request_id] <= _most_rows(path)
    }
    assert wrong == {}, f"these commands did not leave one row each: {wrong}"


def _most_rows(path: str) -> float:
    if any(mark in path for mark in OF_MANY_ROWS):
        return math.inf
    return 2 if path.startswith(DECIDING) else 1


def is_without_effect(response: httpx.Response) -> bool:
    """Tell whether a success was a replay or a dry run."""
    request = response.request
    if "idempotent-replayed" in response.headers or request.url.params.get("dry_run") == "true":
        return True
    is_json = request.headers.get("content-type", "").startswith("application/json")
    return is_json and b'"dry_run":true' in request.content.replace(b" ", b"")
