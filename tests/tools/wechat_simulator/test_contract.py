"""Every endpoint, every check, the code that it gives: what the product's mapper must know."""

from collections.abc import Callable
from typing import Any

import pytest

from guibin.channels.rules import BEHAVIOURS, Behaviour
from support.wechat import LI, MINI_PROGRAM, OFFICIAL_ACCOUNT, WANG, WeChatSimulator
from support.wechat_calls import (
    AUTH,
    CHECK,
    FOLLOWER,
    LOGIN,
    OAUTH,
    PHONE,
    REFRESH,
    RESET,
    STABLE,
    TOKEN,
    USERINFO,
    Calls,
)

Ask = Callable[[Calls], dict[str, Any]]


def late(calls: Calls, seconds: float) -> None:
    calls.simulator.advance(seconds)


def account(appid: str, ask: Ask, **values: Any) -> Ask:
    """Change an account first."""

    def arranged(calls: Calls) -> dict[str, Any]:
        calls.simulator.seed_account(appid, **values)
        return ask(calls)

    return arranged


def twice(ask: Callable[[Calls, str], dict[str, Any]], code: Callable[[WeChatSimulator], str]) -> Ask:
    """Use one code two times."""

    def arranged(calls: Calls) -> dict[str, Any]:
        given = code(calls.simulator)
        ask(calls, given)
        return ask(calls, given)

    return arranged


def expired(ask: Callable[[Calls, str], dict[str, Any]], value: Callable[[Calls], str], seconds: float) -> Ask:
    """Use something after its time."""

    def arranged(calls: Calls) -> dict[str, Any]:
        given = value(calls)
        late(calls, seconds)
        return ask(calls, given)

    return arranged


def superseded(calls: Calls) -> dict[str, Any]:
    held = calls.access()
    late(calls, 31)
    calls.stable(force_refresh=True)
    return calls.phone(access=held)


def mini(ask: Ask, **values: Any) -> Ask:
    return account(MINI_PROGRAM, ask, **values)


def page(ask: Ask, **values: Any) -> Ask:
    return account(OFFICIAL_ACCOUNT, ask, **values)


def many(ask: Ask, times: int) -> Ask:
    """Make a call until it is one too many."""

    def arranged(calls: Calls) -> dict[str, Any]:
        for _ in range(times):
            assert not ask(calls).get("errcode")
        return ask(calls)

    return arranged


