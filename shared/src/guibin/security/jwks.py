"""The public keys of one issuer (RFC 7517), reduced to what may verify a token."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

from jose import jwk
from jose.exceptions import JOSEError

from guibin.core.logging import error_facts, logger
from guibin.core.strict_json import StrictJsonError, read_object

Algorithm = Literal["ES256", "RS256"]

KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")

DEEPEST: Final = 4
_LEAST_RSA_BYTES: Final = 256
# Public members only: whatever else an entry carries never reaches the library.
_MEMBERS: Final[Mapping[Algorithm, tuple[str, ...]]] = {"ES256": ("kty", "crv", "x", "y"), "RS256": ("kty", "n", "e")}


class JwksInvalid(Exception):  # noqa: N818 - reads as the sentence that the operator sees
    """The key set cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One public key and the only algorithm for which it is used."""

    algorithm: Algorithm
    jwk: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Jwks:
    """Public signing keys by key id."""

    keys: Mapping[str, SigningKey]

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read the set from a file.

        Raises:
            JwksInvalid: the file is missing or no usable key set; the message names it.
        """
        try:
            return cls.from_document(read_object(path.read_bytes(), max_depth=DEEPEST))
        except OSError as error:
            raise JwksInvalid(f"key set {path}: {error.strerror}") from None
        except (StrictJsonError, JwksInvalid) as error:
            raise JwksInvalid(f"key set {path}: {error}") from None

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Self:
        """Take the keys that may verify tokens; those for encryption or for other algorithms are left out.

        Raises:
            JwksInvalid: no usable key, one key id twice, or a private key.
        """
        entries = document.get("keys")
        if not isinstance(entries, list):
            raise JwksInvalid("a key set has a list of keys")
        keys: dict[str, SigningKey] = {}
        for entry in entries:
            found = _usable(entry)
            if found is None:
                continue
            kid, key = found
            if kid in keys:
                raise JwksInvalid("a key id stands twice in the key set")
            keys[kid] = key
        if not keys:
            raise JwksInvalid("no key for ES256 or RS256 in the key set")
        return cls(keys)

    def key_for(self, kid: str, algorithm: Algorithm) -> Mapping[str, str] | None:
        """Return the key with this id as a JWK if it serves the algorithm, else None."""
        key = self.keys.get(kid)
        return key.jwk if key is not None and key.algorithm == algorithm else None


class FollowedJwks:
    """A key set in a file that is read again when it has changed: keys come and go while the process runs."""

    def __init__(self, path: Path) -> None:
        """Read the set.

        Raises:
            JwksInvalid: the file is missing or no usable key set; the message names it.
        """
        self._path = path
        self._read_of = self._changed_at()
        self._keys = Jwks.from_file(path)

    def key_for(self, kid: str, algorithm: Algorithm) -> Mapping[str, str] | None:
        """Return the key with this id as a JWK if it serves the algorithm, else None."""
        changed_at = self._changed_at()
        if changed_at != self._read_of:
            self._read_of = changed_at
            try:
                self._keys = Jwks.from_file(self._path)
            except JwksInvalid as error:  # the keys at hand go on verifying until the file is whole again
                logger().error("key_set_unreadable", **error_facts(error))
        return self._keys.key_for(kid, algorithm)

    def _changed_at(self) -> int | None:
        try:
            return self._path.stat().st_mtime_ns
        except OSError:
            return None


def _usable(entry: object) -> tuple[str, SigningKey] | None:
    if not isinstance(entry, dict):
        raise JwksInvalid("a key in the key set is no object")
    if "d" in entry:
        raise JwksInvalid("the key set contains a private key")
    algorithm, kid = _algorithm(entry), entry.get("kid")
    named = isinstance(kid, str) and KEY_ID.fullmatch(kid)
    if algorithm is None or not named or entry.get("use", "sig") != "sig" or entry.get("alg", algorithm) != algorithm:
        return None
    return str(kid), SigningKey(algorithm, _public_members(entry, algorithm))


def _algorithm(entry: Mapping[str, object]) -> Algorithm | None:
    match entry.get("kty"), entry.get("crv"):
        case "EC", "P-256":
            return "ES256"
        case "RSA", _:
            return "RS256"
        case _:
            return None


def _public_members(entry: Mapping[str, object], algorithm: Algorithm) -> Mapping[str, str]:
    """Copy the public members and make sure that the library can build the key from them."""
    members = {name: str(entry.get(name)) for name in _MEMBERS[algorithm]}
    try:
        jwk.construct(members, algorithm)
        modulus = base64.urlsafe_b64decode(members["n"] + "==") if algorithm == "RS256" else None
    except (JOSEError, ValueError):
        raise JwksInvalid("a key in the key set is damaged") from None
    if modulus is not None and len(modulus.lstrip(b"\x00")) < _LEAST_RSA_BYTES:
        raise JwksInvalid("an RSA key in the key set has fewer than 2048 bits")
    return members
