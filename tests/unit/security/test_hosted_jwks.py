"""Keys of an identity provider over real HTTP (T-JWT-2): rotated, fetched seldom, kept while it is away."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

import pytest
from unit.security.forging import STRANGER_KEY, ec_jwk

from guibin.core import clock
from guibin.security.errors import TokenInvalid
from guibin.security.hosted_jwks import LARGEST_SET, HostedJwks
from guibin.security.jwks import JwksInvalid
from guibin.security.tokens import IssuerConfig, TokenVerifier, VerifiedToken
from support.identity_provider import NAME, IdentityProvider, identity_provider

OWN = "guibin-bank-api"
START = clock.now()


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    async with identity_provider() as made:
        yield made


def verifier_of(provider: IdentityProvider) -> TokenVerifier:
    jwks = HostedJwks(provider.url, plain_on_loopback=True)
    return TokenVerifier({NAME: IssuerConfig(NAME, OWN, "ES256", jwks, 300)})


async def ask(verifier: TokenVerifier, token: str) -> VerifiedToken:
    return await verifier.authenticate([f"Bearer {token}"])


async def is_believed(verifier: TokenVerifier, token: str) -> bool:
    try:
        await ask(verifier, token)
    except TokenInvalid:
        return False
    return True


@contextmanager
def after(**period: float) -> Iterator[None]:
    with clock.fixed_at(START + timedelta(**period)):
        yield


async def settle() -> None:
    """Let what was begun in the background end."""
    await asyncio.sleep(0.05)


async def test_many_first_requests_together_cause_one_fetch(provider: IdentityProvider) -> None:
    provider.delay = 0.05
    verifier = verifier_of(provider)
    tokens = [provider.issue("k1", f"stf_{number}", OWN) for number in range(20)]
    answers = await asyncio.gather(*(ask(verifier, token) for token in tokens))
    assert [answer.subject for answer in answers] == [f"stf_{number}" for number in range(20)]
    assert provider.fetches == 1


async def test_a_port_has_its_keys_when_it_starts(provider: IdentityProvider) -> None:
    verifier = verifier_of(provider)
    async with verifier.fresh_keys():
        assert provider.fetches == 1
        assert verifier.verify([f"Bearer {provider.issue('k1', 'stf_1', OWN)}"]).subject == "stf_1"


async def test_a_port_starts_although_the_provider_is_away_and_lets_nobody_in(provider: IdentityProvider) -> None:
    await provider.close()
    verifier = verifier_of(provider)
    async with verifier.fresh_keys():
        assert not await is_believed(verifier, provider.issue("k1", "stf_1", OWN))


async def test_an_unknown_key_is_looked_for_once_a_minute(provider: IdentityProvider) -> None:
    verifier = verifier_of(provider)
    provider.keys["forged"] = STRANGER_KEY
    for minutes, fetched in ((0.0, 1), (0.5, 1), (0.99, 1), (1.0, 2), (1.5, 2)):
        with after(minutes=minutes):
            forged = [provider.issue("forged", f"stf_{number}", OWN) for number in range(5)]
            assert not any(await asyncio.gather(*(is_believed(verifier, token) for token in forged)))
        assert provider.fetches == fetched


async def test_a_key_that_appeared_since_is_found_at_once(provider: IdentityProvider) -> None:
    verifier = verifier_of(provider)
    with after(seconds=0):
        await ask(verifier, provider.issue("k1", "stf_1", OWN))
        provider.add_key("k2")
    with after(minutes=1):
        assert (await ask(verifier, provider.issue("k2", "stf_2", OWN))).subject == "stf_2"


async def test_a_retired_key_is_gone_within_minutes_and_nobody_waits_for_it(provider: IdentityProvider) -> None:
    verifier = verifier_of(provider)
    with after(minutes=0):
        await ask(verifier, provider.issue("k1", "stf_1", OWN))
    provider.add_key("k2")
    provider.published.remove("k1")
    with after(minutes=5):
        assert await is_believed(verifier, provider.issue("k1", "stf_1", OWN))  # the fetch has only begun
        await settle()
        assert provider.fetches == 2
        assert not await is_believed(verifier, provider.issue("k1", "stf_2", OWN))
        assert await is_believed(verifier, provider.issue("k2", "stf_2", OWN))


async def test_keys_serve_a_day_while_the_provider_is_away_and_then_none_does(provider: IdentityProvider) -> None:
    verifier = verifier_of(provider)
    with after(hours=0):
        await ask(verifier, provider.issue("k1", "stf_1", OWN))
    await provider.close()
    for hours, believed in ((1.0, True), (23.99, True), (24.0, False), (30.0, False)):
        with after(hours=hours):
            assert await is_believed(verifier, provider.issue("k1", "stf_1", OWN)) is believed, hours
            await settle()
    await provider.open()
    with after(hours=30, minutes=2):
        assert await is_believed(verifier, provider.issue("k1", "stf_1", OWN))


REDIRECT: dict[str, object] = {"status": 302, "more": ("Location: /jwks.json",)}
PACKED: dict[str, object] = {"body": gzip.compress(b" " * 10_000), "more": ("Content-Encoding: gzip",)}
BAD_ANSWERS: dict[str, dict[str, object]] = {
    "a redirect": REDIRECT,
    "not found": {"status": 404},
    "a fault": {"status": 503},
    "no JSON": {"body": b"<html>"},
    "an empty set": {"body": b'{"keys": []}'},
    "a private key": {"body": json.dumps({"keys": [ec_jwk(STRANGER_KEY, "k1") | {"d": "AAAA"}]}).encode()},
    "one key id twice": {"body": json.dumps({"keys": [ec_jwk(STRANGER_KEY, "k1")] * 2}).encode()},
    "too large": {"body": b'{"keys": []' + b" " * LARGEST_SET + b"}"},
    "packed": PACKED,
}


@pytest.mark.parametrize("kind", BAD_ANSWERS)
async def test_what_is_no_key_set_changes_nothing(provider: IdentityProvider, kind: str) -> None:
    verifier = verifier_of(provider)
    with after(minutes=0):
        await ask(verifier, provider.issue("k1", "stf_1", OWN))
    for name, value in BAD_ANSWERS[kind].items():
        setattr(provider, name, value)
    with after(minutes=10):
        provider.keys["k2"] = STRANGER_KEY
        assert not await is_believed(verifier, provider.issue("k2", "stf_1", OWN))
        assert provider.fetches == 2
        assert await is_believed(verifier, provider.issue("k1", "stf_2", OWN))


async def test_a_provider_that_hangs_holds_nobody_up_for_long(provider: IdentityProvider) -> None:
    provider.delay = 5
    verifier = verifier_of(provider)
    with patch("guibin.security.hosted_jwks.PATIENCE_SECONDS", 0.05):
        async with asyncio.timeout(1):
            assert not await is_believed(verifier, provider.issue("k1", "stf_1", OWN))


async def test_a_fetch_that_is_under_way_ends_with_the_port(provider: IdentityProvider) -> None:
    provider.delay = 5
    jwks = HostedJwks(provider.url, plain_on_loopback=True)
    jwks.refresh()
    async with asyncio.timeout(1):
        await jwks.close()
    await jwks.close()


@pytest.mark.parametrize(
    ("url", "on_loopback", "taken"),
    [
        ("https://login.bank.example/jwks", False, True),
        ("http://127.0.0.1:8/jwks", True, True),
        ("http://[::1]:8/jwks", True, True),
        ("http://localhost/jwks", True, True),
        ("http://127.0.0.1:8/jwks", False, False),
        ("http://login.bank.example/jwks", True, False),
        ("http://127.0.0.1.evil.example/jwks", True, False),
        ("https://user:secret@login.bank.example/jwks", False, False),
        ("file:///etc/passwd", True, False),
        ("ftp://127.0.0.1/jwks", True, False),
        ("https:///jwks", True, False),
    ],
)
def test_keys_are_fetched_over_https_and_from_this_machine_alone_without(
    url: str, *, on_loopback: bool, taken: bool
) -> None:
    if taken:
        HostedJwks(url, plain_on_loopback=on_loopback)
    else:
        with pytest.raises(JwksInvalid, match="https"):
            HostedJwks(url, plain_on_loopback=on_loopback)
