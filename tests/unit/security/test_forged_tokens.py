"""Every forged token differs from a genuine one in one point, and is signed with the genuine key where it can be."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jose import jwt
from jose.exceptions import JWKError
from unit.security.forging import (
    EC_KEY,
    ISSUER,
    ISSUERS,
    MAX_LIFE,
    NOW,
    OLD_BANK,
    OWN,
    PARTNER,
    PARTNER_KEY,
    RSA_KEY,
    SECONDS,
    STRANGER_KEY,
    b64,
    claims,
    ec_jwk,
    es256,
    forge,
    header,
    hs256,
    rs256,
    rsa_jwk,
    verify,
    with_claims,
    with_header,
)

from guibin.security.errors import TokenInvalid
from guibin.security.jwks import Jwks

EC_SECRETS = {
    "PEM": EC_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "DER": EC_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "point": EC_KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
    "OpenSSH": EC_KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    "JWK": json.dumps(ec_jwk(EC_KEY, "k1")).encode(),
    "nothing": b"",
}
RSA_SECRETS = {
    "PEM": RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "DER": RSA_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "PKCS1 DER": RSA_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1),
    "OpenSSH": RSA_KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    "JWK": json.dumps(rsa_jwk(RSA_KEY, "r1")).encode(),
}
HS256_OF_EC = {name: forge(header(alg="HS256"), sign=hs256(secret)) for name, secret in EC_SECRETS.items()}
HS256_OF_RSA = {
    name: forge(header(alg="HS256", kid="r1"), claims(iss=OLD_BANK), hs256(secret))
    for name, secret in RSA_SECRETS.items()
}

GENUINE = forge()
HEAD, BODY, SIGNATURE = GENUINE.split(".")
NESTED = b'{"alg":"ES256","typ":"at+jwt","kid":"k1","x":' + b"[" * 1_400 + b"]" * 1_400 + b"}"
RS256_HEADER = header(alg="RS256")
SUBJECT_TWICE = json.dumps(claims())[:-1].encode() + b',"sub":"cus_2"}'
OTHER_SPELLING = GENUINE[:-1] + chr(ord(GENUINE[-1]) + 1)  # the last four bits of the last character mean nothing


def raw_claim(name: str, literal: str) -> str:
    """Make a token with a claim that Python's own writer would not write."""
    return forge(body=json.dumps(claims(**{name: ...}))[:-1].encode() + f',"{name}":{literal}}}'.encode())


ALGORITHM_AND_KEY: dict[str, Callable[[], str]] = {
    "alg none without signature bytes": lambda: forge(header(alg="none"), sign=lambda _: b"") + "AA",
    "alg none, empty signature": lambda: forge(header(alg="none"), sign=lambda _: b""),
    "alg None with a genuine signature": lambda: with_header(alg="None"),
    "alg missing": lambda: with_header(alg=...),
    "alg null": lambda: with_header(alg=None),
    "alg as a list": lambda: with_header(alg=["ES256"]),
    "alg in lower case": lambda: with_header(alg="es256"),
    "alg ES384": lambda: with_header(alg="ES384"),
    "alg PS256": lambda: with_header(alg="PS256"),
    "RS256 against an ES256 issuer": lambda: forge(RS256_HEADER, sign=rs256(RSA_KEY)),
    "RS256 with the RSA issuer's kid against an ES256 issuer": lambda: forge(
        header(alg="RS256", kid="r1"), sign=rs256(RSA_KEY)
    ),
    "ES256 against an RS256 issuer": lambda: forge(header(kid="r1"), claims(iss=OLD_BANK)),
    "kid and key of another issuer": lambda: forge(header(kid="p1"), sign=es256(PARTNER_KEY)),
    "another issuer's name with the own key": lambda: forge(header(kid="k1"), claims(iss=PARTNER)),
    "another issuer's key under the own kid": lambda: forge(sign=es256(PARTNER_KEY)),
    "a stranger's key": lambda: forge(sign=es256(STRANGER_KEY)),
    "signature of zeros": lambda: forge(sign=lambda _: bytes(64)),
    "signature of half the length": lambda: forge(sign=lambda message: es256(EC_KEY)(message)[:32]),
    "claims exchanged after signing": lambda: f"{HEAD}.{b64(json.dumps(claims(sub='cus_2')).encode())}.{SIGNATURE}",
    "header exchanged after signing": lambda: f"{b64(json.dumps(header(x=1)).encode())}.{BODY}.{SIGNATURE}",
    **{f"HS256 with the public EC key as {name}": partial(str, token) for name, token in HS256_OF_EC.items()},
    **{f"HS256 with the public RSA key as {name}": partial(str, token) for name, token in HS256_OF_RSA.items()},
}