CONTRACT: list[tuple[str, str, int, Ask]] = [
    (TOKEN, "method", 43001, lambda calls: calls.token(method="POST")),
    (TOKEN, "grant_type", 40002, lambda calls: calls.token(grant_type="password")),
    (TOKEN, "appid missing", 41002, lambda calls: calls.token("")),
    (TOKEN, "appid unknown", 40013, lambda calls: calls.token("wx-nobody", secret="x")),
    (TOKEN, "secret missing", 41004, lambda calls: calls.token(secret=None)),
    (TOKEN, "secret wrong", 40125, lambda calls: calls.token(secret="wrong")),
    (TOKEN, "secret frozen", 40243, mini(lambda calls: calls.token(), frozen=True)),
    (TOKEN, "address", 40164, mini(lambda calls: calls.token(), ip_list=["192.0.2.1"])),
    (TOKEN, "day quota", 45009, mini(many(lambda calls: calls.token(), 2), quotas={"token_day": 2})),
    (STABLE, "method", 43002, lambda calls: calls.stable(method="GET")),
    (STABLE, "no JSON", 47001, lambda calls: calls.ask("POST", STABLE, {}, content=b"appid=1")),
    (STABLE, "JSON that is no object", 47001, lambda calls: calls.ask("POST", STABLE, {}, content=b"[]")),
    (STABLE, "grant_type", 40002, lambda calls: calls.stable(grant_type=None)),
    (STABLE, "appid missing", 41002, lambda calls: calls.stable("")),
    (STABLE, "appid unknown", 40013, lambda calls: calls.stable("wx-nobody", secret="x")),
    (STABLE, "secret missing", 41004, lambda calls: calls.stable(secret=None)),
    (STABLE, "secret wrong", 40125, lambda calls: calls.stable(secret="wrong")),
    (STABLE, "secret frozen", 40243, mini(lambda calls: calls.stable(), frozen=True)),
    (STABLE, "address", 40164, mini(lambda calls: calls.stable(), ip_list=["192.0.2.1"])),
    (STABLE, "day quota", 45009, mini(many(lambda calls: calls.stable(), 1), quotas={"stable_day": 1})),
    (STABLE, "minute quota", 45011, mini(many(lambda calls: calls.stable(), 1), quotas={"stable_minute": 1})),
    (LOGIN, "method", 43001, lambda calls: calls.login(method="POST")),
    (LOGIN, "grant_type", 40002, lambda calls: calls.login(grant_type=None)),
    (LOGIN, "appid of another kind", 40013, lambda calls: calls.login(appid=OFFICIAL_ACCOUNT)),
    (LOGIN, "secret wrong", 40125, lambda calls: calls.login(secret="wrong")),
    (LOGIN, "code missing", 41008, lambda calls: calls.login(js_code=None)),
    (LOGIN, "code unknown", 40029, lambda calls: calls.login(js_code="x")),
    (LOGIN, "code of the phone button", 40029, lambda calls: calls.login(js_code=calls.simulator.phone_code())),
    (
        LOGIN,
        "code of another account",
        40029,
        lambda calls: calls.login(js_code=calls.simulator.login(LI, OFFICIAL_ACCOUNT)),
    ),
    (LOGIN, "code used", 40163, twice(lambda calls, code: calls.login(js_code=code), lambda wechat: wechat.login())),
    (
        LOGIN,
        "code expired",
        40029,
        expired(lambda calls, code: calls.login(js_code=code), lambda calls: calls.simulator.login(), 300),
    ),
    (LOGIN, "minute quota", 45011, mini(many(lambda calls: calls.login(), 2), quotas={"login_minute_user": 2})),
    (CHECK, "method", 43001, lambda calls: calls.signed(CHECK, method="POST")),
    (CHECK, "token missing", 41001, lambda calls: calls.signed(CHECK, access_token=None)),
    (CHECK, "openid unknown", 40003, lambda calls: calls.signed(CHECK, openid="o")),
    (CHECK, "sig_method", 87008, lambda calls: calls.signed(CHECK, sig_method="md5")),
    (CHECK, "signature", 87009, lambda calls: calls.signed(CHECK, signature="0" * 64)),
    (RESET, "signature", 87009, lambda calls: calls.signed(RESET, signature="0" * 64)),
    (RESET, "minute quota", 45011, mini(lambda calls: calls.signed(RESET), quotas={"reset_minute": 0})),
    (
        RESET,
        "key expired",
        87007,
        expired(
            lambda calls, key: calls.signed(RESET, key=key), lambda calls: calls.login()["session_key"], 3 * 86_400 + 1
        ),
    ),
    (PHONE, "method", 43002, lambda calls: calls.phone(method="GET")),
    (PHONE, "token missing", 41001, lambda calls: calls.phone(access=None)),
    (PHONE, "token unknown", 40014, lambda calls: calls.phone(access="x")),
    (PHONE, "token superseded", 40001, superseded),
    (
        PHONE,
        "token expired",
        42001,
        expired(lambda calls, token: calls.phone(access=token), lambda calls: calls.access(), 7_201),
    ),
    (PHONE, "token of another account", 48001, lambda calls: calls.phone(access=calls.access(OFFICIAL_ACCOUNT))),
    (
        PHONE,
        "form instead of JSON",
        47001,
        lambda calls: calls.ask("POST", PHONE, {"access_token": calls.access()}, data={"code": "x"}),
    ),
    (PHONE, "code unknown", 40029, lambda calls: calls.phone(code="x")),
    (PHONE, "code of wx.login", 40029, lambda calls: calls.phone(code=calls.simulator.login())),
    (
        PHONE,
        "code of another account",
        40013,
        lambda calls: calls.phone(code=calls.simulator.phone_code(LI, OFFICIAL_ACCOUNT)),
    ),
    (PHONE, "code used", 40163, twice(lambda calls, code: calls.phone(code=code), lambda wechat: wechat.phone_code())),
    (
        PHONE,
        "code expired",
        40029,
        expired(lambda calls, code: calls.phone(code=code), lambda calls: calls.simulator.phone_code(), 300),
    ),
    (PHONE, "openid of another person", 40003, lambda calls: calls.phone(openid=calls.simulator.openid(WANG))),
    (PHONE, "minute quota", 45011, mini(lambda calls: calls.phone(), quotas={"phone_minute": 0})),
    (OAUTH, "method", 43001, lambda calls: calls.oauth(method="POST")),
    (OAUTH, "grant_type", 40002, lambda calls: calls.oauth(grant_type=None)),
    (OAUTH, "appid of another kind", 40013, lambda calls: calls.oauth(appid=MINI_PROGRAM)),
    (OAUTH, "secret wrong", 40125, lambda calls: calls.oauth(secret="wrong")),
    (OAUTH, "code missing", 41008, lambda calls: calls.oauth(code=None)),
    (OAUTH, "code unknown", 40029, lambda calls: calls.oauth(code="x")),
    (OAUTH, "code of wx.login", 40029, lambda calls: calls.oauth(code=calls.simulator.login())),
    (OAUTH, "code used", 40163, twice(lambda calls, code: calls.oauth(code=code), lambda wechat: wechat.oauth())),
    (
        OAUTH,
        "code expired",
        42003,
        expired(lambda calls, code: calls.oauth(code=code), lambda calls: calls.simulator.oauth(), 300),
    ),
    (OAUTH, "minute quota", 45011, page(lambda calls: calls.oauth(), quotas={"oauth_minute": 0})),
    (REFRESH, "method", 43001, lambda calls: calls.refresh(method="POST")),
    (REFRESH, "grant_type", 40002, lambda calls: calls.refresh(grant_type=None)),
    (REFRESH, "appid missing", 41002, lambda calls: calls.refresh(appid=None)),
    (REFRESH, "appid unknown", 40013, lambda calls: calls.refresh(appid="wx-nobody")),
    (REFRESH, "token unknown", 40030, lambda calls: calls.refresh(refresh_token="x")),
    (REFRESH, "token of another account", 40030, lambda calls: calls.refresh(appid=MINI_PROGRAM)),
    (
        REFRESH,
        "token expired",
        42002,
        expired(
            lambda calls, token: calls.refresh(refresh_token=token),
            lambda calls: calls.oauth()["refresh_token"],
            30 * 86_400 + 1,
        ),
    ),
    (USERINFO, "method", 43001, lambda calls: calls.person(USERINFO, method="POST")),
    (USERINFO, "token missing", 41001, lambda calls: calls.person(USERINFO, access_token=None)),
    (USERINFO, "token unknown", 40001, lambda calls: calls.person(USERINFO, access_token="x")),
    (
        USERINFO,
        "token expired",
        42001,
        expired(
            lambda calls, token: calls.person(USERINFO, access_token=token),
            lambda calls: calls.oauth()["access_token"],
            7_201,
        ),
    ),
    (USERINFO, "openid of another person", 40003, lambda calls: calls.person(USERINFO, openid="o")),
    (USERINFO, "scope", 48001, lambda calls: calls.person(USERINFO, scope="snsapi_base")),
    (AUTH, "openid of another person", 40003, lambda calls: calls.person(AUTH, openid="o")),
    (AUTH, "the API's token", 40001, lambda calls: calls.person(AUTH, access_token=calls.access(OFFICIAL_ACCOUNT))),
    (FOLLOWER, "method", 43001, lambda calls: calls.follower(method="POST")),
    (FOLLOWER, "token missing", 41001, lambda calls: calls.follower(access_token=None)),
    (FOLLOWER, "token of another account", 48001, lambda calls: calls.follower(access_token=calls.access())),
    (FOLLOWER, "openid unknown", 40003, lambda calls: calls.follower(openid="o")),
]


