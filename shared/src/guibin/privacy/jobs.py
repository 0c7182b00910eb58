"""Scheduled work of privacy: the copies that customers asked for, and the end of those whose time is over."""

from collections.abc import Callable
from typing import Final

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.privacy.repository import requests as repository
from guibin.privacy.service.exporting import make_copy
from guibin.security.ciphers import KeyRing

_BATCH: Final = 20


async def tend_copies(sessions: SessionFactory, open_keys: Callable[[], KeyRing]) -> int:
    """Empty the files whose time is over and make those that are asked for, each in a transaction of its own.

    Keys are opened only when there is a file to make. Two workers at once make each file once. Returns how many
    files were made.
    """
    async with sessions.begin() as session:
        await repository.drop_files(session, now=clock.now())
        waiting = await repository.exports_to_make(session, limit=_BATCH)
    if not waiting:
        return 0
    keys, made = open_keys(), 0
    for export in waiting:
        async with sessions.begin() as session:
            made += await make_copy(session, keys, export)
    return made
