"""The worker's calls: what is ordered is placed with the bank's telephony, beside the runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from guibin.care.calls.placing import CallDesk, Telephony
from guibin.core.database import SessionFactory
from guibin.core.logging import error_facts, logger
from guibin.core.settings import Profile, Settings
from guibin.outbox.rules import read_networks
from guibin.outbox.sending import WebhookSender
from guibin.security.ciphers import KeyRing

LOOK_SECONDS: Final = 0.5


@asynccontextmanager
async def open_call_desk(settings: Settings, sessions: SessionFactory) -> AsyncIterator[CallDesk | None]:
    """Open the desk with the reach that the settings give; None where no telephony is connected."""
    url, secret = settings.telephony_url, settings.telephony_secret
    if url is None or secret is None:
        yield None
        return
    sender = WebhookSender(
        in_development=settings.profile is Profile.DEVELOPMENT,
        networks=read_networks(settings.webhook_networks),
        ca_file=settings.webhook_ca_file,
    )
    telephony = Telephony(url, secret.get_secret_value())
    async with sender:
        yield CallDesk(sessions, sender, telephony, lambda: KeyRing.load(settings.effective_keys_file))


async def tend_calls(settings: Settings, sessions: SessionFactory) -> None:
    """Go round until cancelled; a turn that fails is made again. Without a telephony there is nothing to do."""
    async with open_call_desk(settings, sessions) as desk:
        while desk is not None:
            try:
                if placed := await desk.turn():
                    logger().info("calls_placed", count=placed)
            except Exception as error:  # noqa: BLE001 - whatever a turn fails of, the next one takes it up
                logger().error("calls_not_placed", **error_facts(error))
            await asyncio.sleep(LOOK_SECONDS)
