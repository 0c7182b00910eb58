"""Links that open a file once: how long they and the file live, and how a link is made and recognised."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LINK_LIFE: Final = timedelta(minutes=15)
FILE_LIFE: Final = timedelta(hours=24)

_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """A link: the token that its owner gets, the hash that is kept of it, and until when it opens the file."""

    token: str
    hash: bytes
    expires_at: datetime


def new_link(now: datetime, *, file_until: datetime) -> OneTimeLink:
    """Make a link to a file that lies ready until an instant; it never outlives the file."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    return OneTimeLink(token, link_hash(token), min(now + LINK_LIFE, file_until))


def link_hash(token: str) -> bytes:
    """Return the SHA-256 by which a link is found."""
    return hashlib.sha256(token.encode()).digest()
