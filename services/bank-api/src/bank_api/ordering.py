"""The worker's orders at suppliers: sent, asked for, and brought forward by call-backs, beside the runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from guibin.core.database import SessionFactory
from guibin.core.logging import error_facts, logger
from guibin.core.settings import Profile, Settings
from guibin.outbox.rules import read_networks
from guibin.outbox.sending import WebhookSender
from guibin.security.ciphers import KeyRing
from guibin.suppliers.client import SupplierClient
from guibin.suppliers.service.sending import OrderDesk

LOOK_SECONDS: Final = 0.5


@asynccontextmanager
async def open_desk(settings: Settings, sessions: SessionFactory) -> AsyncIterator[OrderDesk]:
    """Open the desk with the reach that the settings give; at the end what is on its way is asked for later."""
    sender = WebhookSender(
        in_development=settings.profile is Profile.DEVELOPMENT,
        networks=read_networks(settings.webhook_networks),
        ca_file=settings.webhook_ca_file,
    )
    async with sender:
        desk = OrderDesk(sessions, SupplierClient(sender), lambda: KeyRing.load(settings.effective_keys_file))
        try:
            yield desk
        finally:
            await desk.close()


async def tend_orders(settings: Settings, sessions: SessionFactory) -> None:
    """Go round until cancelled; a turn that fails is made again."""
    async with open_desk(settings, sessions) as desk:
        while True:
            try:
                if applied := await desk.turn():
                    logger().info("callbacks_applied", count=applied)
            except Exception as error:  # noqa: BLE001 - whatever a turn fails of, the next one takes it up
                logger().error("orders_not_tended", **error_facts(error))
            await asyncio.sleep(LOOK_SECONDS)
