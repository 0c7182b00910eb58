"""Text messages about logins. They leave beside the request: no answer tells by its time whether there was one."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Final

from guibin.channels.sms import SmsSender
from guibin.contact.clearance import SecurityMessage, for_security
from guibin.core.errors import Refusal
from guibin.core.logging import error_facts, logger
from guibin.sessions.models import CodePurpose

_GRACE_SECONDS: Final = 5
_REBOUND: Final = "【贵宾】您的客户账户已改绑到另一微信账号。如非本人操作，请立即联系本行客服。"
_UNBOUND: Final = "【贵宾】您的客户账户已解除与微信账号的绑定。如非本人操作，请立即联系本行客服。"


class Messages:
    """Hands messages to the gateway, each in a task of its own that nobody waits for."""

    def __init__(self, sender: SmsSender) -> None:
        self._sender = sender
        self._tasks: set[asyncio.Task[None]] = set()

    def send_code(self, phone: str, code: str, purpose: CodePurpose) -> None:
        """Begin to send a one-time password."""
        leave = for_security(SecurityMessage(purpose))
        self._begin(self._sender.send_code(phone, code, clearance=leave))

    def tell_rebound(self, phone: str) -> None:
        """Begin to tell the bank's phone of a customer that another WeChat account has taken the place of theirs."""
        leave = for_security(SecurityMessage.REBOUND)
        self._begin(self._sender.send_notice(phone, _REBOUND, clearance=leave))

    def tell_unbound(self, phone: str) -> None:
        """Begin to tell the bank's phone of a customer that a WeChat account is bound to them no more."""
        leave = for_security(SecurityMessage.UNBOUND)
        self._begin(self._sender.send_notice(phone, _UNBOUND, clearance=leave))

    async def finish(self) -> None:
        """Wait a little for the messages under way."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE_SECONDS)

    def _begin(self, errand: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(_logged(errand))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _logged(errand: Coroutine[None, None, None]) -> None:
    try:
        await errand
    except Refusal as error:  # the person asks for another message; the log says that there is something wrong
        logger().error("message_not_sent", **error_facts(error))


@asynccontextmanager
async def open_messages(sender: SmsSender) -> AsyncIterator[Messages]:
    """Open the messages for the life of a process."""
    messages = Messages(sender)
    try:
        yield messages
    finally:
        await messages.finish()