HEADER: dict[str, Callable[[], str]] = {
    "kid missing": lambda: with_header(kid=...),
    "kid unknown": lambda: with_header(kid="k2"),
    "kid empty": lambda: with_header(kid=""),
    "kid a path": lambda: with_header(kid="../../dev/null"),
    "kid SQL": lambda: with_header(kid="k1' OR '1'='1"),
    "kid a URL": lambda: with_header(kid="https://evil.example/k1"),
    "kid with a newline": lambda: with_header(kid="k1\n"),
    "kid a number": lambda: with_header(kid=1),
    "kid a list": lambda: with_header(kid=["k1"]),
    "kid too long": lambda: with_header(kid="k" * 65),
    "jku": lambda: with_header(jku="https://evil.example/jwks.json"),
    "x5u": lambda: with_header(x5u="https://evil.example/x.pem"),
    "x5c": lambda: with_header(x5c=["AAAA"]),
    "jwk of the signer": lambda: forge(header(jwk=ec_jwk(STRANGER_KEY, "k1")), sign=es256(STRANGER_KEY)),
    "jwk although genuine": lambda: with_header(jwk=ec_jwk(EC_KEY, "k1")),
    "crit": lambda: with_header(crit=["exp"]),
    "crit empty": lambda: with_header(crit=[]),
    "zip": lambda: with_header(zip="DEF"),
    "b64 false": lambda: with_header(b64=False),
    "typ missing": lambda: with_header(typ=...),
    "typ JWT, as an ID token has": lambda: with_header(typ="JWT"),
    "a whole ID token": lambda: forge(header(typ="JWT"), claims(aud="mini-program", nonce="n", at_hash="AAAA")),
    "typ of a refresh token": lambda: with_header(typ="rt+jwt"),
    "typ in upper case": lambda: with_header(typ="AT+JWT"),
    "typ a list": lambda: with_header(typ=["at+jwt"]),
    "alg twice": lambda: forge(b'{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"k1"}'),
    "header nested 1,400 deep": lambda: forge(NESTED, b"{}"),
    "header nested six deep": lambda: with_header(x=[[[[[]]]]]),
    "header no object": lambda: forge(b'["ES256"]'),
    "header not JSON": lambda: forge(b"alg=ES256"),
    "header with a byte order mark": lambda: forge(b"\xef\xbb\xbf" + json.dumps(header()).encode()),
}

