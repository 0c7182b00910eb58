"""Text messages, through the bank's own gateway: one HTTP call for one message, never repeated by us.

Nothing is sent without the leave of the contact policy's gate (`guibin.contact.clearance`), and no text that says what
only somebody who is logged in may read (`guibin.contact.content`).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx

from guibin.channels.errors import UpstreamBadAnswer, UpstreamBusy, UpstreamTimeout
from guibin.channels.transport import Patience, make_http_client
from guibin.contact.clearance import Clearance
from guibin.contact.content import findings
from guibin.contact.errors import MessageContent
from guibin.core.logging import logger
from guibin.core.settings import Settings

_SENT: Final = range(200, 300)
_FAULT: Final = 500


class SmsSender:
    """Sends one-time passwords and notices. Neither phone nor code is ever logged or kept."""

    def __init__(self, client: httpx.AsyncClient, url: str | None, token: str | None = None) -> None:
        self._client = client
        self._url = url
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    async def send_code(self, phone: str, code: str, *, clearance: Clearance) -> None:
        """Send a one-time password to a phone; the leave's name names the template, `bind` for example.

        The gateway is posted `{"phone", "purpose", "code", "text"}` as JSON and answers with any 2xx. A message that
        may have been sent is not sent again: a person asks for another.

        Raises:
            UpstreamBusy, UpstreamTimeout, UpstreamBadAnswer: it may not have been sent.
        """
        await self._post(phone, code, _text(code), clearance)

    async def send_notice(self, phone: str, text: str, *, clearance: Clearance) -> None:
        """Tell a phone of something that was done; the gateway is posted the same fields with an empty `code`.

        Raises:
            MessageContent: the text says what no message may say; nothing was sent.
            UpstreamBusy, UpstreamTimeout, UpstreamBadAnswer: it may not have been sent.
        """
        await self._post(phone, "", text, clearance)

    async def _post(self, phone: str, code: str, text: str, clearance: Clearance) -> None:
        if found := findings(text):
            raise MessageContent(faults=sorted({one.fault.value for one in found}))
        if self._url is None:
            logger().error("sms_not_set_up")
            raise UpstreamBusy
        message = {"phone": phone, "purpose": clearance.name, "code": code, "text": text}
        try:
            response = await self._client.post(self._url, json=message, headers=self._headers)
        except httpx.TimeoutException:
            raise UpstreamTimeout from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise UpstreamBusy from None
        if response.status_code not in _SENT:
            logger().error("sms_refused", purpose=clearance.name, status=response.status_code)
            raise UpstreamBusy if response.status_code >= _FAULT else UpstreamBadAnswer


def _text(code: str) -> str:
    return f"【贵宾】验证码 {code}，5 分钟内有效。请勿告诉任何人，包括银行工作人员。"


@asynccontextmanager
async def open_sms(settings: Settings) -> AsyncIterator[SmsSender]:
    """Open the sender for the life of a process."""
    token = settings.sms_token.get_secret_value() if settings.sms_token else None
    async with make_http_client("", Patience(read=settings.wechat_read_seconds)) as client:
        yield SmsSender(client, settings.sms_url, token)
