"""POST /v1/message-checks: what a text may say that leaves the house (CUS-16)."""

import httpx
import pytest

from guibin.channels.sms import SmsSender
from guibin.contact.clearance import SecurityMessage, for_security
from guibin.contact.errors import MessageContent
from support.house import House


async def test_a_template_is_told_what_it_may_not_say_and_where(bank_client: httpx.AsyncClient, house: House) -> None:
    headers, url = house.headers("manager"), "/v1/message-checks"
    greeting = {"text": "尊敬的{surname}{title}，详情请登录：{link}"}
    free = await bank_client.post(url, json=greeting, headers=headers)
    assert (free.status_code, free.json()["allowed"], free.json()["faults"]) == (200, True, [])
    assert "surname" in free.json()["placeholders"]
    assert "need" not in free.json()["placeholders"]
    caught = (await bank_client.post(url, json={"text": "还差50万元，{need}"}, headers=headers)).json()
    assert caught["allowed"] is False
    assert caught["faults"] == [
        {"fault": "holdings", "start": 0, "length": 2},
        {"fault": "amount", "start": 2, "length": 4},
        {"fault": "placeholder", "start": 7, "length": 6},
    ]


async def test_no_text_message_is_posted_that_says_an_amount() -> None:
    leave = for_security(SecurityMessage.REBOUND)
    async with httpx.AsyncClient() as client:
        with pytest.raises(MessageContent) as refused:
            await SmsSender(client, None).send_notice("13800000000", "【贵宾】您的余额为 300 元", clearance=leave)
    assert refused.value.facts == {"faults": ["amount", "holdings"]}