@pytest.fixture
def calls(wechat_simulator: WeChatSimulator) -> Calls:
    return Calls(wechat_simulator)


@pytest.mark.parametrize(
    ("code", "ask"),
    [pytest.param(code, ask, id=f"{endpoint} {check}") for endpoint, check, code, ask in CONTRACT],
)
def test_each_check_of_each_endpoint_gives_its_code(calls: Calls, code: int, ask: Ask) -> None:
    said = ask(calls)
    assert said["errcode"] == code
    assert "rid: " in said["errmsg"]


def test_the_products_mapper_has_a_row_for_each_code_of_the_contract() -> None:
    codes = {code for _, _, code, _ in CONTRACT}
    assert codes <= set(BEHAVIOURS)
    assert Behaviour.OK not in {BEHAVIOURS[code] for code in codes}


RIGHT: dict[str, Ask] = {
    TOKEN: lambda calls: calls.token(),
    STABLE: lambda calls: calls.stable(),
    LOGIN: lambda calls: calls.login(),
    CHECK: lambda calls: calls.signed(CHECK),
    RESET: lambda calls: calls.signed(RESET),
    PHONE: lambda calls: calls.phone(),
    OAUTH: lambda calls: calls.oauth(),
    REFRESH: lambda calls: calls.refresh(),
    USERINFO: lambda calls: calls.person(USERINFO),
    AUTH: lambda calls: calls.person(AUTH),
    FOLLOWER: lambda calls: calls.follower(),
}


@pytest.mark.parametrize("endpoint", RIGHT)
def test_a_right_call_is_answered(calls: Calls, endpoint: str) -> None:
    assert not RIGHT[endpoint](calls).get("errcode")


def test_every_endpoint_has_rows_in_the_contract() -> None:
    assert {endpoint for endpoint, *_ in CONTRACT} == set(RIGHT)