ENCODING: dict[str, Callable[[], str]] = {
    "4,097 bytes": lambda: with_claims(x="a" * 2_800)[:3_000].ljust(4_097, "a"),
    "20 MB": lambda: "a" * 20_000_000,
    "20 MB in the payload": lambda: f"{HEAD}.{'A' * 20_000_000}.{SIGNATURE}",
    "trailing padding": lambda: GENUINE + "==",
    "padding in the header": lambda: f"{HEAD}=.{BODY}.{SIGNATURE}",
    "junk characters inside the signature": lambda: f"{HEAD}.{BODY}.{SIGNATURE[:40]}!!!!{SIGNATURE[40:]}",
    "spaces inside the signature": lambda: f"{HEAD}.{BODY}.{SIGNATURE[:40]}    {SIGNATURE[40:]}",
    "newlines inside the signature": lambda: f"{HEAD}.{BODY}.{SIGNATURE[:40]}\n\n\n\n{SIGNATURE[40:]}",
    "trailing newline": lambda: GENUINE + "\n",
    "trailing NUL": lambda: GENUINE + "\x00",
    "trailing space": lambda: GENUINE + " ",
    "leading space": lambda: " " + GENUINE,
    "two segments": lambda: f"{HEAD}.{BODY}",
    "four segments": lambda: f"{GENUINE}.{SIGNATURE}",
    "five segments, as an encrypted token has": lambda: f"{HEAD}.{BODY}.{SIGNATURE}.{BODY}.{SIGNATURE}",
    "empty": lambda: "",
    "an opaque refresh token": lambda: b64(bytes(range(32))),
    "dots only": lambda: "..",
    "empty payload": lambda: f"{HEAD}..{SIGNATURE}",
    "not ASCII": lambda: GENUINE[:-1] + "é",
    "full-width letter": lambda: "ｅ" + GENUINE[1:],
    "alphabet of plain base64": lambda: f"{HEAD}.{BODY}.{SIGNATURE[:-2]}+/",
    "segment of an impossible length": lambda: f"{HEAD}.{BODY}.{SIGNATURE}AAA",
    "second spelling of the same signature": lambda: OTHER_SPELLING,
    "payload a list": lambda: forge(body=b"[]"),
    "payload a text": lambda: forge(body=b'"sub"'),
    "payload not UTF-8": lambda: forge(body=json.dumps(claims(sub="cus_X")).encode().replace(b"X", b"\xff")),
    "payload not JSON": lambda: forge(body=b"sub=cus_1"),
    "payload nested six deep": lambda: with_claims(x=[[[[[]]]]]),
    "two tokens": lambda: f"{GENUINE}, Bearer {GENUINE}",
}

CLAIMS: dict[str, Callable[[], str]] = {
    **{f"no {name}": partial(with_claims, **{name: ...}) for name in ("exp", "aud", "iss", "sub", "iat")},
    **{f"{name} null": partial(with_claims, **{name: None}) for name in ("exp", "aud", "iss", "sub", "iat")},
    "exp 1 s beyond the leeway": lambda: with_claims(iat=SECONDS - 300, exp=SECONDS - 11),
    "exp a text": lambda: with_claims(exp=str(SECONDS + 300)),
    "exp a fraction": lambda: with_claims(exp=SECONDS + 300.5),
    "exp a whole fraction": lambda: raw_claim("exp", f"{SECONDS + 300}.0"),
    "exp true": lambda: with_claims(exp=True),
    "exp Infinity": lambda: raw_claim("exp", "Infinity"),
    "exp 1e400": lambda: raw_claim("exp", "1e400"),
    "exp 10^400": lambda: raw_claim("exp", "1" + "0" * 400),
    "exp 10^30": lambda: with_claims(exp=10**30),
    "a life of ten years": lambda: with_claims(exp=SECONDS + 10 * 365 * 86_400),
    "a life of one second too long": lambda: with_claims(exp=SECONDS + MAX_LIFE + 1),
    "a life of nothing": lambda: with_claims(exp=SECONDS, iat=SECONDS),
    "iat a text": lambda: with_claims(iat=str(SECONDS)),
    "iat a fraction": lambda: with_claims(iat=SECONDS + 0.5),
    "iat false": lambda: with_claims(iat=False),
    "iat 61 s ahead": lambda: with_claims(iat=SECONDS + 61),
    "nbf 11 s ahead": lambda: with_claims(nbf=SECONDS + 11),
    "nbf a text": lambda: with_claims(nbf=str(SECONDS)),
    "nbf true": lambda: with_claims(nbf=True),
    "nbf null": lambda: with_claims(nbf=None),
    "auth_time ahead": lambda: with_claims(auth_time=SECONDS + 61),
    "auth_time true": lambda: with_claims(auth_time=True),
    "auth_time a text": lambda: with_claims(auth_time=str(SECONDS)),
    "auth_time before all time": lambda: with_claims(auth_time=-(10**20)),
    "aud with a second service": lambda: with_claims(aud=[OWN, "guibin-bank-api"]),
    "aud of the other port": lambda: with_claims(aud="guibin-bank-api"),
    "aud twice the own": lambda: with_claims(aud=[OWN, OWN]),
    "aud an empty list": lambda: with_claims(aud=[]),
    "aud an object": lambda: with_claims(aud={OWN: 1}),
    "aud with a suffix": lambda: with_claims(aud=OWN + "-2"),
    "aud a part of the own": lambda: with_claims(aud=OWN[:-1]),
    "iss with a trailing slash": lambda: with_claims(iss=ISSUER + "/"),
    "iss with a suffix": lambda: with_claims(iss=ISSUER + ".evil.example"),
    "iss a part of the own": lambda: with_claims(iss=ISSUER[:-1]),
    "iss in upper case": lambda: with_claims(iss=ISSUER.upper()),
    "iss a list": lambda: with_claims(iss=[ISSUER]),
    "sub empty": lambda: with_claims(sub=""),
    "sub a number": lambda: with_claims(sub=1),
    "sub too long": lambda: with_claims(sub="c" * 256),
    "sub with NUL": lambda: with_claims(sub="cus_1\x00"),
    "sub with a lone surrogate": lambda: with_claims(sub="cus_1\ud800"),
    "sub twice": lambda: forge(body=SUBJECT_TWICE),
    "jti a number": lambda: with_claims(jti=1),
    "acr a list": lambda: with_claims(acr=["mfa"]),
    "scope a list": lambda: with_claims(scope=["points:read"]),
    "scope null": lambda: with_claims(scope=None),
    "a claim NaN": lambda: raw_claim("x", "NaN"),
    "at_hash of an ID token": lambda: with_claims(at_hash="AAAA"),
}

