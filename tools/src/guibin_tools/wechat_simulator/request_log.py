"""The log of requests, for assertions: secrets, tokens, codes and persons' ids stand in it as short hashes only."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from guibin_tools.wechat_simulator.world import World

HIDDEN = frozenset(
    {
        *("secret", "appsecret", "access_token", "refresh_token", "js_code", "code", "openid", "unionid"),
        *("session_key", "signature", "phone", "text"),
    }
)


def hidden(value: object) -> str:
    """Return what stands in the log for a value that is not shown."""
    return "#" + hashlib.sha256(str(value).encode()).hexdigest()[:10]


def redacted(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields with everything hidden that is nobody's to read."""
    return {name: hidden(value) if name in HIDDEN else value for name, value in fields.items()}


def write(
    world: World,
    *,
    method: str,
    path: str,
    query: dict[str, Any],
    body: object,
    status: int,
    answer: bytes,
    failure: str,
) -> None:
    """Write one request with its outcome."""
    said = _read(answer)
    shown = redacted(body) if isinstance(body, dict) else {}
    world.store.put(
        "request",
        {
            "time": world.now(),
            "method": method,
            "path": path,
            "query": json.dumps(redacted(query)),
            "body": json.dumps(shown),
            "status": status,
            "errcode": said.get("errcode"),
            "rid": str(said.get("errmsg", "")).partition("rid: ")[2] or None,
            "failure": failure,
        },
    )


def listed(world: World, path: str | None) -> Iterable[dict[str, Any]]:
    """Return the requests so far, oldest first, of one path if one is given."""
    statement = "SELECT * FROM request WHERE :path IS NULL OR path = :path ORDER BY id"
    for row in world.store.rows(statement, path=path):
        yield {**row, "query": json.loads(row["query"]), "body": json.loads(row["body"])}


def _read(answer: bytes) -> dict[str, Any]:
    try:
        said = json.loads(answer)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
