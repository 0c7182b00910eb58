"""Refresh tokens: 256 secret bits that only their hash remembers, each leading to the next.

A token names its customer and session, so that one look-up finds the family, and its generation. The secret of the
next token is a keyed hash of the one before. So nothing that could be used stands in the database, a repeated call
is answered with the same token, and every token that was ever good is told from one that somebody made up.
"""

import base64
import binascii
import hmac
import re
import secrets
from dataclasses import dataclass, replace
from typing import Final, Self
from uuid import UUID

from guibin.security.ciphers import KeyRing
from guibin.sessions.rules import Shown

MOST_GENERATIONS: Final = 1_100
"""How far back a token is recognised; a week of refreshing every ten minutes. The row is locked meanwhile."""

_ID_BYTES: Final = 16
_GENERATION_BYTES: Final = 4
_SECRET_BYTES: Final = 32
_BYTES: Final = 2 * _ID_BYTES + _GENERATION_BYTES + _SECRET_BYTES
_FORM: Final = re.compile(r"[A-Za-z0-9_-]{91}")


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One refresh token; it does not print its secret."""

    customer_id: UUID
    session_id: UUID
    generation: int
    secret: bytes

    def __repr__(self) -> str:
        return f"RefreshToken(session_id={self.session_id}, generation={self.generation})"

    @classmethod
    def first(cls, customer_id: UUID, session_id: UUID) -> Self:
        """Make the first token of a family."""
        return cls(customer_id, session_id, 0, secrets.token_bytes(_SECRET_BYTES))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read what a client sent; None when it cannot be one of ours."""
        try:
            raw = base64.urlsafe_b64decode(f"{text}=") if _FORM.fullmatch(text) else b""
        except binascii.Error:
            return None
        if len(raw) != _BYTES:
            return None
        customer, session, rest = raw[:_ID_BYTES], raw[_ID_BYTES : 2 * _ID_BYTES], raw[2 * _ID_BYTES :]
        generation = int.from_bytes(rest[:_GENERATION_BYTES], "big")
        token = cls(UUID(bytes=customer), UUID(bytes=session), generation, rest[_GENERATION_BYTES:])
        return token if token.text == text else None

    @property
    def text(self) -> str:
        """The token as a client holds it."""
        raw = self.customer_id.bytes + self.session_id.bytes + self.generation.to_bytes(_GENERATION_BYTES, "big")
        return base64.urlsafe_b64encode(raw + self.secret).rstrip(b"=").decode("ascii")

    def next(self, keys: KeyRing) -> "RefreshToken":
        """Return the token that follows."""
        secret = keys.blind_index("refresh_token", f"next {self.text}")
        return replace(self, generation=self.generation + 1, secret=secret)

    def hash(self, keys: KeyRing) -> bytes:
        """Return what the database keeps of it."""
        return keys.blind_index("refresh_token", f"hash {self.text}")


def recognise(keys: KeyRing, token: RefreshToken, *, generation: int, refresh_hash: bytes) -> Shown:
    """Tell what a token is to the family whose good token has this generation and hash."""
    steps = generation - token.generation
    if not 0 <= steps <= MOST_GENERATIONS:
        return Shown.FORGED
    reached = token
    for _ in range(steps):
        reached = reached.next(keys)
    if not hmac.compare_digest(reached.hash(keys), refresh_hash):
        return Shown.FORGED
    return (Shown.GOOD, Shown.BEFORE)[steps] if steps <= 1 else Shown.OLDER
