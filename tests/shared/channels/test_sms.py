"""Text messages: what the gateway is posted, and what becomes of its failures."""

import logging
from pathlib import Path

import pytest

from guibin.channels.errors import UpstreamBadAnswer, UpstreamBusy, UpstreamTimeout
from guibin.channels.sms import open_sms
from guibin.contact.clearance import SecurityMessage, for_security
from guibin.core.errors import Refusal
from guibin.core.settings import Settings
from support.wechat import WeChatSimulator

PHONE, CODE = "13800138001", "042137"


async def send(simulator: WeChatSimulator, **changed: object) -> None:
    settings = simulator.settings(Settings(state_dir=Path())).model_copy(update=changed)
    async with open_sms(settings) as sender:
        await sender.send_code(PHONE, CODE, clearance=for_security(SecurityMessage.BIND))


async def test_a_code_reaches_the_phone(wechat_simulator: WeChatSimulator) -> None:
    await send(wechat_simulator)
    message = wechat_simulator.messages(PHONE)[0]
    assert (message["code"], message["purpose"]) == (CODE, "bind")
    assert CODE in message["text"]


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("http", {"status": 500}, UpstreamBusy),
        ("http", {"status": 403}, UpstreamBadAnswer),
        ("http", {"status": 302}, UpstreamBadAnswer),
        ("reset", {}, UpstreamBusy),
    ],
)
async def test_a_message_that_may_have_been_sent_is_not_sent_again(
    wechat_simulator: WeChatSimulator, kind: str, values: dict[str, int], expected: type[Refusal]
) -> None:
    wechat_simulator.fail("/sms/send", kind, **values)
    with pytest.raises(expected):
        await send(wechat_simulator)
    assert len(wechat_simulator.requests("/sms/send")) == 1


async def test_a_gateway_that_does_not_answer_is_not_waited_for(wechat_simulator: WeChatSimulator) -> None:
    wechat_simulator.fail("/sms/send", "hang", seconds=5)
    with pytest.raises(UpstreamTimeout):
        await send(wechat_simulator)


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:1/", "nowhere"])
async def test_without_a_gateway_nothing_is_sent(wechat_simulator: WeChatSimulator, url: str | None) -> None:
    with pytest.raises(UpstreamBusy):
        await send(wechat_simulator, sms_url=url)


async def test_neither_phone_nor_code_is_logged(
    wechat_simulator: WeChatSimulator, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    await send(wechat_simulator)
    wechat_simulator.fail("/sms/send", "http", status=403)
    with pytest.raises(UpstreamBadAnswer):
        await send(wechat_simulator)
    written = caplog.text + "".join(capsys.readouterr())
    assert "sms_refused" in written
    assert PHONE not in written
    assert CODE not in written
