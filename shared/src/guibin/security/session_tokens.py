"""The access tokens of customers' sessions: a file of signing keys that follow one another, and their issuer.

A key is published first, signs from an instant on, and goes on verifying until no token of it can be alive. Two files
hold the set: the private one, which the customer port alone reads, and beside it the JWKS that its verifier reads.
Sources: RFC 9068 (access tokens), trust rules on keys (published 24 hours ahead, kept for a token's life and an hour).
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

from guibin.core import clock
from guibin.core.logging import error_facts, logger
from guibin.core.strict_json import StrictJsonError, read_object
from guibin.security.private_files import replace
from guibin.security.signing import new_private_jwk, public_jwk, sign

ACCESS_LIFE: Final = timedelta(minutes=10)
PUBLISHED_AHEAD: Final = timedelta(hours=24)
KEPT_AFTER: Final = ACCESS_LIFE + timedelta(hours=1)

_MEMBERS: Final = ("kty", "crv", "x", "y", "kid", "use", "alg", "d")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DEEPEST: Final = 3


class SessionKeysInvalid(Exception):  # noqa: N818 - reads as the sentence that the operator sees
    """The file of session keys cannot be used, or cannot be changed now; the message never holds a key."""


@dataclass(frozen=True, slots=True, repr=False)
class SessionKey:
    """A key pair as a private JWK, and from when on it signs."""

    jwk: Mapping[str, str]
    signs_from: datetime

    @property
    def kid(self) -> str:
        """The id of the key."""
        return self.jwk["kid"]


@dataclass(frozen=True, slots=True, repr=False)
class SessionKeys:
    """The keys of one deployment in the order in which they sign."""

    keys: tuple[SessionKey, ...]

    @classmethod
    def first(cls, now: datetime) -> Self:
        """Make the first key; it signs at once."""
        return cls((SessionKey(new_private_jwk(), now),))

    def signing_at(self, instant: datetime) -> SessionKey:
        """Return the key that signs at an instant."""
        return next((key for key in reversed(self.keys) if key.signs_from <= instant), self.keys[0])

    def rotated(self, now: datetime, *, at_once: bool = False) -> "SessionKeys":
        """Return the set with a new key, without those of which no token can be alive.

        The new key signs after `PUBLISHED_AHEAD`, when every process knows it. `at_once` is for a key that has leaked:
        the new one signs now and all others are gone, and with them every access token; refresh tokens stay.

        Raises:
            SessionKeysInvalid: a key is published already and does not sign yet.
        """
        if at_once:
            return SessionKeys.first(now)
        if self.keys[-1].signs_from > now:
            raise SessionKeysInvalid(f"The next key is published already; it signs from {self.keys[-1].signs_from}.")
        return SessionKeys((*self._alive(now), SessionKey(new_private_jwk(), now + PUBLISHED_AHEAD)))

    def _alive(self, now: datetime) -> Iterable[SessionKey]:
        successors = [key.signs_from for key in self.keys[1:]]
        for key, replaced_at in zip(self.keys, [*successors, now], strict=True):
            if now < replaced_at + KEPT_AFTER:
                yield key


def jwks_of(path: Path) -> Path:
    """Return where the public part of a file of session keys stands: beside it."""
    return path.with_name(f"{path.stem}.jwks.json")


def write_session_keys(path: Path, keys: SessionKeys) -> None:
    """Write the private file (0600) and the JWKS beside it; each whole or not at all, the JWKS first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    public = {"keys": [public_jwk(key.jwk) for key in keys.keys]}
    replace(jwks_of(path), json.dumps(public, indent=2).encode())
    private = {"keys": [{**key.jwk, "signs_from": int(key.signs_from.timestamp())} for key in keys.keys]}
    replace(path, json.dumps(private, indent=2).encode())


def read_session_keys(path: Path) -> SessionKeys:
    """Read the private file.

    Raises:
        SessionKeysInvalid: with one sentence for the operator.
    """
    try:
        entries = read_object(path.read_bytes(), max_depth=_DEEPEST).get("keys")
    except OSError as error:
        raise SessionKeysInvalid(f"session keys {path}: {error.strerror}") from None
    except StrictJsonError as error:
        raise SessionKeysInvalid(f"session keys {path}: {error}") from None
    if not isinstance(entries, list) or not entries:
        raise SessionKeysInvalid(f"session keys {path}: there is no key in it")
    keys = [_key(path, entry) for entry in entries]
    return SessionKeys(tuple(sorted(keys, key=lambda key: key.signs_from)))


def _key(path: Path, entry: object) -> SessionKey:
    found: dict[str, Any] = entry if isinstance(entry, dict) else {}
    jwk = {name: str(found[name]) for name in _MEMBERS if isinstance(found.get(name), str)}
    seconds = found.get("signs_from")
    whole = len(jwk) == len(_MEMBERS) and all(_PLAIN.fullmatch(part) for part in jwk.values())
    if not whole or type(seconds) is not int:
        raise SessionKeysInvalid(f"session keys {path}: a key in it is damaged")
    return SessionKey(jwk, datetime.fromtimestamp(seconds, UTC))


@dataclass(frozen=True, slots=True)
class SessionClaims:
    """What an access token of a session says. `issued_at` is cut to the second."""

    subject: str
    session_id: str
    token_id: str
    scopes: Sequence[str]
    auth_time: datetime
    issued_at: datetime
    expires_at: datetime


class SessionIssuer:
    """Signs the access tokens of customers' sessions with the key whose time it is.

    The file is read again when it has changed, so that a rotation needs no restart.
    """

    def __init__(self, path: Path, *, issuer: str, audience: str) -> None:
        """Read the keys.

        Raises:
            SessionKeysInvalid: the file cannot be used.
        """
        self._path = path
        self._issuer = issuer
        self._audience = audience
        self._keys = read_session_keys(path)
        self._read_at = self._changed_at()

    def __repr__(self) -> str:
        return f"SessionIssuer({self._issuer!r})"

    def issue(self, claims: SessionClaims) -> str:
        """Sign a token; the same claims give the same token as long as the same key signs."""
        self._read_again()
        said: dict[str, object] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": claims.subject,
            "sid": claims.session_id,
            "jti": claims.token_id,
            "iat": int(claims.issued_at.timestamp()),
            "exp": int(claims.expires_at.timestamp()),
            "auth_time": int(claims.auth_time.timestamp()),
            "scope": " ".join(sorted(claims.scopes)),
        }
        return sign(said, self._keys.signing_at(clock.now()).jwk)

    def _read_again(self) -> None:
        changed_at = self._changed_at()
        if changed_at in {None, self._read_at}:
            return
        try:
            self._keys = read_session_keys(self._path)
        except SessionKeysInvalid as error:  # the keys at hand go on signing, and the log says so at every token
            logger().error("session_keys_unreadable", **error_facts(error))
            return
        self._read_at = changed_at

    def _changed_at(self) -> int | None:
        try:
            return self._path.stat().st_mtime_ns
        except OSError:
            return None
