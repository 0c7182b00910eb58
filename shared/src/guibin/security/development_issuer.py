"""An issuer of tokens on the developer's own machine, for `make run` and tests; production refuses to start with it."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.security.private_files import replace, write_new
from guibin.security.signing import new_private_jwk, public_jwk, sign

DEMO_LOGIN: Final = "demo"
"""The `acr` of the demo logins: fresh for their whole life, in the development profile only."""
LONGEST_LIFE: Final = timedelta(hours=24)
PRIVATE_KEY: Final = "private.json"


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
        private = directory / PRIVATE_KEY
        if not private.exists():
            _write_new_key(private)
        private_jwk: dict[str, str] = json.loads(private.read_bytes())
        public = {"keys": [public_jwk(private_jwk)]}
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
        return sign(claims, self._private_jwk)


def _write_new_key(path: Path) -> None:
    try:
        write_new(path, json.dumps(new_private_jwk(), indent=2).encode())
    except FileExistsError:
        return  # another process was first; its key counts
