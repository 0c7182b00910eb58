"""Logging in by WeChat and binding the account over HTTP, against the simulator (trust: rows A1 to A11, A13, A18)."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import select

from guibin.channels.models import WechatIdentity
from guibin.core import clock
from guibin.sessions.models import OneTimeCode
from support.house import House
from support.logins import Known, add_known, bank_token, bearer, log_in
from support.waiting import until
from support.wechat import LI, WANG, WeChatSimulator

LOGIN, OTP, BIND = "/v1/sessions/wechat", "/v1/otp", "/v1/sessions/wechat/bind"
WRONG_CODE = (401, "wechat_code_invalid")


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class Phone:
    """A person with a phone and WeChat at the customer port."""

    def __init__(self, client: httpx.AsyncClient, wechat: WeChatSimulator) -> None:
        self.client = client
        self.wechat = wechat

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.client.post(path, json=body)

    async def ticket(self, uid: str = LI) -> str:
        answer = await self.post(LOGIN, app="mp", code=self.wechat.login(uid))
        assert answer.json()["state"] == "binding_required", answer.text
        ticket: str = answer.json()["ticket"]
        return ticket

    async def code(self, ticket: str, known: Known) -> str:
        """Ask for a code and read it off the phone."""
        before = len(self.wechat.messages(known.phone))
        answer = await self.post(OTP, ticket=ticket, phone=known.phone)
        assert answer.status_code == 202, answer.text
        return await self.newest(known.phone, before)

    async def newest(self, phone: str, before: int) -> str:
        """Wait for the message that leaves beside the answer."""

        async def come() -> list[dict[str, Any]]:
            messages = self.wechat.messages(phone)
            return messages if len(messages) > before else []

        return str((await until(come))[0]["code"])

    async def bound(self, known: Known, uid: str = LI) -> dict[str, Any]:
        ticket = await self.ticket(uid)
        answer = await self.post(BIND, ticket=ticket, phone=known.phone, otp=await self.code(ticket, known))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens


@pytest.fixture
def phone(customer_client: httpx.AsyncClient, wechat: WeChatSimulator) -> Phone:
    return Phone(customer_client, wechat)


async def test_an_unknown_account_is_bound_once_and_logs_in_from_then_on(phone: Phone, house: House) -> None:
    known = await add_known(house)
    tokens = await phone.bound(known)
    assert (await phone.client.get("/v1/me", headers=bearer(tokens))).status_code == 200
    again = await phone.post(LOGIN, app="mp", code=phone.wechat.login())
    assert (again.status_code, again.json()["state"]) == (200, "signed_in")
    assert again.json()["customer_id"] == tokens["customer_id"]
    bindings = (await phone.client.get("/v1/me/bindings", headers=bearer(tokens))).json()["items"]
    assert [item["app"] for item in bindings] == ["mp"]


async def test_the_official_accounts_pages_log_in_too(phone: Phone, house: House) -> None:
    known = await add_known(house)
    first = await phone.post(LOGIN, app="oa", code=phone.wechat.oauth())
    ticket = first.json()["ticket"]
    assert (
        await phone.post(BIND, ticket=ticket, phone=known.phone, otp=await phone.code(ticket, known))
    ).status_code == 200
    again = await phone.post(LOGIN, app="oa", code=phone.wechat.oauth())
    assert again.json()["state"] == "signed_in"


async def test_neither_openid_nor_phone_nor_ticket_stands_in_clear(phone: Phone, house: House) -> None:
    known = await add_known(house)
    openid = phone.wechat.openid()
    ticket = await phone.ticket()
    code = await phone.code(ticket, known)
    async with house.sessions() as session:
        stored = ""
        for table in ("wechat_identity", "binding_ticket", "one_time_code", "code_quota", "customer_session"):
            rows = await session.execute(text(f"SELECT to_jsonb({table}) FROM {table}"))
            stored += "".join(str(row[0]) for row in rows)
    for secret in (
        openid,
        known.phone,
        ticket,
        openid.encode().hex(),
        known.phone.encode().hex(),
        ticket.encode().hex(),
    ):
        assert secret not in stored
    assert f"'{code}'" not in stored


@pytest.mark.parametrize("kind", ["empty", "long", "made up", "used", "expired", "of another account"])
async def test_a1_a3_a_code_that_is_not_good_is_refused_alike(kind: str, phone: Phone) -> None:
    code = {"empty": "", "long": "x" * 10_240, "made up": "081aaaaa"}.get(kind) or phone.wechat.login()
    if kind in {"empty", "long", "made up"}:
        code = {"empty": "", "long": "x" * 10_240, "made up": "081aaaaa"}[kind]
    elif kind == "used":
        await phone.post(LOGIN, app="mp", code=code)
    elif kind == "expired":
        phone.wechat.advance(301)
    elif kind == "of another account":
        code = phone.wechat.oauth()
    answer = await phone.post(LOGIN, app="mp", code=code)
    assert refused(answer) == WRONG_CODE
    assert set(answer.json()) == {"type", "title", "status", "code", "request_id"}


FAILURES: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "busy": ({"kind": "errcode", "errcode": -1}, (503, "upstream_busy")),
    "throttled": ({"kind": "errcode", "errcode": 45011}, (429, "upstream_throttled")),
    "blocked": ({"kind": "errcode", "errcode": 40226}, (403, "wechat_login_blocked")),
    "HTML": ({"kind": "html"}, (503, "upstream_bad_answer")),
    "slow": ({"kind": "slow", "seconds": 5}, (503, "upstream_timeout")),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_a2_what_wechat_cannot_answer_is_said_and_opens_nothing(name: str, phone: Phone) -> None:
    effect, expected = FAILURES[name]
    code = phone.wechat.login()
    phone.wechat.fail("/sns/jscode2session", **effect)
    try:
        answer = await phone.post(LOGIN, app="mp", code=code)
    finally:
        phone.wechat.heal()
    assert refused(answer) == expected
    if expected[0] in {429, 503}:
        assert int(answer.headers["retry-after"]) >= 1


async def test_the_phone_button_names_the_phone(phone: Phone, house: House) -> None:
    known = await add_known(house, phone="13800138001")  # Li's, at the simulator
    ticket = await phone.ticket()
    before = len(phone.wechat.messages(known.phone))
    asked = await phone.post(OTP, ticket=ticket, phone_code=phone.wechat.phone_code())
    assert asked.status_code == 202, asked.text
    code = await phone.newest(known.phone, before)
    assert (await phone.post(BIND, ticket=ticket, otp=code)).json()["state"] == "signed_in"


async def test_a4_the_phone_button_of_somebody_else_is_refused(phone: Phone) -> None:
    ticket = await phone.ticket(LI)
    wangs = phone.wechat.phone_code(WANG)
    assert refused(await phone.post(OTP, ticket=ticket, phone_code=wangs)) == WRONG_CODE
    wangs = phone.wechat.phone_code(WANG)
    assert refused(await phone.post(BIND, ticket=ticket, phone_code=wangs, otp="000000")) == WRONG_CODE


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (LOGIN, {"app": "mp", "code": "x", "openid": "o-1"}),
        (LOGIN, {"app": "mp", "code": "x", "phone": "13800138001"}),
        (BIND, {"ticket": "t", "otp": "000000", "openid": "o-1"}),
    ],
)
async def test_a5_who_somebody_is_cannot_be_sent(path: str, body: dict[str, Any], phone: Phone) -> None:
    answer = await phone.post(path, **body)
    assert refused(answer) == (422, "validation_failed")
    assert [error["type"] for error in answer.json()["errors"]] == ["extra_forbidden"]


@pytest.mark.parametrize("written", ["{full_width}", "+86{0}", "0086 {0}", "{0:.3} {0:.7}", "86-{0}"])
async def test_a6_a_phone_is_found_however_it_is_written(written: str, phone: Phone, house: House) -> None:
    known = await add_known(house)
    number = known.phone
    forms = {
        "{full_width}": number.translate({48 + digit: 0xFF10 + digit for digit in range(10)}),
        "+86{0}": f"+86{number}",
        "0086 {0}": f"0086 {number}",
        "{0:.3} {0:.7}": f"{number[:3]} {number[3:7]} {number[7:]}",
        "86-{0}": f"86-{number[:3]}-{number[3:]}",
    }
    ticket = await phone.ticket()
    answer = await phone.post(OTP, ticket=ticket, phone=forms[written])
    assert answer.status_code == 202, answer.text
    code = await phone.newest(number, 0)
    assert (await phone.post(BIND, ticket=ticket, phone=forms[written], otp=code)).status_code == 200


@pytest.mark.parametrize("written", ["1380013800", "138001380011", "12345678901", "1380013800a", ""])
async def test_a7_what_is_no_mobile_number_is_refused(written: str, phone: Phone) -> None:
    for path, body in ((OTP, {}), (BIND, {"otp": "000000"})):
        answer = await phone.post(path, ticket="t", phone=written, **body)
        assert refused(answer) == (422, "validation_failed")
        assert [error["type"] for error in answer.json()["errors"]] == ["phone"]


async def test_a8_a_phone_that_the_bank_does_not_know_is_answered_alike_and_gets_no_message(
    phone: Phone, house: House
) -> None:
    known = await add_known(house)
    answers = [
        await phone.post(OTP, ticket=await phone.ticket(), phone=number) for number in (known.phone, "13700000404")
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content
    assert answers[0].json() == {"expires_in": 300, "resend_after": 60}
    assert await phone.newest(known.phone, 0)
    assert phone.wechat.messages("13700000404") == []


@pytest.mark.parametrize(
    ("otp", "expected"),
    [
        ("12345", (422, "validation_failed")),
        ("1234567", (422, "validation_failed")),
        ("１２３４５６", (422, "validation_failed")),
        (123456, (422, "validation_failed")),
        ("000000", (401, "otp_invalid")),
    ],
)
async def test_a11_a_password_has_six_digits(
    otp: object, expected: tuple[int, str], phone: Phone, house: House
) -> None:
    known = await add_known(house)
    ticket = await phone.ticket()
    if await phone.code(ticket, known) == otp:
        pytest.skip("one in a million")
    assert refused(await phone.post(BIND, ticket=ticket, phone=known.phone, otp=otp)) == expected


@pytest.mark.parametrize("ticket", ["", "t", "x" * 43, "x" * 10_240])
async def test_a_ticket_that_is_not_ours_is_refused(ticket: str, phone: Phone) -> None:
    for path, body in ((OTP, {}), (BIND, {"otp": "000000"})):
        answer = await phone.post(path, ticket=ticket, phone="13800138001", **body)
        assert refused(answer) == (401, "ticket_invalid")


async def test_a_ticket_serves_once_and_for_fifteen_minutes(phone: Phone, house: House) -> None:
    known = await add_known(house)
    ticket, late = await phone.ticket(), await phone.ticket(WANG)
    code = await phone.code(ticket, known)
    assert (await phone.post(BIND, ticket=ticket, phone=known.phone, otp=code)).status_code == 200
    assert refused(await phone.post(BIND, ticket=ticket, phone=known.phone, otp=code)) == (401, "ticket_invalid")
    with clock.fixed_at(clock.now() + timedelta(minutes=15, seconds=1)):
        assert refused(await phone.post(OTP, ticket=late, phone=known.phone)) == (401, "ticket_invalid")


async def test_a_ticket_does_not_leave_its_device(phone: Phone, house: House) -> None:
    known = await add_known(house)
    login = await phone.post(LOGIN, app="mp", code=phone.wechat.login(), device_id="device-of-li-0001")
    ticket = login.json()["ticket"]
    proof = {"ticket": ticket, "phone": known.phone, "otp": await phone.code(ticket, known)}
    assert refused(await phone.post(BIND, **proof, device_id="device-of-wang-01")) == (401, "ticket_invalid")
    assert (await phone.post(BIND, **proof, device_id="device-of-li-0001")).status_code == 200


async def test_two_uses_of_a_ticket_at_one_moment_bind_once(phone: Phone, house: House) -> None:
    known = await add_known(house)
    ticket = await phone.ticket()
    code = await phone.code(ticket, known)
    answers = await asyncio.gather(*(phone.post(BIND, ticket=ticket, phone=known.phone, otp=code) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401, 401]


async def test_a_family_that_shares_a_phone_is_asked_who_it_is(phone: Phone, house: House) -> None:
    wife = await add_known(house)
    husband = await add_known(house, phone=wife.phone)
    ticket = await phone.ticket()
    proof = {"ticket": ticket, "phone": wife.phone, "otp": await phone.code(ticket, wife)}
    answer = await phone.post(BIND, **proof)
    assert refused(answer) == (409, "identity_fact_required")
    assert answer.json()["accepted"] == ["certificate_tail"]
    bound = await phone.post(BIND, **proof, certificate_tail=husband.certificate_no[-6:].lower())
    assert bound.json()["customer_id"] == f"cus_{husband.id}"


async def test_a_wrong_fact_uses_the_password_up(phone: Phone, house: House) -> None:
    known = await add_known(house)
    ticket = await phone.ticket()
    proof = {"ticket": ticket, "phone": known.phone, "otp": await phone.code(ticket, known)}
    assert refused(await phone.post(BIND, **proof, certificate_tail="000000")) == (401, "identity_not_confirmed")
    right = known.certificate_no[-6:]
    assert refused(await phone.post(BIND, **proof, certificate_tail=right)) == (401, "otp_invalid")


@pytest.mark.parametrize("status", ["closed", "deceased"])
async def test_a18_a_closed_customer_is_told_so_only_after_the_whole_proof(
    status: str, phone: Phone, house: House
) -> None:
    known = await add_known(house, status=status)
    ticket = await phone.ticket()
    code = await phone.code(ticket, known)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert refused(await phone.post(BIND, ticket=ticket, phone=known.phone, otp=wrong)) == (401, "otp_invalid")
    answer = await phone.post(BIND, ticket=ticket, phone=known.phone, otp=code)
    assert refused(answer) == (403, "account_not_active")
    assert set(answer.json()) == {"type", "title", "status", "code", "request_id"}


async def test_a13_an_account_of_another_customer_is_not_taken(phone: Phone, house: House) -> None:
    """A second ticket of the same account, handed out before it was bound, binds it to nobody else."""
    ours, others = await add_known(house), await add_known(house)
    late = await phone.ticket()
    await phone.bound(ours)
    code = await phone.code(late, others)
    answer = await phone.post(BIND, ticket=late, phone=others.phone, otp=code)
    assert refused(answer) == (409, "binding_conflict")


async def test_a13_another_account_takes_the_place_of_the_first_with_the_banks_word_only(
    phone: Phone, house: House
) -> None:
    known = await add_known(house)
    old = await phone.bound(known, LI)
    ticket = await phone.ticket(WANG)
    answer = await phone.post(BIND, ticket=ticket, phone=known.phone, otp=await phone.code(ticket, known))
    assert (refused(answer), answer.json()["how"]) == ((409, "binding_conflict"), "bank_token")
    token = bank_token(house, known.customer_no)
    assert refused(await phone.post(BIND, ticket=ticket, bank_token=token)) == (409, "binding_conflict")
    before = len(phone.wechat.messages(known.phone))
    new = await phone.post(BIND, ticket=ticket, bank_token=token, rebind=True)
    assert new.status_code == 200, new.text
    assert await phone.newest(known.phone, before) == ""
    assert "改绑" in phone.wechat.messages(known.phone)[0]["text"]
    assert (await phone.client.get("/v1/me", headers=bearer(old))).status_code == 401
    assert (await phone.post(LOGIN, app="mp", code=phone.wechat.login(LI))).json()["state"] == "binding_required"
    assert (await phone.post(LOGIN, app="mp", code=phone.wechat.login(WANG))).json()["state"] == "signed_in"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"otp": "000000", "bank_token": "x"},
        {"bank_token": "x", "phone": "13800138001"},
        {"otp": "000000", "rebind": True},
        {"otp": "000000", "phone": "13800138001", "phone_code": "x"},
    ],
)
async def test_a_binding_has_one_proof(body: dict[str, Any], phone: Phone) -> None:
    assert refused(await phone.post(BIND, ticket="t", **body)) == (422, "validation_failed")


async def test_a_binding_that_i_take_back_ends_what_hangs_on_it(phone: Phone, house: House) -> None:
    known = await add_known(house)
    by_wechat = await phone.bound(known)
    by_bank = await log_in(phone.client, house, known)
    before = len(phone.wechat.messages(known.phone))
    assert (await phone.client.delete("/v1/me/bindings/mp", headers=bearer(by_bank))).status_code == 204
    assert await phone.newest(known.phone, before) == ""
    assert "解除" in phone.wechat.messages(known.phone)[0]["text"]
    statuses = [(await phone.client.get("/v1/me", headers=bearer(one))).status_code for one in (by_wechat, by_bank)]
    assert statuses == [401, 200]
    again = await phone.client.delete("/v1/me/bindings/mp", headers=bearer(by_bank))
    assert refused(again) == (404, "not_found")
    assert (await phone.post(LOGIN, app="mp", code=phone.wechat.login())).json()["state"] == "binding_required"
    async with house.sessions() as session:
        assert (await session.exec(select(WechatIdentity).where(WechatIdentity.customer_id == known.id))).all() == []


async def test_the_answer_does_not_wait_for_the_gateway(phone: Phone, house: House) -> None:
    """A code for a known phone is answered as fast as one for an unknown phone, however slow the messages are."""
    known = await add_known(house)
    ticket = await phone.ticket()
    phone.wechat.fail("/sms/send", kind="slow", seconds=3)
    started = asyncio.get_running_loop().time()
    try:
        answer = await phone.post(OTP, ticket=ticket, phone=known.phone)
    finally:
        phone.wechat.heal()
    assert answer.status_code == 202
    assert asyncio.get_running_loop().time() - started < 2.5
    async with house.sessions() as session:
        phone_idx = house.keys.blind_index("phone", known.phone)
        stored = (await session.exec(select(OneTimeCode).where(OneTimeCode.phone_idx == phone_idx))).one()
    assert len(stored.code_hash) == 32
