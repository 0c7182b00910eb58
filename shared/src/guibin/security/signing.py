"""Key pairs for ES256 and compact tokens signed with them.

The same claims signed with the same key always give the same token (RFC 6979), so that a call that is repeated can be
answered with the same bytes although no token is kept.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

_NUMBER_BYTES: Final = 32
_PUBLIC: Final = ("kty", "crv", "x", "y", "kid", "use", "alg")


def new_private_jwk() -> dict[str, str]:
    """Make a key pair on P-256 as a private JWK; its id is the thumbprint of RFC 7638."""
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": _number(numbers.public_numbers.x),
        "y": _number(numbers.public_numbers.y),
    }
    # The thumbprint is the hash of the required members in the order of their names.
    thumbprint = hashlib.sha256(_compact(dict(sorted(jwk.items())))).digest()
    return {**jwk, "kid": _base64url(thumbprint), "use": "sig", "alg": "ES256", "d": _number(numbers.private_value)}


def public_jwk(private_jwk: Mapping[str, str]) -> dict[str, str]:
    """Return the part of a private JWK that verifies signatures."""
    return {name: private_jwk[name] for name in _PUBLIC}


def sign(claims: Mapping[str, object], private_jwk: Mapping[str, str]) -> str:
    """Write claims as an access token (`typ` at+jwt) signed with ES256."""
    header = {"alg": "ES256", "kid": private_jwk["kid"], "typ": "at+jwt"}
    content = f"{_base64url(_compact(header))}.{_base64url(_compact(claims))}"
    key = ec.derive_private_key(int.from_bytes(_bytes(private_jwk["d"]), "big"), ec.SECP256R1())
    signature = key.sign(content.encode("ascii"), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(signature)
    return f"{content}.{_base64url(r.to_bytes(_NUMBER_BYTES, 'big') + s.to_bytes(_NUMBER_BYTES, 'big'))}"


def _compact(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _number(number: int) -> str:
    return _base64url(number.to_bytes(_NUMBER_BYTES, "big"))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
