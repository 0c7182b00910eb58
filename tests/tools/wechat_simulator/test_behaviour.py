"""What lasts longer than one call: tokens that overlap, keys that are replaced, pages, followers, control."""

import json
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from guibin_tools.settings import child_environment
from guibin_tools.wechat_simulator.settings import SimulatorSettings, StartRefused
from support.wechat import LI, MINI_PROGRAM, OFFICIAL_ACCOUNT, PHONES, REDIRECT_HOST, WeChatSimulator
from support.wechat_calls import AUTH, CHECK, PHONE, RESET, USERINFO, Calls


@pytest.fixture
def calls(wechat_simulator: WeChatSimulator) -> Calls:
    return Calls(wechat_simulator)


def test_a_stable_token_stays_the_same_until_its_last_five_minutes(calls: Calls) -> None:
    first = calls.stable()
    calls.simulator.advance(6_800)
    assert calls.stable()["access_token"] == first["access_token"]
    calls.simulator.advance(200)
    second = calls.stable()
    assert second["access_token"] != first["access_token"]
    for token in (first, second):
        assert calls.phone(access=token["access_token"])["errcode"] == 0


def test_a_forced_refresh_kills_the_old_token_at_once_and_does_nothing_within_half_a_minute(calls: Calls) -> None:
    first = calls.access()
    assert calls.stable(force_refresh=True)["access_token"] == first
    calls.simulator.advance(31)
    assert calls.stable(force_refresh=True)["access_token"] != first
    assert calls.phone(access=first)["errcode"] == 40001


def test_forced_refreshes_are_counted_by_the_day(calls: Calls) -> None:
    calls.simulator.seed_account(MINI_PROGRAM, quotas={"force_day": 1})
    calls.stable(force_refresh=True)
    calls.simulator.advance(31)
    assert calls.stable(force_refresh=True)["errcode"] == 45009
    calls.simulator.advance(86_400)
    assert "access_token" in calls.stable(force_refresh=True)


def test_a_plain_token_outlives_its_successor_by_five_minutes(calls: Calls) -> None:
    first = calls.token()["access_token"]
    calls.token()
    calls.simulator.advance(299)
    assert calls.phone(access=first)["errcode"] == 0
    calls.simulator.advance(2)
    assert calls.phone(access=first)["errcode"] == 40001


def test_the_two_kinds_of_token_do_not_touch_each_other(calls: Calls) -> None:
    stable = calls.access()
    calls.token()
    calls.token()
    calls.simulator.advance(400)
    assert calls.phone(access=stable)["errcode"] == 0


def test_each_login_replaces_the_session_key(calls: Calls) -> None:
    old = calls.login()["session_key"]
    new = calls.login()["session_key"]
    assert calls.signed(CHECK, key=old)["errcode"] == 87009
    assert calls.signed(CHECK, key=new)["errcode"] == 0


def test_a_session_key_that_is_reset_dies_and_its_successor_ends_when_it_would_have(calls: Calls) -> None:
    old = calls.login()["session_key"]
    new = calls.signed(RESET, key=old)["session_key"]
    assert calls.signed(CHECK, key=old)["errcode"] == 87009
    calls.simulator.advance(3 * 86_400 + 1)
    assert calls.signed(RESET, key=new)["errcode"] == 87007


def test_open_data_is_made_for_the_session(calls: Calls) -> None:
    with pytest.raises(AssertionError, match="session"):
        calls.simulator.control(f"/users/{LI}/open_data", {"appid": MINI_PROGRAM})
    calls.login()
    data = calls.simulator.control(f"/users/{LI}/open_data", {"appid": MINI_PROGRAM})
    assert set(data) == {"rawData", "signature", "encryptedData", "iv"}


def test_a_foreign_phone_number_carries_its_country_code(calls: Calls) -> None:
    calls.simulator.control("/seed", {"users": [{"uid": LI, "phone": "51234567", "country": "852"}]})
    info = calls.phone()["phone_info"]
    assert (info["phoneNumber"], info["purePhoneNumber"]) == ("85251234567", "51234567")