FORGED = {**ALGORITHM_AND_KEY, **HEADER, **ENCODING, **CLAIMS}


def refusal(header_values: list[str]) -> TokenInvalid:
    with pytest.raises(TokenInvalid) as caught:
        verify(header_values, ISSUERS, NOW)
    return caught.value


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_token_is_refused_and_the_refusal_does_not_say_why(kind: str) -> None:
    error = refusal([f"Bearer {FORGED[kind]()}"])
    assert (error.code, error.facts, error.args) == ("token_invalid", {}, ("token_invalid",))
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


def test_the_suite_has_at_least_forty_kinds() -> None:
    assert len(FORGED) >= 40


@pytest.mark.parametrize(
    "genuine",
    [
        pytest.param(forge(), id="the model of all forgeries"),
        pytest.param(forge(header(alg="RS256", kid="r1"), claims(iss=OLD_BANK), rs256(RSA_KEY)), id="RS256"),
        pytest.param(
            forge(header(kid="p1"), claims(iss=PARTNER), es256(PARTNER_KEY)), id="another issuer of the table"
        ),
        pytest.param(with_claims(aud=[OWN]), id="aud as a list of one"),
        pytest.param(with_claims(iat=SECONDS - 300, exp=SECONDS - 10), id="exp at the end of the leeway"),
        pytest.param(with_claims(exp=SECONDS + MAX_LIFE), id="the longest life"),
        pytest.param(with_claims(iat=SECONDS + 60), id="iat 60 s ahead"),
        pytest.param(with_claims(nbf=SECONDS + 10), id="nbf at the end of the leeway"),
        pytest.param(with_claims(auth_time=SECONDS + 60), id="auth_time 60 s ahead"),
        pytest.param(with_claims(sub="c" * 255), id="the longest sub"),
        pytest.param(with_header(kid="k1", x5t="AAAA", x=[[[[]]]]), id="harmless members in the header"),
    ],
)
def test_a_genuine_token_at_the_edge_of_the_rules_is_believed(genuine: str) -> None:
    assert verify([f"Bearer {genuine}"], ISSUERS, NOW).audience == OWN


