"""Rotating the keys that sign customers' access tokens."""

from pathlib import Path

from guibin.core import clock
from guibin.security.session_tokens import (
    PUBLISHED_AHEAD,
    SessionKeys,
    SessionKeysInvalid,
    read_session_keys,
    write_session_keys,
)
from guibin_tools.errors import OperatorError


def rotate(path: Path, *, at_once: bool) -> str:
    """Publish the next key, or make the first one where there is no file; returns what to tell the operator.

    Raises:
        OperatorError: the file is unusable, or the next key is published already.
    """
    now = clock.now()
    if not path.exists():
        write_session_keys(path, SessionKeys.first(now))
        return f"Made {path} with a first key; it signs at once."
    try:
        keys = read_session_keys(path).rotated(now, at_once=at_once)
    except SessionKeysInvalid as error:
        raise OperatorError(str(error)) from error
    write_session_keys(path, keys)
    if at_once:
        return "A new key signs now and the old ones are gone: customers' apps refresh, nobody logs in again."
    signs_from = now + PUBLISHED_AHEAD
    return f"A new key is published and signs from {signs_from:%Y-%m-%d %H:%M} UTC. Rotate again after 90 days."