def test_a_person_who_is_blocked_cannot_log_in(calls: Calls) -> None:
    calls.simulator.control("/seed", {"users": [{"uid": LI, "phone": PHONES[LI], "blocked": True}]})
    assert calls.login()["errcode"] == 40226


def test_the_unionid_comes_with_the_wider_scope_only(calls: Calls) -> None:
    assert "unionid" not in calls.oauth(scope="snsapi_base")
    assert calls.oauth()["unionid"] == calls.login()["unionid"] == calls.person(USERINFO)["unionid"]


def test_a_snapshot_user_is_made_up_each_time(calls: Calls) -> None:
    said = [calls.oauth(code=calls.simulator.oauth(decision="snapshot")) for _ in range(2)]
    assert {answer["is_snapshotuser"] for answer in said} == {1}
    assert len({answer["openid"] for answer in said} | {calls.simulator.openid(LI, OFFICIAL_ACCOUNT)}) == 3


def test_a_refreshed_token_of_a_person_opens_the_same(calls: Calls) -> None:
    held = calls.refresh()
    assert calls.ask("GET", AUTH, {"access_token": held["access_token"], "openid": held["openid"]})["errcode"] == 0


def authorize(calls: Calls, **changed: str) -> httpx.Response:
    query = {
        "appid": OFFICIAL_ACCOUNT,
        "redirect_uri": f"https://{REDIRECT_HOST}/vip?x=1",
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "S1",
        "sim_uid": LI,
    }
    return calls.simulator.client.get("/connect/oauth2/authorize", params=query | changed)


def test_a_silent_page_sends_the_person_back_with_code_and_state(calls: Calls) -> None:
    answer = authorize(calls)
    assert answer.status_code == 302
    back = urlsplit(answer.headers["location"])
    given = {name: values[0] for name, values in parse_qs(back.query).items()}
    assert (back.hostname, given["x"], given["state"]) == (REDIRECT_HOST, "1", "S1")
    assert calls.oauth(code=given["code"])["openid"] == calls.simulator.openid(LI, OFFICIAL_ACCOUNT)


def test_the_page_asks_and_takes_agree_refuse_and_snapshot(calls: Calls) -> None:
    page = authorize(calls, scope="snsapi_userinfo")
    assert page.status_code == 200
    links = [part.partition('"')[0].replace("&amp;", "&") for part in page.text.split('href="')[1:]]
    answers = [calls.simulator.client.get(link).headers["location"] for link in links[:3]]
    agreed, refused, snapshot = (parse_qs(urlsplit(answer).query) for answer in answers)
    assert calls.oauth(code=agreed["code"][0])["unionid"]
    assert "code" not in refused
    assert calls.oauth(code=snapshot["code"][0])["is_snapshotuser"] == 1


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"redirect_uri": "https://evil.example/"}, "10003"),
        ({"redirect_uri": f"https://{REDIRECT_HOST}.evil.example/"}, "10003"),
        ({"appid": MINI_PROGRAM}, "10012"),
        ({"scope": "all"}, "10005"),
        ({"response_type": "token"}, "10005"),
        ({"state": "a b"}, "state"),
        ({"state": "x" * 129}, "state"),
    ],
)
def test_a_page_that_is_asked_for_wrongly_says_so_and_sends_nobody_back(
    calls: Calls, changed: dict[str, str], fault: str
) -> None:
    answer = authorize(calls, **changed)
    assert answer.status_code == 200
    assert f"Error{'' if fault == 'state' else ' ' + fault}" in answer.text


def test_only_a_follower_is_described(calls: Calls) -> None:
    assert calls.follower() == {"subscribe": 0, "openid": calls.simulator.openid(LI, OFFICIAL_ACCOUNT)}
    calls.simulator.control(f"/users/{LI}/follow", {"appid": OFFICIAL_ACCOUNT})
    assert calls.follower()["unionid"] == calls.login()["unionid"]
    calls.simulator.control(f"/users/{LI}/unfollow", {"appid": OFFICIAL_ACCOUNT})
    assert calls.follower()["subscribe"] == 0


