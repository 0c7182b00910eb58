import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from unit.security.forging import EC_KEY, PARTNER_KEY, RSA_KEY, changed, ec_jwk, rsa_jwk

from guibin.security.jwks import Jwks, JwksInvalid

SHORT_RSA_KEY = rsa.generate_private_key(65_537, 1_024)  # noqa: S505 - short on purpose


def key_set(*entries: object) -> Jwks:
    return Jwks.from_document({"keys": list(entries)})


def ec_entry(kid: str = "k1", **changes: Any) -> dict[str, Any]:
    return changed(ec_jwk(EC_KEY, kid), changes)


def test_a_key_is_found_by_its_id_and_its_algorithm() -> None:
    keys = key_set(ec_entry(use="sig", alg="ES256"), rsa_jwk(RSA_KEY, "r1"))
    found = keys.key_for("k1", "ES256")
    assert found is not None
    assert found["x"] == ec_jwk(EC_KEY, "k1")["x"]
    assert keys.key_for("r1", "RS256") is not None


@pytest.mark.parametrize(("kid", "algorithm"), [("k2", "ES256"), ("k1", "RS256"), ("r1", "ES256")])
def test_a_key_serves_no_other_id_and_no_other_algorithm(kid: str, algorithm: Any) -> None:
    assert key_set(ec_entry(), rsa_jwk(RSA_KEY, "r1")).key_for(kid, algorithm) is None


def test_only_public_members_of_a_key_are_kept() -> None:
    kept = key_set(ec_entry(use="sig", k="c2VjcmV0", x5c=["AAAA"])).key_for("k1", "ES256")
    assert kept is not None
    assert set(kept) == {"kty", "crv", "x", "y"}


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(ec_entry("x", use="enc"), id="for encryption"),
        pytest.param(ec_entry("x", alg="ES384"), id="for another algorithm"),
        pytest.param(ec_entry("x", alg=None), id="algorithm null"),
        pytest.param(changed(ec_entry(), {"kid": ...}), id="without an id"),
        pytest.param(changed(ec_entry(), {"kid": "a/b"}), id="with an id of another form"),
        pytest.param(changed(ec_entry(), {"kid": 1}), id="with a number as id"),
        pytest.param(ec_entry("x", crv="P-384"), id="on another curve"),
        pytest.param({"kty": "oct", "k": "c2VjcmV0", "kid": "x"}, id="a secret"),
        pytest.param({"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "x"}, id="Ed25519"),
        pytest.param({**rsa_jwk(RSA_KEY, "x"), "alg": "PS256"}, id="for PS256"),
        pytest.param({"kid": "x"}, id="of no kind"),
    ],
)
def test_a_key_that_may_not_verify_tokens_is_left_out(entry: dict[str, Any]) -> None:
    assert set(key_set(ec_entry("k1"), entry).keys) == {"k1"}
    with pytest.raises(JwksInvalid, match="no key for ES256 or RS256"):
        key_set(entry)


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        pytest.param([], "no key for ES256 or RS256", id="empty"),
        pytest.param(["k1"], "is no object", id="a key that is no object"),
        pytest.param([ec_entry(), {**ec_jwk(PARTNER_KEY, "k1")}], "stands twice", id="one id twice"),
        pytest.param([ec_entry(d="AAAA")], "contains a private key", id="a private key"),
        pytest.param([ec_entry(x=...)], "damaged", id="a coordinate missing"),
        pytest.param([ec_entry(x="AAAA")], "damaged", id="a point beside the curve"),
        pytest.param([ec_entry(x="王")], "damaged", id="a coordinate that is no base64"),
        pytest.param([ec_entry(x=7)], "damaged", id="a coordinate that is a number"),
        pytest.param([{**rsa_jwk(RSA_KEY, "r1"), "n": "!"}], "damaged", id="a modulus that is no base64"),
        pytest.param([changed(rsa_jwk(RSA_KEY, "r1"), {"e": ...})], "damaged", id="an exponent missing"),
        pytest.param([rsa_jwk(SHORT_RSA_KEY, "r1")], "fewer than 2048 bits", id="a short RSA key"),
    ],
)
def test_a_key_set_that_cannot_be_trusted_is_refused(entries: list[object], reason: str) -> None:
    with pytest.raises(JwksInvalid, match=reason):
        key_set(*entries)


@pytest.mark.parametrize("keys", [None, {}, "k1"])
def test_a_key_set_has_a_list_of_keys(keys: object) -> None:
    with pytest.raises(JwksInvalid, match="a list of keys"):
        Jwks.from_document({"keys": keys})


def test_a_key_set_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [ec_entry(x5c=["AAAA"])]}))
    assert Jwks.from_file(path) == key_set(ec_entry())


@pytest.mark.parametrize("content", [None, b"{", b"[]", b'{"keys":[]}', b'{"keys":[],"keys":[]}'])
def test_the_file_of_a_refused_key_set_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "jwks.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(JwksInvalid, match=r"key set .*jwks\.json: "):
        Jwks.from_file(path)


def test_a_point_of_another_curve_labelled_p256_is_damaged() -> None:
    point = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
    with pytest.raises(JwksInvalid, match="damaged"):
        key_set(ec_entry(x=f"{point.x:x}", y=f"{point.y:x}"))
