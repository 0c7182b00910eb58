"""An issuer of tokens on the developer's own machine, for `make run` and tests; production refuses to start with it."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwt

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.security.private_files import replace, write_new

LONGEST_LIFE: Final = timedelta(hours=24)

_COORDINATE_BYTES: Final = 32
_PUBLIC: Final = ("kty", "crv", "x", "y", "kid", "use", "alg")


class DevelopmentIssuer:
    """Signs access tokens with a key pair that it keeps in a directory."""

    def __init__(self, issuer: str, private_jwk: Mapping[str, str]) -> None:
        self._issuer = issuer
        self._private_jwk = dict(private_jwk)

    def __repr__(self) -> str:
        return f"DevelopmentIssuer({self._issuer!r})"

    @classmethod
    def open(cls, directory: Path, issuer: str) -> Self:
        """Open the issuer's directory, making the key pair where there is none.

        `private.json` (0600) is the private key as a JWK; `jwks.json` is the key set that the services read.
        """
        private = directory / "private.json"
        if not private.exists():
            _write_new_key(private)
        private_jwk: dict[str, str] = json.loads(private.read_bytes())
        public = {"keys": [{name: private_jwk[name] for name in _PUBLIC}]}
        replace(directory / "jwks.json", json.dumps(public, indent=2).encode())
        return cls(issuer, private_jwk)

    def issue(
        self,
        subject: str,
        audience: str,
        *,
        scopes: Iterable[str] = (),
        lifetime: timedelta = LONGEST_LIFE,
        auth_time: datetime | None = None,
        acr: str | None = None,
    ) -> str:
        """Issue a signed access token for one audience, valid from now on.

        Raises:
            ValueError: a life of more than 24 hours, or of less than a second.
        """
        if not timedelta(seconds=1) <= lifetime <= LONGEST_LIFE:
            raise ValueError("a development token lives from 1 second to 24 hours")
        issued = int(clock.now().timestamp())
        claims: dict[str, object] = {
            "iss": self._issuer,
            "sub": subject,
            "aud": audience,
            "iat": issued,
            "exp": issued + int(lifetime.total_seconds()),
            "jti": str(new_id()),
            "scope": " ".join(sorted(scopes)),
        }
        if auth_time is not None:
            claims["auth_time"] = int(auth_time.timestamp())
        if acr is not None:
            claims["acr"] = acr
        header = {"typ": "at+jwt", "kid": self._private_jwk["kid"]}
        return jwt.encode(claims, self._private_jwk, algorithm="ES256", headers=header)


def _write_new_key(path: Path) -> None:
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": _coordinate(numbers.public_numbers.x),
        "y": _coordinate(numbers.public_numbers.y),
    }
    # The key id is the thumbprint of RFC 7638: the hash of the required members in the order of their names.
    thumbprint = hashlib.sha256(json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode()).digest()
    private = {
        **jwk,
        "kid": _base64url(thumbprint),
        "use": "sig",
        "alg": "ES256",
        "d": _coordinate(numbers.private_value),
    }
    try:
        write_new(path, json.dumps(private, indent=2).encode())
    except FileExistsError:
        return  # another process was first; its key counts


def _coordinate(number: int) -> str:
    return _base64url(number.to_bytes(_COORDINATE_BYTES, "big"))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
