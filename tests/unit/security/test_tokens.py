from datetime import UTC, datetime, timedelta

import pytest
from unit.security.forging import (
    EC_KEY,
    ISSUER,
    ISSUERS,
    NOW,
    OWN,
    SECONDS,
    STRANGER_KEY,
    ec_jwk,
    es256,
    forge,
    issuer_config,
    verify,
    with_claims,
)

from guibin.core import clock
from guibin.security.errors import TokenInvalid, TokenRequired
from guibin.security.jwks import Jwks
from guibin.security.tokens import IssuerConfig, TokenVerifier, VerifiedToken

MINUTE = timedelta(minutes=1)
LATER = 300


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def verified_at(verifier: TokenVerifier, token: str, instant: datetime) -> VerifiedToken:
    with clock.fixed_at(instant):
        return verifier.verify([f"Bearer {token}"])


def test_a_genuine_token_tells_who_is_calling() -> None:
    token = with_claims(
        sub="stf_7",
        jti="t-1",
        scope="points:read profile:read:self",
        auth_time=SECONDS - 60,
        acr="mfa",
        exp=SECONDS + LATER,
    )
    assert verify([f"Bearer {token}"], ISSUERS, NOW) == VerifiedToken(
        issuer=ISSUER,
        subject="stf_7",
        audience=OWN,
        scopes=frozenset({"points:read", "profile:read:self"}),
        issued_at=NOW,
        expires_at=later(LATER),
        token_id="t-1",
        session_id=None,
        auth_time=NOW - MINUTE,
        acr="mfa",
    )


def test_what_a_token_does_not_say_is_empty() -> None:
    verified = verify([f"Bearer {forge()}"], ISSUERS, NOW)
    assert (verified.scopes, verified.token_id, verified.auth_time, verified.acr) == (frozenset(), None, None, None)


def test_instants_are_in_utc() -> None:
    assert verify([f"Bearer {forge()}"], ISSUERS, NOW).issued_at.tzinfo is UTC


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "DPoP", "dpop"])
def test_the_scheme_is_read_in_any_case(scheme: str) -> None:
    assert verify([f"{scheme} {forge()}"], ISSUERS, NOW).subject == "cus_1"


def test_without_a_header_a_token_is_required() -> None:
    with pytest.raises(TokenRequired):
        verify([], ISSUERS, NOW)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([""], id="an empty header"),
        pytest.param(["Bearer"], id="a scheme alone"),
        pytest.param(["Bearer "], id="a scheme and a space"),
        pytest.param([forge()], id="a token alone"),
        pytest.param([f"Basic {forge()}"], id="another scheme"),
        pytest.param([f"Bearer  {forge()}"], id="two spaces"),
        pytest.param([f"Bearer\t{forge()}"], id="a tab"),
        pytest.param([f" Bearer {forge()}"], id="a leading space"),
        pytest.param([f"Bearer {forge()}"] * 2, id="the header twice"),
        pytest.param([f"Bearer {forge()}", ""], id="a second, empty header"),
    ],
)
def test_a_header_of_another_form_is_refused(values: list[str]) -> None:
    with pytest.raises(TokenInvalid):
        verify(values, ISSUERS, NOW)


def test_a_port_without_the_issuer_refuses_its_tokens() -> None:
    with pytest.raises(TokenInvalid):
        verify([f"Bearer {forge()}"], {}, NOW)


def test_the_name_in_the_table_does_not_stand_in_for_the_issuers_own_name() -> None:
    mislabelled = {ISSUER: issuer_config("https://other.example", ec_jwk(EC_KEY, "k1"))}
    with pytest.raises(TokenInvalid):
        verify([f"Bearer {forge()}"], mislabelled, NOW)


def test_an_issuer_signs_with_an_asymmetric_algorithm_of_the_two_allowed() -> None:
    jwks = Jwks.from_document({"keys": [ec_jwk(EC_KEY, "k1")]})
    with pytest.raises(ValueError, match="ES256 or RS256"):
        IssuerConfig(ISSUER, OWN, "HS256", jwks, 600)  # type: ignore[arg-type] # that is the point


def test_a_verified_token_is_remembered_for_a_minute() -> None:
    verifier, token = TokenVerifier(ISSUERS), forge()
    first = verified_at(verifier, token, NOW)
    assert verified_at(verifier, token, later(59.9)) is first
    assert verified_at(verifier, token, later(60)) is not first


def test_a_token_used_all_the_time_is_verified_again_every_minute() -> None:
    verifier, token = TokenVerifier(ISSUERS), forge()
    first = verified_at(verifier, token, NOW)
    assert verified_at(verifier, token, later(30)) is first
    assert verified_at(verifier, token, later(61)) is not first


def test_a_remembered_token_is_not_believed_past_its_life() -> None:
    verifier, token = TokenVerifier(ISSUERS), with_claims(exp=SECONDS + 20)
    first = verified_at(verifier, token, NOW)
    assert verified_at(verifier, token, later(19)) is first
    assert verified_at(verifier, token, later(21)) is not first
    with pytest.raises(TokenInvalid):
        verified_at(verifier, token, later(31))


def test_a_refused_token_is_never_remembered() -> None:
    verifier, token = TokenVerifier(ISSUERS), with_claims(nbf=SECONDS + 30, iat=SECONDS)
    with pytest.raises(TokenInvalid):
        verified_at(verifier, token, NOW)
    assert verified_at(verifier, token, later(30)).subject == "cus_1"


def test_remembering_a_genuine_token_helps_no_forgery_of_it() -> None:
    verifier = TokenVerifier(ISSUERS)
    genuine = forge()
    verified_at(verifier, genuine, NOW)
    forged = f"{genuine.rpartition('.')[0]}.{forge(sign=es256(STRANGER_KEY)).rpartition('.')[2]}"
    with pytest.raises(TokenInvalid):
        verified_at(verifier, forged, NOW)


def test_one_port_does_not_know_what_another_port_remembers() -> None:
    token = forge()
    verified_at(TokenVerifier(ISSUERS), token, NOW)
    bank = {ISSUER: issuer_config(ISSUER, ec_jwk(EC_KEY, "k1"), audience="guibin-bank-api")}
    with pytest.raises(TokenInvalid):
        verified_at(TokenVerifier(bank), token, NOW)


def test_a_full_memory_forgets_the_token_that_was_not_used_for_longest() -> None:
    verifier = TokenVerifier(ISSUERS, cache_size=2)
    old, used, new = (with_claims(jti=name) for name in ("old", "used", "new"))
    first = {token: verified_at(verifier, token, NOW) for token in (used, old)}
    assert verified_at(verifier, used, NOW) is first[used]
    verified_at(verifier, new, NOW)
    assert verified_at(verifier, used, NOW) is first[used]
    assert verified_at(verifier, old, NOW) is not first[old]


def test_a_verifier_also_requires_a_token() -> None:
    with pytest.raises(TokenRequired):
        TokenVerifier(ISSUERS).verify([])