def test_the_log_of_requests_shows_no_secret_and_no_person(calls: Calls) -> None:
    code = calls.simulator.login()
    said = calls.login(js_code=code)
    calls.phone()
    log = json.dumps(calls.simulator.requests())
    for hidden in (code, said["openid"], said["session_key"], "mini-program-secret", calls.access()):
        assert hidden not in log
    assert calls.simulator.requests(PHONE)[0]["body"]["openid"].startswith("#")


def test_a_rule_of_failure_strikes_the_call_that_it_names(calls: Calls) -> None:
    calls.simulator.fail("^/sns/", "errcode", errcode=-1, nth=2)
    assert [calls.login().get("errcode") for _ in range(3)] == [None, -1, None]
    calls.simulator.heal()
    calls.simulator.fail("^/sns/", "errcode", errcode=-1, appid=OFFICIAL_ACCOUNT)
    assert calls.login().get("errcode") is None
    assert calls.oauth()["errcode"] == -1


def test_dice_of_a_rule_fall_the_same_in_every_run(calls: Calls) -> None:
    runs = []
    for _ in range(2):
        calls.simulator.reset()
        calls.simulator.fail("/cgi-bin/", "errcode", errcode=-1, probability=0.5, seed=3)
        runs.append([calls.stable().get("errcode") for _ in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {None, -1}


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"phone": 1, "purpose": "", "code": "", "text": ""}'])
def test_a_message_without_its_fields_is_not_taken(wechat_simulator: WeChatSimulator, content: bytes) -> None:
    assert wechat_simulator.client.post("/sms/send", content=content).status_code == 400


def test_the_control_interface_is_closed_to_strangers(wechat_simulator: WeChatSimulator) -> None:
    for path in ("/_sim/reset", "/_sim/clock", "/_sim/fail", f"/_sim/users/{LI}/login"):
        answer = httpx.post(wechat_simulator.url + path, json={}, trust_env=False)
        assert answer.status_code == 401
    assert httpx.get(f"{wechat_simulator.url}/_sim/requests", trust_env=False).status_code == 401


@pytest.mark.parametrize(
    ("path", "given", "status"),
    [
        ("/fail", {"match": "/", "effect": {"kind": "earthquake"}}, 422),
        ("/fail", {"match": "(", "effect": {"kind": "empty"}}, 422),
        ("/users/nobody/login", {"appid": MINI_PROGRAM}, 404),
        (f"/users/{LI}/login", {"appid": "wx-nobody"}, 404),
        ("/clock", {}, 404),
    ],
)
def test_a_control_call_that_is_wrong_says_so(
    wechat_simulator: WeChatSimulator, path: str, given: dict[str, object], status: int
) -> None:
    answer = wechat_simulator.client.post(f"/_sim{path}", json=given)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"GUIBIN_WECHAT_SIMULATOR": "0", "GUIBIN_SIMULATOR_TOKEN": "x"}, "starts only with GUIBIN_WECHAT_SIMULATOR=1"),
        ({"GUIBIN_SIMULATOR_TOKEN": "x"}, "starts only with GUIBIN_WECHAT_SIMULATOR=1"),
        ({"GUIBIN_WECHAT_SIMULATOR": "1"}, "Set GUIBIN_SIMULATOR_TOKEN"),
    ],
)
def test_the_simulator_needs_to_be_told_that_it_may_run(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], sentence: str
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StartRefused, match=sentence):
        SimulatorSettings.from_environment()


def test_the_simulator_does_not_start_by_mistake() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "guibin_tools.wechat_simulator"],
        env=child_environment(),
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert ended.returncode == 1
    assert "starts only with GUIBIN_WECHAT_SIMULATOR=1" in ended.stderr.decode()
