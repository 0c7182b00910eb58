from datetime import timedelta

import pytest

from guibin.core import clock
from guibin.core.settings import Profile, Settings
from guibin.security.development_issuer import DEMO_LOGIN
from guibin.security.errors import ReauthRequired
from guibin.security.tokens import VerifiedToken
from guibin.web.identity import require_fresh_login


def token(acr: str | None, minutes: int | None) -> VerifiedToken:
    now = clock.now()
    return VerifiedToken(
        issuer="https://issuer.test",
        subject="stf_1",
        audience="guibin-bank-api",
        scopes=frozenset(),
        issued_at=now,
        expires_at=now + timedelta(hours=1),
        token_id=None,
        session_id=None,
        auth_time=None if minutes is None else now - timedelta(minutes=minutes),
        acr=acr,
    )


@pytest.mark.parametrize(("acr", "minutes"), [("mfa", 0), ("mfa", 14), ("phr", 1)])
def test_a_strong_login_of_a_short_while_ago_is_fresh(acr: str, minutes: int) -> None:
    require_fresh_login(token(acr, minutes), Settings(profile=Profile.PRODUCTION, fresh_login_acr="mfa,phr"))


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(("acr", "minutes"), [("mfa", 16), ("pwd", 1), (None, 1), ("mfa", None), (None, None)])
def test_an_old_or_weak_login_is_not(acr: str | None, minutes: int | None, profile: Profile) -> None:
    with pytest.raises(ReauthRequired):
        require_fresh_login(token(acr, minutes), Settings(profile=profile))


def test_a_demo_login_is_fresh_in_development_and_nowhere_else() -> None:
    require_fresh_login(token(DEMO_LOGIN, None), Settings(profile=Profile.DEVELOPMENT))
    with pytest.raises(ReauthRequired):
        require_fresh_login(token(DEMO_LOGIN, None), Settings(profile=Profile.PRODUCTION))
