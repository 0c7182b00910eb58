"""The client against the simulator: logins, the phone number, and what becomes of each failure."""

import asyncio
import logging
import socket
import time

import pytest

from guibin.channels.breaker import FAILURES
from guibin.channels.errors import (
    UpstreamBadAnswer,
    UpstreamBusy,
    UpstreamThrottled,
    UpstreamTimeout,
    WeChatCodeInvalid,
    WeChatLoginBlocked,
)
from guibin.channels.models import IdentityKind
from guibin.channels.transport import Patience
from guibin.channels.wechat import WeChat, open_wechat
from guibin.core.errors import Refusal
from guibin.core.settings import Settings
from guibin.security.ciphers import KeyRing
from support.databases import Database
from support.wechat import (
    HASTE,
    LI,
    MINI_PROGRAM,
    MINI_PROGRAM_SECRET,
    OFFICIAL_ACCOUNT,
    PATIENCE,
    PHONES,
    WANG,
    WeChatSimulator,
)

LOGIN = "/sns/jscode2session"
PHONE = "/wxa/business/getuserphonenumber"


async def test_a_mini_program_login_gives_openid_and_unionid(wechat: WeChat, wechat_simulator: WeChatSimulator) -> None:
    login = await wechat.mini_program_login(wechat_simulator.login())
    assert (login.appid, login.openid) == (MINI_PROGRAM, wechat_simulator.openid())
    assert login.unionid
    assert login.kind is IdentityKind.MINI_PROGRAM


async def test_an_account_that_is_bound_to_no_open_platform_gives_no_unionid(
    wechat: WeChat, wechat_simulator: WeChatSimulator
) -> None:
    wechat_simulator.seed_account(MINI_PROGRAM, open_account=None)
    assert (await wechat.mini_program_login(wechat_simulator.login())).unionid is None


async def test_one_person_has_one_unionid_and_an_openid_at_each_account(
    wechat: WeChat, wechat_simulator: WeChatSimulator
) -> None:
    mini = await wechat.mini_program_login(wechat_simulator.login())
    page = await wechat.official_account_login(wechat_simulator.oauth(scope="snsapi_userinfo"))
    assert page.kind is IdentityKind.OFFICIAL_ACCOUNT
    assert page.appid == OFFICIAL_ACCOUNT
    assert page.unionid == mini.unionid
    assert page.openid != mini.openid


async def test_a_silent_login_of_a_page_gives_no_unionid(wechat: WeChat, wechat_simulator: WeChatSimulator) -> None:
    assert (await wechat.official_account_login(wechat_simulator.oauth())).unionid is None


async def test_the_made_up_person_of_a_snapshot_page_is_refused(
    wechat: WeChat, wechat_simulator: WeChatSimulator
) -> None:
    with pytest.raises(WeChatLoginBlocked) as refused:
        await wechat.official_account_login(wechat_simulator.oauth(decision="snapshot"))
    assert refused.value.facts == {"reason": "snapshot_page"}


async def test_a_code_is_good_once(wechat: WeChat, wechat_simulator: WeChatSimulator) -> None:
    code = wechat_simulator.login()
    await wechat.mini_program_login(code)
    with pytest.raises(WeChatCodeInvalid):
        await wechat.mini_program_login(code)


async def test_a_code_is_good_for_five_minutes(wechat: WeChat, wechat_simulator: WeChatSimulator) -> None:
    code = wechat_simulator.login()
    wechat_simulator.advance(301)
    with pytest.raises(WeChatCodeInvalid):
        await wechat.mini_program_login(code)


async def test_a_code_of_the_phone_button_logs_nobody_in(wechat: WeChat, wechat_simulator: WeChatSimulator) -> None:
    with pytest.raises(WeChatCodeInvalid):
        await wechat.mini_program_login(wechat_simulator.phone_code())


@pytest.mark.parametrize("code", ["", "x" * 10_240, "码", "a\nb", "a b"], ids=["empty", "long", "han", "line", "blank"])
async def test_what_cannot_be_a_code_is_not_even_sent(
    wechat: WeChat, wechat_simulator: WeChatSimulator, code: str
) -> None:
    for ask in (wechat.mini_program_login, wechat.official_account_login):
        with pytest.raises(WeChatCodeInvalid):
            await ask(code)
    assert wechat_simulator.requests() == []


