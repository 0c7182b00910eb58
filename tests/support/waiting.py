"""Waits for what others do. How long is a matter of the machine; only what never comes makes a test red."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, TypeVar

PATIENCE_SECONDS: Final = 120.0
_PAUSE_SECONDS: Final = 0.01

Found = TypeVar("Found")


async def until(look: Callable[[], Awaitable[Found]]) -> Found:
    """Look until there is something, and return it; what is empty or false is nothing yet."""
    deadline = monotonic() + PATIENCE_SECONDS
    while not (found := await look()):
        assert monotonic() < deadline, "it never came"
        await asyncio.sleep(_PAUSE_SECONDS)
    return found
