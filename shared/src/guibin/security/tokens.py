"""Access tokens: the one place where a token is read, checked and believed.

A token only says who is calling. What the caller may do comes from the database on every request. The library behind
the signature check has known holes; each check that stands here before and after it closes one of them, and
`tests/unit/security/test_forged_tokens.py` has a forged token for each.
"""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, get_args

from jose import jwt

from guibin.core import clock
from guibin.core.strict_json import read_object
from guibin.security.errors import TokenInvalid, TokenRequired
from guibin.security.hosted_jwks import HostedJwks
from guibin.security.jwks import KEY_ID, Algorithm, FollowedJwks, Jwks

LEEWAY_SECONDS: Final = 10
CACHE_LIFE: Final = timedelta(seconds=60)
CACHE_SIZE: Final = 10_000

_MAX_TOKEN_BYTES: Final = 4_096
_MAX_AHEAD_SECONDS: Final = 60
_MAX_TEXT: Final = 255
_MAX_DEPTH: Final = 5
_SCHEMES: Final = frozenset({"bearer", "dpop"})
_LONGEST_SCHEME: Final = len("Bearer ")
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_FORBIDDEN_HEADERS: Final = frozenset({"jku", "x5u", "jwk", "x5c", "crit", "zip", "b64"})


KeySet = Jwks | FollowedJwks | HostedJwks


@dataclass(frozen=True, slots=True)
class IssuerConfig:
    """Whose tokens a port accepts, for which audience, signed how, and for how long they may live."""

    issuer: str
    audience: str
    algorithm: Algorithm
    jwks: KeySet
    max_life_seconds: int

    def __post_init__(self) -> None:
        if self.algorithm not in get_args(Algorithm):
            raise ValueError("tokens are signed with ES256 or RS256 and nothing else")


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What a genuine token says. Instants are aware and in UTC.

    ``session_id`` names the session in which the token was issued; ``auth_time`` and ``acr`` tell when and how strongly
    the person logged in, where the issuer says so.
    """

    issuer: str
    subject: str
    audience: str
    scopes: frozenset[str]
    issued_at: datetime
    expires_at: datetime
    token_id: str | None
    session_id: str | None
    auth_time: datetime | None
    acr: str | None

    @property
    def holder(self) -> str:
        """Whose token it is, among those of all issuers: what is counted together has one holder."""
        return f"{self.issuer} {self.subject}"


class _KeyUnknown(Exception):  # noqa: N818 - reads as what happened; it never leaves this module
    """The token names a key that its issuer does not have, as far as is known here."""

    def __init__(self, jwks: KeySet) -> None:
        super().__init__()
        self.jwks = jwks


class TokenVerifier:
    """Verifies the tokens of one port and remembers genuine ones for at most a minute, refused ones never.

    Whether the subject is still active, and whether the token was revoked, is asked on every request by the caller.
    """

    def __init__(self, issuers: Mapping[str, IssuerConfig], *, cache_size: int = CACHE_SIZE) -> None:
        self._issuers = dict(issuers)
        self._hosted = [config.jwks for config in issuers.values() if isinstance(config.jwks, HostedJwks)]
        self._cache_size = cache_size
        self._known: dict[bytes, tuple[datetime, VerifiedToken]] = {}

    @asynccontextmanager
    async def fresh_keys(self) -> AsyncIterator[None]:
        """Have the hosted key sets fetched, and end their fetches with the block; a host may be away."""
        await asyncio.gather(*(jwks.renew() for jwks in self._hosted))
        try:
            yield
        finally:
            await asyncio.gather(*(jwks.close() for jwks in self._hosted))

    async def authenticate(self, header_values: Sequence[str]) -> VerifiedToken:
        """Return what the token says, as `verify` does, and look at a key set again that lacks the token's key.

        Raises:
            TokenRequired, TokenInvalid: as `verify`.
        """
        for jwks in self._hosted:
            jwks.refresh()
        try:
            return self._verify(header_values)
        except _KeyUnknown as unknown:
            if not (isinstance(unknown.jwks, HostedJwks) and await unknown.jwks.renew()):
                raise TokenInvalid from None
        return self.verify(header_values)

    def verify(self, header_values: Sequence[str]) -> VerifiedToken:
        """Return what the token in the Authorization headers says, its issuer being known by its exact name.

        Raises:
            TokenRequired: no Authorization header.
            TokenInvalid: anything else that is wrong, always without a reason.
        """
        try:
            return self._verify(header_values)
        except _KeyUnknown:
            raise TokenInvalid from None

    def _verify(self, header_values: Sequence[str]) -> VerifiedToken:
        token = _bearer_token(header_values)
        now = clock.now()
        digest = hashlib.sha256(token.encode("ascii")).digest()
        known_until, known = self._known.pop(digest, (now, None))
        if known is not None and now < known_until:
            self._remember(digest, known_until, known)
            return known
        verified = _verify_token(token, self._issuers, now)
        self._remember(digest, min(verified.expires_at, now + CACHE_LIFE), verified)
        return verified

    def _remember(self, digest: bytes, until: datetime, verified: VerifiedToken) -> None:
        if len(self._known) >= self._cache_size:
            del self._known[next(iter(self._known))]  # the one that was not used for longest
        self._known[digest] = (until, verified)


def _bearer_token(header_values: Sequence[str]) -> str:
    """Take the token out of the header; sizes are checked before anything is copied or decoded."""
    if not header_values:
        raise TokenRequired
    value = header_values[0]
    if len(header_values) != 1 or len(value) > _MAX_TOKEN_BYTES + _LONGEST_SCHEME:
        raise TokenInvalid
    scheme, _, token = value.partition(" ")
    if scheme.lower() not in _SCHEMES or len(token) > _MAX_TOKEN_BYTES or _COMPACT.fullmatch(token) is None:
        raise TokenInvalid
    return token


def _verify_token(token: str, issuers: Mapping[str, IssuerConfig], now: datetime) -> VerifiedToken:
    try:
        return _check(token, issuers, int(now.timestamp()))
    except _KeyUnknown:
        raise
    except Exception:  # noqa: BLE001 - the library also lets RecursionError, OverflowError and AttributeError through
        raise TokenInvalid from None


def _check(token: str, issuers: Mapping[str, IssuerConfig], now: int) -> VerifiedToken:
    header_part, claims_part, signature_part = (_decode(part) for part in token.split("."))
    _require(signature_part)
    header = read_object(header_part, max_depth=_MAX_DEPTH)
    claims = read_object(claims_part, max_depth=_MAX_DEPTH)
    config = issuers[_text(claims, "iss")]
    _check_signature(token, _key(header, config), config)
    _check_life(claims, config, now)
    _require(claims.get("iss") == config.issuer and claims.get("aud") in (config.audience, [config.audience]))
    return VerifiedToken(
        issuer=config.issuer,
        subject=_text(claims, "sub"),
        audience=config.audience,
        scopes=_scopes(claims),
        issued_at=_instant(claims, "iat"),
        expires_at=_instant(claims, "exp"),
        token_id=_text(claims, "jti") if "jti" in claims else None,
        session_id=_text(claims, "sid") if "sid" in claims else None,
        auth_time=_instant(claims, "auth_time") if "auth_time" in claims else None,
        acr=_text(claims, "acr") if "acr" in claims else None,
    )


def _key(header: Mapping[str, object], config: IssuerConfig) -> Mapping[str, str]:
    """Check the header and choose the one key that it names among the issuer's own."""
    kid = header.get("kid")
    _require(header.get("typ") == "at+jwt" and _FORBIDDEN_HEADERS.isdisjoint(header))
    _require(header.get("alg") == config.algorithm)
    if not isinstance(kid, str) or KEY_ID.fullmatch(kid) is None:
        raise TokenInvalid
    key = config.jwks.key_for(kid, config.algorithm)
    if key is None:
        raise _KeyUnknown(config.jwks)
    return key