async def test_the_phone_number_comes_with_the_openid_of_the_login(
    wechat: WeChat, wechat_simulator: WeChatSimulator
) -> None:
    phone = await wechat.phone_number(wechat_simulator.phone_code(), openid=wechat_simulator.openid())
    assert phone == PHONES[LI]
    assert {"code", "openid"} <= wechat_simulator.requests(PHONE)[0]["body"].keys()


async def test_the_phone_code_of_another_person_is_invalid(wechat: WeChat, wechat_simulator: WeChatSimulator) -> None:
    with pytest.raises(WeChatCodeInvalid):
        await wechat.phone_number(wechat_simulator.phone_code(WANG), openid=wechat_simulator.openid(LI))


async def test_a_phone_code_of_another_account_is_the_callers_fault_and_stops_nothing(
    wechat: WeChat, wechat_simulator: WeChatSimulator
) -> None:
    foreign = wechat_simulator.phone_code(LI, OFFICIAL_ACCOUNT)
    with pytest.raises(WeChatCodeInvalid):
        await wechat.phone_number(foreign, openid=wechat_simulator.openid())
    assert (await wechat.mini_program_login(wechat_simulator.login())).openid


async def test_a_foreign_phone_number_keeps_its_country_code(wechat: WeChat, wechat_simulator: WeChatSimulator) -> None:
    wechat_simulator.control("/seed", {"users": [{"uid": LI, "phone": "51234567", "country": "852"}]})
    phone = await wechat.phone_number(wechat_simulator.phone_code(), openid=wechat_simulator.openid())
    assert phone == "+85251234567"


FAILURES_OF_A_LOGIN = [
    ("errcode", {"errcode": 40029}, WeChatCodeInvalid),
    ("errcode", {"errcode": 40163}, WeChatCodeInvalid),
    ("errcode", {"errcode": 40226}, WeChatLoginBlocked),
    ("errcode", {"errcode": 45011}, UpstreamThrottled),
    ("errcode", {"errcode": 45009}, UpstreamThrottled),
    ("errcode", {"errcode": -1}, UpstreamBusy),
    ("errcode", {"errcode": 40013}, UpstreamBusy),
    ("errcode", {"errcode": 40125}, UpstreamBusy),
    ("errcode", {"errcode": 40243}, UpstreamBusy),
    ("errcode", {"errcode": 40164}, UpstreamBusy),
    ("errcode", {"errcode": 99999}, UpstreamBadAnswer),
    ("http", {"status": 500}, UpstreamBusy),
    ("http", {"status": 502}, UpstreamBusy),
    ("http", {"status": 504}, UpstreamBusy),
    ("http", {"status": 302}, UpstreamBadAnswer),
    ("http", {"status": 404}, UpstreamBadAnswer),
    ("empty", {}, UpstreamBadAnswer),
    ("html", {}, UpstreamBadAnswer),
    ("truncated", {}, UpstreamBadAnswer),
    ("oversized", {}, UpstreamBadAnswer),
    ("strange_errcode", {}, UpstreamBadAnswer),
    ("reset", {}, UpstreamBusy),
    ("reset", {"count": 1}, WeChatCodeInvalid),  # accepted and broken off: tried again, and the code is used by then
]


@pytest.mark.parametrize(
    ("kind", "values", "expected"), FAILURES_OF_A_LOGIN, ids=lambda value: str(getattr(value, "__name__", value))
)
async def test_each_failure_of_a_login_has_its_own_answer(
    wechat: WeChat, wechat_simulator: WeChatSimulator, kind: str, values: dict[str, int], expected: type[Refusal]
) -> None:
    wechat_simulator.fail(LOGIN, kind, **values)
    with pytest.raises(expected) as refused:
        await wechat.mini_program_login(wechat_simulator.login())
    assert type(refused.value) is expected
    assert len(wechat_simulator.requests(LOGIN)) <= 4


