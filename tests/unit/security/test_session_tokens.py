"""The keys that sign customers' access tokens: one after the other, each published before it signs (trust: 4.4)."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guibin.core import clock
from guibin.security.errors import TokenInvalid
from guibin.security.jwks import FollowedJwks
from guibin.security.session_tokens import (
    SessionClaims,
    SessionIssuer,
    SessionKeys,
    SessionKeysInvalid,
    jwks_of,
    read_session_keys,
    write_session_keys,
)
from guibin.security.tokens import IssuerConfig, TokenVerifier
from guibin_tools.errors import OperatorError
from guibin_tools.keys.session_keys import rotate

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
ISSUER, AUDIENCE = "https://sessions.example", "guibin-customer-api"


def claims_at(now: datetime) -> SessionClaims:
    return SessionClaims(
        subject="cus_1",
        session_id="01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4",
        token_id="1",
        scopes=("points:read",),
        auth_time=now,
        issued_at=now,
        expires_at=now + timedelta(minutes=10),
    )


class Desk:
    """One process that issues and one that verifies, over the same files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.issuer = SessionIssuer(path, issuer=ISSUER, audience=AUDIENCE)
        config = IssuerConfig(ISSUER, AUDIENCE, "ES256", FollowedJwks(jwks_of(path)), 600)
        self.config = config

    def issue(self, now: datetime) -> str:
        with clock.fixed_at(now):
            return self.issuer.issue(claims_at(now))

    def is_good(self, token: str, now: datetime) -> bool:
        verifier = TokenVerifier({ISSUER: self.config})  # without what it remembered of the last minute
        with clock.fixed_at(now):
            try:
                verifier.verify([f"Bearer {token}"])
            except TokenInvalid:
                return False
        return True

    def rotate(self, now: datetime, *, at_once: bool = False) -> None:
        with clock.fixed_at(now):
            rotate(self.path, at_once=at_once)
        later = self.path.stat().st_mtime_ns + 1_000_000  # two writes within one tick of the file system's clock
        for path in (self.path, jwks_of(self.path)):
            os.utime(path, ns=(later, later))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    path = tmp_path / "session-keys.json"
    write_session_keys(path, SessionKeys.first(NOW))
    return Desk(path)


def test_an_issued_token_is_believed_and_says_whose_session_it_is(desk: Desk) -> None:
    token = desk.issue(NOW)
    with clock.fixed_at(NOW):
        said = TokenVerifier({ISSUER: desk.config}).verify([f"Bearer {token}"])
    assert (said.subject, said.session_id) == ("cus_1", "01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4")
    assert (said.scopes, said.auth_time) == (frozenset({"points:read"}), NOW)


def test_the_same_claims_give_the_same_token(desk: Desk) -> None:
    assert desk.issue(NOW) == desk.issue(NOW)


def test_the_private_keys_are_the_owners_alone_and_the_public_file_has_none(desk: Desk) -> None:
    assert desk.path.stat().st_mode & 0o777 == 0o600
    assert '"d"' not in jwks_of(desk.path).read_text()
    assert '"d"' in desk.path.read_text()


def test_a_rotation_refuses_no_good_token_and_retires_the_old_key(desk: Desk) -> None:
    """New key published, used, old one retired, with a token every ten minutes: none is refused wrongly."""
    rotated = NOW + timedelta(days=90)
    kids = [read_session_keys(desk.path).keys[0].kid]
    at = rotated - timedelta(minutes=20)
    while at < rotated + timedelta(hours=26):
        if at == rotated:
            desk.rotate(at)
            kids.append(read_session_keys(desk.path).keys[1].kid)
        token = desk.issue(at)
        assert desk.is_good(token, at)
        assert desk.is_good(token, at + timedelta(minutes=10))
        at += timedelta(minutes=10)
    signing = read_session_keys(desk.path)
    assert signing.signing_at(rotated + timedelta(hours=23)).kid == kids[0]
    assert signing.signing_at(rotated + timedelta(hours=24)).kid == kids[1]
    desk.rotate(rotated + timedelta(days=90))
    assert kids[0] not in {key.kid for key in read_session_keys(desk.path).keys}


def test_an_old_key_is_kept_as_long_as_a_token_of_it_may_live_and_an_hour(desk: Desk) -> None:
    old = read_session_keys(desk.path).keys[0].kid
    once = read_session_keys(desk.path).rotated(NOW)
    for minutes, kept in ((69, True), (71, False)):
        at = NOW + timedelta(hours=24, minutes=minutes)
        assert (old in {key.kid for key in once.rotated(at).keys}) is kept


def test_a_key_that_leaked_is_gone_at_once(desk: Desk) -> None:
    stolen = desk.issue(NOW)
    desk.rotate(NOW + timedelta(minutes=1), at_once=True)
    assert not desk.is_good(stolen, NOW + timedelta(minutes=1))
    fresh = desk.issue(NOW + timedelta(minutes=1))
    assert desk.is_good(fresh, NOW + timedelta(minutes=1))


def test_the_next_key_is_published_once(desk: Desk) -> None:
    desk.rotate(NOW)
    with pytest.raises(OperatorError, match="published already"):
        desk.rotate(NOW + timedelta(hours=1))


def test_the_first_key_is_made_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "keys/session-keys.json"
    with clock.fixed_at(NOW):
        assert "first key" in rotate(path, at_once=False)
        token = SessionIssuer(path, issuer=ISSUER, audience=AUDIENCE).issue(claims_at(NOW))
    assert Desk(path).is_good(token, NOW)


def test_a_file_that_is_broken_while_the_process_runs_stops_nobody(desk: Desk) -> None:
    for path in (desk.path, jwks_of(desk.path)):
        path.write_text("{")
        os.utime(path, ns=(1, 1))
    assert desk.is_good(desk.issue(NOW), NOW)


@pytest.mark.parametrize("content", ["", "{", "{}", '{"keys": []}', '{"keys": [1]}', '{"keys": [{"kid": "a"}]}'])
def test_a_file_without_usable_keys_is_refused_at_the_start(content: str, tmp_path: Path) -> None:
    path = tmp_path / "session-keys.json"
    path.write_text(content)
    with pytest.raises(SessionKeysInvalid, match=r"session-keys\.json"):
        SessionIssuer(path, issuer=ISSUER, audience=AUDIENCE)


def test_a_missing_file_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SessionKeysInvalid, match="No such file"):
        read_session_keys(tmp_path / "nowhere.json")
