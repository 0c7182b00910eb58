import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from unit.security.forging import verify

from guibin.core import clock
from guibin.security.development_issuer import DevelopmentIssuer
from guibin.security.jwks import Jwks
from guibin.security.tokens import IssuerConfig

ISSUER, OWN = "https://issuer.guibin.local", "guibin-bank-api"
NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
DAY = 86_400
SCOPES = frozenset({"points:read", "points:redeem"})

FIRST_USE_OF_BOTH = """
import sys, pathlib
from guibin.security.development_issuer import DevelopmentIssuer
from guibin.security.jwks import Jwks
from guibin.security.tokens import IssuerConfig, TokenVerifier
folder = pathlib.Path(sys.argv[1])
token = DevelopmentIssuer.open(folder, "https://x").issue("stf_1", "a")
config = IssuerConfig("https://x", "a", "ES256", Jwks.from_file(folder / "jwks.json"), 86400)
TokenVerifier({"https://x": config}).verify([f"Bearer {token}"])
print(sorted({"ecdsa", "rsa"} & set(sys.modules)))
"""


def issuers(directory: Path) -> dict[str, IssuerConfig]:
    return {ISSUER: IssuerConfig(ISSUER, OWN, "ES256", Jwks.from_file(directory / "jwks.json"), DAY)}


def test_an_issued_token_is_believed(tmp_path: Path) -> None:
    issuer = DevelopmentIssuer.open(tmp_path, ISSUER)
    with clock.fixed_at(NOW):
        token = issuer.issue("stf_1", OWN, scopes=SCOPES, lifetime=timedelta(minutes=5), auth_time=NOW, acr="mfa")
    verified = verify([f"Bearer {token}"], issuers(tmp_path), NOW)
    assert (verified.subject, verified.scopes, verified.auth_time, verified.acr) == ("stf_1", SCOPES, NOW, "mfa")
    assert verified.expires_at - verified.issued_at == timedelta(minutes=5)


def test_a_token_says_no_more_than_it_was_asked_to(tmp_path: Path) -> None:
    with clock.fixed_at(NOW):
        token = DevelopmentIssuer.open(tmp_path, ISSUER).issue("stf_1", OWN)
    verified = verify([f"Bearer {token}"], issuers(tmp_path), NOW)
    assert (verified.scopes, verified.auth_time, verified.acr) == (frozenset(), None, None)


def test_every_token_has_an_id_of_its_own(tmp_path: Path) -> None:
    issuer = DevelopmentIssuer.open(tmp_path, ISSUER)
    tokens = [issuer.issue("stf_1", OWN) for _ in range(2)]
    ids = {verify([f"Bearer {token}"], issuers(tmp_path), clock.now()).token_id for token in tokens}
    assert len(ids) == 2


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    starters = 8
    line = Barrier(starters)

    def start() -> str:
        line.wait()
        return DevelopmentIssuer.open(tmp_path, ISSUER).issue("stf_1", OWN)

    with ThreadPoolExecutor(starters) as pool:
        tokens = [started.result() for started in [pool.submit(start) for _ in range(starters)]]
    assert {verify([f"Bearer {token}"], issuers(tmp_path), clock.now()).subject for token in tokens} == {"stf_1"}


@pytest.mark.parametrize("lifetime", [timedelta(hours=24, seconds=1), timedelta(0), timedelta(seconds=-1)])
def test_a_development_token_lives_a_second_to_a_day(tmp_path: Path, lifetime: timedelta) -> None:
    with pytest.raises(ValueError, match="24 hours"):
        DevelopmentIssuer.open(tmp_path, ISSUER).issue("stf_1", OWN, lifetime=lifetime)


def test_the_key_is_kept_and_tokens_of_an_earlier_start_still_hold(tmp_path: Path) -> None:
    token = DevelopmentIssuer.open(tmp_path, ISSUER).issue("stf_1", OWN)
    DevelopmentIssuer.open(tmp_path, ISSUER)
    assert verify([f"Bearer {token}"], issuers(tmp_path), clock.now()).subject == "stf_1"


def test_the_private_key_is_readable_by_its_owner_only_and_not_in_the_key_set(tmp_path: Path) -> None:
    directory = tmp_path / "issuer"
    DevelopmentIssuer.open(directory, ISSUER)
    secret = json.loads((directory / "private.json").read_bytes())["d"]
    assert (directory / "private.json").stat().st_mode & 0o777 == 0o600
    assert secret not in (directory / "jwks.json").read_text()


def test_a_lost_key_set_is_made_again_from_the_private_key(tmp_path: Path) -> None:
    token = DevelopmentIssuer.open(tmp_path, ISSUER).issue("stf_1", OWN)
    (tmp_path / "jwks.json").unlink()
    DevelopmentIssuer.open(tmp_path, ISSUER)
    assert verify([f"Bearer {token}"], issuers(tmp_path), clock.now()).subject == "stf_1"


def test_the_repr_of_an_issuer_shows_no_key(tmp_path: Path) -> None:
    assert repr(DevelopmentIssuer.open(tmp_path, ISSUER)) == f"DevelopmentIssuer('{ISSUER}')"


def test_signing_and_verifying_use_neither_of_the_slow_pure_python_libraries(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FIRST_USE_OF_BOTH, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own text
    assert done.stdout.strip() == "[]"