def test_a_token_of_4096_bytes_is_believed_and_one_byte_more_is_not() -> None:
    sizes = {len(token): token for token in (with_claims(x="a" * length) for length in range(2_600, 2_900))}
    assert verify([f"Bearer {sizes[4_096]}"], ISSUERS, NOW).subject == "cus_1"
    refusal([f"Bearer {sizes[4_097]}"])
    refusal([f"DPoP {sizes[4_097]}"])


@pytest.mark.parametrize("algorithms", [None, ["ES256", "HS256"], ["RS256", "HS256"], "HS256"], ids=str)
@pytest.mark.parametrize("forgeries", [HS256_OF_EC, HS256_OF_RSA], ids=["EC", "RSA"])
def test_a_public_key_given_as_jwk_is_never_a_secret_even_if_the_algorithm_list_fails(
    forgeries: dict[str, str], algorithms: list[str] | str | None
) -> None:
    ec, rsa = ISSUERS[ISSUER].jwks.key_for("k1", "ES256"), ISSUERS[OLD_BANK].jwks.key_for("r1", "RS256")
    key = ec if forgeries is HS256_OF_EC else rsa
    assert key is not None
    for forged in forgeries.values():
        with pytest.raises(JWKError, match="Incorrect key type"):
            jwt.decode(forged, key, algorithms=algorithms, audience=OWN)


def test_the_library_gets_one_public_jwk_and_a_list_of_one_algorithm(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[object, object]] = []

    def spy(_token: str, key: object, *, algorithms: object, **_: object) -> None:
        calls.append((key, algorithms))

    monkeypatch.setattr("guibin.security.tokens.jwt.decode", spy)
    verify([f"Bearer {GENUINE}"], ISSUERS, NOW)
    public = {name: value for name, value in ec_jwk(EC_KEY, "k1").items() if name != "kid"}
    assert calls == [(public, ["ES256"])]


def without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guibin.security.tokens.jwt.decode", lambda *_args, **_options: {})


def test_the_signature_and_nothing_else_refuses_a_strangers_key(monkeypatch: pytest.MonkeyPatch) -> None:
    forged = forge(sign=es256(STRANGER_KEY))
    refusal([f"Bearer {forged}"])
    without_the_library(monkeypatch)
    assert verify([f"Bearer {forged}"], ISSUERS, NOW).subject == "cus_1"


@pytest.mark.parametrize(
    "kind", [kind for kind in {**HEADER, **ENCODING, **CLAIMS} if kind != "at_hash of an ID token"]
)
def test_our_own_checks_refuse_a_forged_token_even_if_the_library_lets_it_pass(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_the_library(monkeypatch)
    refusal([f"Bearer {FORGED[kind]()}"])


@pytest.mark.parametrize("kind", [kind for kind in ALGORITHM_AND_KEY if kind.startswith(("alg ", "HS256", "RS256"))])
def test_our_own_checks_refuse_another_algorithm_even_if_the_library_lets_it_pass(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_the_library(monkeypatch)
    refusal([f"Bearer {FORGED[kind]()}"])


def test_an_issuer_under_another_name_in_the_table_is_refused_even_if_the_library_lets_it_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_the_library(monkeypatch)
    with pytest.raises(TokenInvalid):
        verify([f"Bearer {GENUINE}"], {ISSUER: replace(ISSUERS[ISSUER], issuer=PARTNER)}, NOW)


def test_a_key_id_of_another_form_is_refused_even_if_a_key_has_it() -> None:
    key = Jwks.from_document({"keys": [ec_jwk(EC_KEY, "k1")]}).keys["k1"]
    config = replace(ISSUERS[ISSUER], jwks=Jwks({"../k1": key, "k1": key}))
    assert verify([f"Bearer {GENUINE}"], {ISSUER: config}, NOW).subject == "cus_1"
    with pytest.raises(TokenInvalid):
        verify([f"Bearer {with_header(kid='../k1')}"], {ISSUER: config}, NOW)
