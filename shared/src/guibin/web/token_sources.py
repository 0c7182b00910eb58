"""Whose tokens a port accepts, and where it finds their keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from guibin.core.settings import Profile, Settings
from guibin.security.development_issuer import PRIVATE_KEY
from guibin.security.hosted_jwks import HostedJwks
from guibin.security.jwks import Algorithm, FollowedJwks
from guibin.security.tokens import IssuerConfig, KeySet, TokenVerifier

LONGEST_LIFE_SECONDS: Final = 300
"""Of a token of the bank's issuers in production."""

_URL: Final = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class TokenSource:
    """One issuer of a port: its exact name, the audience that stands for this port, and its key set.

    `keys` is a file or an https URL; the issuer signs with one algorithm. Without `max_life_seconds` the setting
    `token_max_life_seconds` bounds the life of its tokens.
    """

    issuer: str
    audience: str
    keys: Path | str
    algorithm: Algorithm = "ES256"
    max_life_seconds: int | None = None


def verifier_of(settings: Settings, sources: Sequence[TokenSource]) -> TokenVerifier:
    """Make the verifier of a port from its issuers, which are told apart by their exact names.

    Raises:
        JwksInvalid: a key file is missing or no key set, or a URL is not https.
        ValueError: two sources of one name.
    """
    issuers = {source.issuer: _issuer(settings, source) for source in sources}
    if len(issuers) != len(sources):
        raise ValueError("two issuers of one port have the same name")
    return TokenVerifier(issuers)


def _issuer(settings: Settings, source: TokenSource) -> IssuerConfig:
    return IssuerConfig(
        issuer=source.issuer,
        audience=source.audience,
        algorithm=source.algorithm,
        jwks=_key_set(source.keys, in_production=settings.profile is Profile.PRODUCTION),
        max_life_seconds=source.max_life_seconds or settings.effective_token_max_life_seconds,
    )


def _key_set(place: Path | str, *, in_production: bool) -> KeySet:
    if is_url(place):
        return HostedJwks(str(place), plain_on_loopback=not in_production)
    return FollowedJwks(Path(place))


def unsafe_in_production(settings: Settings) -> list[str]:
    """Return the names of the settings with which a production port would believe a development run, or a stranger.

    That is the development issuer's name or its files, a key set that travels in the clear, or tokens that outlive the
    five minutes of a member of staff's.
    """
    unsafe = []
    for name in ("customer", "bank"):
        place = getattr(settings, f"{name}_jwks")
        if place is None or (str(place).startswith("http://") if is_url(place) else _is_development(settings, place)):
            unsafe.append(f"{name}_jwks")
        if getattr(settings, f"{name}_issuer") == type(settings).model_fields[f"{name}_issuer"].default:
            unsafe.append(f"{name}_issuer")
    if settings.effective_token_max_life_seconds > LONGEST_LIFE_SECONDS:
        unsafe.append("token_max_life_seconds")
    return unsafe


def _is_development(settings: Settings, place: Path | str) -> bool:
    """Tell the files of a development issuer: in its folder, or beside a private key."""
    folder = Path(place).resolve().parent
    return folder == settings.issuer_dir.resolve() or (folder / PRIVATE_KEY).exists()


def is_url(place: Path | str) -> bool:
    """Tell a key set that a host publishes from one in a file."""
    return isinstance(place, str) and place.startswith(_URL)