def _check_signature(token: str, key: Mapping[str, str], config: IssuerConfig) -> None:
    """Let the library check signature, issuer and audience: one algorithm, and one key as a JWK.

    Times are left to `_check_life`, because the library reads a clock of its own and takes texts and fractions.
    """
    jwt.decode(
        token,
        key,
        algorithms=[config.algorithm],
        audience=config.audience,
        issuer=config.issuer,
        options={
            "require_aud": True,
            "require_iss": True,
            "require_sub": True,
            "verify_exp": False,
            "verify_nbf": False,
        },
    )


def _check_life(claims: Mapping[str, object], config: IssuerConfig, now: int) -> None:
    """Check that the token lives now and was not made to live longer than the issuer may let it."""
    issued, expires = _seconds(claims, "iat"), _seconds(claims, "exp")
    _require(0 < expires - issued <= config.max_life_seconds)
    _require(now <= expires + LEEWAY_SECONDS)
    _require(issued <= now + _MAX_AHEAD_SECONDS)
    if "nbf" in claims:
        _require(_seconds(claims, "nbf") <= now + LEEWAY_SECONDS)
    if "auth_time" in claims:  # a login in the future would count as recent for ever
        _require(_seconds(claims, "auth_time") <= now + _MAX_AHEAD_SECONDS)


def _scopes(claims: Mapping[str, object]) -> frozenset[str]:
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise TokenInvalid
    return frozenset(scope.split())


def _text(claims: Mapping[str, object], name: str) -> str:
    """Return a claim that is a short text of visible ASCII, so that it can be stored and written to a log as it is."""
    value = claims.get(name)
    if not (isinstance(value, str) and 0 < len(value) <= _MAX_TEXT and value.isascii() and value.isprintable()):
        raise TokenInvalid
    return value


def _seconds(claims: Mapping[str, object], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TokenInvalid
    return value


def _instant(claims: Mapping[str, object], name: str) -> datetime:
    return datetime.fromtimestamp(_seconds(claims, name), UTC)


def _decode(part: str) -> bytes:
    """Decode base64url; of several spellings of the same bytes only the canonical one passes."""
    raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    _require(base64.urlsafe_b64encode(raw).rstrip(b"=") == part.encode("ascii"))
    return raw


def _require(holds: object) -> None:
    if not holds:
        raise TokenInvalid