@pytest.mark.parametrize("kind", ["hang", "slow"])
async def test_what_is_answered_too_late_is_not_waited_for_and_not_tried_again(
    wechat_simulator: WeChatSimulator, no_tokens: Database, keys: KeyRing, kind: str
) -> None:
    wechat_simulator.fail("/", kind, seconds=3)
    settings = wechat_simulator.settings(Settings())
    async with open_wechat(settings, keys, database_url=no_tokens.customer_url, patience=HASTE) as client:
        with pytest.raises(UpstreamTimeout):
            await client.mini_program_login(wechat_simulator.login())
        with pytest.raises(UpstreamTimeout):
            await client.phone_number(wechat_simulator.phone_code(), openid=wechat_simulator.openid())


async def test_a_caller_who_gives_up_leaves_the_circuit_as_it_was(
    wechat: WeChat, wechat_simulator: WeChatSimulator
) -> None:
    wechat_simulator.fail(LOGIN, "hang", seconds=3, nth=1)
    waiting = asyncio.create_task(wechat.mini_program_login(wechat_simulator.login()))
    await asyncio.sleep(0.2)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await wechat.mini_program_login(wechat_simulator.login())).openid


@pytest.mark.merge
async def test_a_host_that_does_not_take_the_connection_is_not_waited_for_twice(
    wechat_simulator: WeChatSimulator, no_tokens: Database, keys: KeyRing
) -> None:
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for caller in (first, second):  # the queue of the deaf host is full with these
            caller.setblocking(False)
            caller.connect_ex(deaf.getsockname())
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        settings = wechat_simulator.settings(Settings()).model_copy(update={"wechat_api_url": url})
        patience = Patience(connect=0.2, read=0.2, whole=5.0)
        began = time.monotonic()
        async with open_wechat(settings, keys, database_url=no_tokens.customer_url, patience=patience) as client:
            with pytest.raises(UpstreamTimeout):
                await client.mini_program_login("code")
    assert time.monotonic() - began < 2.0


async def test_a_host_that_is_not_there_is_busy(
    wechat_simulator: WeChatSimulator, no_tokens: Database, keys: KeyRing
) -> None:
    settings = wechat_simulator.settings(Settings()).model_copy(update={"wechat_api_url": "http://127.0.0.1:1"})
    async with open_wechat(settings, keys, database_url=no_tokens.customer_url, patience=PATIENCE) as client:
        with pytest.raises(UpstreamBusy):
            await client.mini_program_login("code")


async def test_without_an_account_nothing_is_asked(
    wechat_simulator: WeChatSimulator, no_tokens: Database, keys: KeyRing
) -> None:
    settings = Settings(wechat_api_url=wechat_simulator.url)
    async with open_wechat(settings, keys, database_url=no_tokens.customer_url) as client:
        for ask in (client.mini_program_login, client.official_account_login):
            with pytest.raises(UpstreamBusy):
                await ask("code")
    assert wechat_simulator.requests() == []


async def test_the_whole_of_a_call_has_an_end_however_slowly_it_goes(
    wechat_simulator: WeChatSimulator, no_tokens: Database, keys: KeyRing
) -> None:
    wechat_simulator.fail(LOGIN, "errcode", errcode=-1)
    settings = wechat_simulator.settings(Settings())
    patience = Patience(whole=0.3, pauses=(5.0,))
    async with open_wechat(settings, keys, database_url=no_tokens.customer_url, patience=patience) as client:
        with pytest.raises(UpstreamTimeout):
            await client.mini_program_login(wechat_simulator.login())


HARMLESS = ["unknown_fields", "numbers_as_strings", "no_errcode", "country_code_number", "session_key_replaced"]


@pytest.mark.parametrize("kind", HARMLESS)
async def test_what_wechat_may_write_differently_changes_nothing(
    wechat: WeChat, wechat_simulator: WeChatSimulator, kind: str
) -> None:
    wechat_simulator.fail("/", kind)
    login = await wechat.mini_program_login(wechat_simulator.login())
    assert await wechat.phone_number(wechat_simulator.phone_code(), openid=login.openid) == PHONES[LI]


