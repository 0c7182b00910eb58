"""Sealing in tests: other databases of the server may hold transactions open for a moment."""

import asyncio
from collections.abc import Awaitable, Callable

from guibin.audit import repository
from guibin.audit.chain import Algorithm
from guibin.audit.sealing import seal
from guibin.core.database import SessionFactory

PATIENCE = 120.0


async def seal_all(
    factory: SessionFactory,
    *,
    algorithm: Algorithm | None = None,
    go_round: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Seal, directly or by a sealer's rounds, until no row waits."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if go_round is not None:
                await go_round()
            async with factory() as session:
                if go_round is None:
                    await seal(session, algorithm=algorithm)
                    await session.commit()
                if await repository.count_waiting(session) == 0:
                    return
            await asyncio.sleep(0.02)
