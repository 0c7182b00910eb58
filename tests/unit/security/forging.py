"""Makes tokens by hand, right or wrong in any one point, without the library that checks them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from guibin.core import clock
from guibin.security.jwks import Jwks
from guibin.security.tokens import IssuerConfig, TokenVerifier, VerifiedToken

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
MAX_LIFE = 600

OWN = "guibin-customer-api"
ISSUER, PARTNER, OLD_BANK = "https://issuer.example", "https://partner.example", "https://rsa.example"

EC_KEY = ec.generate_private_key(ec.SECP256R1())
PARTNER_KEY = ec.generate_private_key(ec.SECP256R1())
STRANGER_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65_537, 2_048)

Signer = Callable[[bytes], bytes]


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def ec_jwk(key: ec.EllipticCurvePrivateKey, kid: str) -> dict[str, Any]:
    point = key.public_key().public_numbers()
    x, y = (b64(part.to_bytes(32, "big")) for part in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid}


def rsa_jwk(key: rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
    public = key.public_key().public_numbers()
    return {"kty": "RSA", "n": number(public.n), "e": number(public.e), "kid": kid}


def es256(key: ec.EllipticCurvePrivateKey) -> Signer:
    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign


def rs256(key: rsa.RSAPrivateKey) -> Signer:
    return lambda message: key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def hs256(secret: bytes) -> Signer:
    return lambda message: hmac.new(secret, message, hashlib.sha256).digest()


def issuer_config(issuer: str, jwk: dict[str, Any], **changes: Any) -> IssuerConfig:
    facts: dict[str, Any] = {"audience": OWN, "algorithm": "ES256", "max_life_seconds": MAX_LIFE, **changes}
    return IssuerConfig(issuer=issuer, jwks=Jwks.from_document({"keys": [jwk]}), **facts)


ISSUERS = {
    ISSUER: issuer_config(ISSUER, ec_jwk(EC_KEY, "k1")),
    PARTNER: issuer_config(PARTNER, ec_jwk(PARTNER_KEY, "p1")),
    OLD_BANK: issuer_config(OLD_BANK, rsa_jwk(RSA_KEY, "r1"), algorithm="RS256"),
}


def changed(facts: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Apply changes; the value `...` takes a member away."""
    return {name: value for name, value in {**facts, **changes}.items() if value is not ...}


def header(**changes: Any) -> dict[str, Any]:
    return changed({"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, changes)


def claims(**changes: Any) -> dict[str, Any]:
    facts = {"iss": ISSUER, "sub": "cus_1", "aud": OWN, "iat": SECONDS, "exp": SECONDS + 300}
    return changed(facts, changes)


def as_bytes(part: dict[str, Any] | bytes) -> bytes:
    return part if isinstance(part, bytes) else json.dumps(part).encode()


def forge(
    head: dict[str, Any] | bytes | None = None,
    body: dict[str, Any] | bytes | None = None,
    sign: Signer | None = None,
) -> str:
    """Make a token; without arguments it is genuine, and whatever is given is signed as it stands."""
    head_part = b64(as_bytes(header() if head is None else head))
    body_part = b64(as_bytes(claims() if body is None else body))
    message = f"{head_part}.{body_part}"
    return f"{message}.{b64((sign or es256(EC_KEY))(message.encode()))}"


def with_header(**changes: Any) -> str:
    return forge(head=header(**changes))


def with_claims(**changes: Any) -> str:
    return forge(body=claims(**changes))


def verify(headers: Sequence[str], issuers: Mapping[str, IssuerConfig], now: datetime) -> VerifiedToken:
    """Verify once, with a verifier that remembers nothing yet."""
    with clock.fixed_at(now):
        return TokenVerifier(issuers).verify(headers)