async def test_a_short_spell_of_being_busy_is_waited_out(wechat: WeChat, wechat_simulator: WeChatSimulator) -> None:
    wechat_simulator.fail(LOGIN, "errcode", errcode=-1, count=3)
    assert (await wechat.mini_program_login(wechat_simulator.login())).openid
    assert [row["errcode"] for row in wechat_simulator.requests(LOGIN)] == [-1, -1, -1, None]


async def test_there_is_no_storm_of_tries(wechat: WeChat, wechat_simulator: WeChatSimulator) -> None:
    wechat_simulator.fail(LOGIN, "errcode", errcode=-1)
    for _ in range(FAILURES):
        with pytest.raises(UpstreamBusy):
            await wechat.mini_program_login(wechat_simulator.login())
    asked = len(wechat_simulator.requests(LOGIN))
    assert asked == FAILURES * 4
    with pytest.raises(UpstreamBusy) as refused:
        await wechat.mini_program_login(wechat_simulator.login())
    assert isinstance(refused.value.facts["retry_after"], int)
    assert len(wechat_simulator.requests(LOGIN)) == asked


@pytest.mark.parametrize("errcode", [40125, 40243, 40164, 50002, 48001])
async def test_an_account_that_is_set_up_wrongly_is_asked_once(
    wechat: WeChat, wechat_simulator: WeChatSimulator, errcode: int
) -> None:
    wechat_simulator.fail(LOGIN, "errcode", errcode=errcode)
    for _ in range(3):
        with pytest.raises(UpstreamBusy):
            await wechat.mini_program_login(wechat_simulator.login())
    assert len(wechat_simulator.requests(LOGIN)) == 1


async def test_an_account_that_stopped_does_not_stop_the_other(
    wechat: WeChat, wechat_simulator: WeChatSimulator
) -> None:
    wechat_simulator.seed_account(MINI_PROGRAM, frozen=True)
    with pytest.raises(UpstreamBusy):
        await wechat.mini_program_login(wechat_simulator.login())
    assert (await wechat.official_account_login(wechat_simulator.oauth())).openid


async def test_a_quota_that_is_gone_pauses_these_calls_and_no_other(
    wechat: WeChat, wechat_simulator: WeChatSimulator
) -> None:
    wechat_simulator.fail(PHONE, "errcode", errcode=45009)
    for _ in range(2):
        with pytest.raises(UpstreamThrottled):
            await wechat.phone_number(wechat_simulator.phone_code(), openid=wechat_simulator.openid())
    assert len(wechat_simulator.requests(PHONE)) == 1
    assert (await wechat.mini_program_login(wechat_simulator.login())).openid


async def test_a_person_who_logs_in_too_often_waits_alone(wechat: WeChat, wechat_simulator: WeChatSimulator) -> None:
    wechat_simulator.seed_account(MINI_PROGRAM, quotas={"login_minute_user": 1})
    await wechat.mini_program_login(wechat_simulator.login(LI))
    with pytest.raises(UpstreamThrottled):
        await wechat.mini_program_login(wechat_simulator.login(LI))
    assert (await wechat.mini_program_login(wechat_simulator.login(WANG))).openid


async def test_secrets_tokens_and_persons_are_in_no_log(
    wechat: WeChat,
    wechat_simulator: WeChatSimulator,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    code, openid, phone_code = wechat_simulator.login(), wechat_simulator.openid(), wechat_simulator.phone_code()
    login = await wechat.mini_program_login(code)
    await wechat.phone_number(phone_code, openid=openid)
    wechat_simulator.fail("/", "errcode", errcode=40226)
    with pytest.raises(WeChatLoginBlocked):
        await wechat.mini_program_login(code)
    written = caplog.text + "".join(capsys.readouterr()) + repr(login)
    assert "wechat_refused" in written
    for secret in (code, phone_code, openid, login.unionid, PHONES[LI], MINI_PROGRAM_SECRET, "access_token="):
        assert secret
        assert secret not in written.replace(wechat_simulator.url, "")
