"""The worker hands events on: one relay at a time, whichever worker has the lease."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.logging import error_facts, logger
from guibin.core.settings import Profile, Settings
from guibin.outbox.relay import Relay
from guibin.outbox.repository import read_backlog
from guibin.outbox.rules import read_networks
from guibin.outbox.sending import WebhookSender
from guibin.security.ciphers import KeyRing
from guibin.web.metrics import WorkerMetrics

LOOK_SECONDS: Final = 0.5
COUNT_SECONDS: Final = 10.0


@asynccontextmanager
async def open_relay(settings: Settings, sessions: SessionFactory) -> AsyncIterator[Relay]:
    """Open a relay with the reach that the settings give; at the end it lets the lease go."""
    sender = WebhookSender(
        in_development=settings.profile is Profile.DEVELOPMENT,
        networks=read_networks(settings.webhook_networks),
        ca_file=settings.webhook_ca_file,
    )
    async with sender:
        relay = Relay(sessions, sender, lambda: KeyRing.load(settings.effective_keys_file))
        try:
            yield relay
        finally:
            await relay.close()


async def relay_events(settings: Settings, sessions: SessionFactory, metrics: WorkerMetrics) -> None:
    """Go round until cancelled; a turn that fails is made again."""
    loop, count_at = asyncio.get_running_loop(), 0.0
    async with open_relay(settings, sessions) as relay:
        while True:
            full = False
            try:
                turn = await relay.turn()
                full = turn is not None and turn.full
                if loop.time() >= count_at:
                    count_at = loop.time() + COUNT_SECONDS
                    await _count(sessions, metrics)
            except Exception as error:  # noqa: BLE001 - whatever a turn fails of, the next one takes it up
                logger().error("events_not_relayed", **error_facts(error))
            await asyncio.sleep(0 if full else LOOK_SECONDS)


async def _count(sessions: SessionFactory, metrics: WorkerMetrics) -> None:
    async with sessions() as session:
        backlog = await read_backlog(session)
    age = 0.0 if backlog.oldest is None else (clock.now() - backlog.oldest).total_seconds()
    metrics.observe_outbox(waiting=backlog.waiting, oldest=age, failing=backlog.failing, dead=backlog.dead)
