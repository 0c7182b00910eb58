"""What one key stands for, and which answers are kept under it."""

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

KEPT_FOR: Final = timedelta(days=7)
CONFLICT: Final = 409
_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)
_SUCCESSES: Final = range(200, 300)


def is_key(text: str) -> bool:
    """Tell whether a header value is a key: 1 to 128 visible ASCII characters."""
    return _KEY.fullmatch(text) is not None


def is_stored(status: int) -> bool:
    """Tell whether an answer with this HTTP status is kept: successes and refusals by the state of the data."""
    return status in _SUCCESSES or status == CONFLICT


def is_kept(created_at: datetime, now: datetime) -> bool:
    """Tell whether the answer to a key first used at `created_at` may still be replayed."""
    return now - created_at <= KEPT_FOR


def fingerprint(method: str, path: str, query: Sequence[tuple[str, str]], body: object) -> bytes:
    """Return the SHA-256 of what a request means.

    `body` is the parsed JSON value, or a hash of the bytes of an upload. White space and the order of names in objects
    or in the query do not matter; the order of list items does.
    """
    meaning = [method, path, sorted(query), body]
    return hashlib.sha256(_CANONICAL.encode(meaning).encode()).digest()
