"""Scheduled work of privacy: the copies that customers asked for, and the end of those whose time is over."""

from collections.abc import Callable
from typing import Final

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.ids import to_public
from guibin.core.logging import error_facts, logger
from guibin.privacy.models import SubjectExport
from guibin.privacy.repository import requests as repository
from guibin.privacy.service.exporting import make_copy
from guibin.security.ciphers import KeyRing

_BATCH: Final = 20


async def tend_copies(sessions: SessionFactory, open_keys: Callable[[], KeyRing]) -> int:
    """Empty the files whose time is over and make those that are asked for, each in a transaction of its own.

    Keys are opened only when there is a file to make. Two workers at once make each file once. Returns how many
    files were made: about twenty at most, so that the worker's other work has its turn.

    One that cannot be made is told in the log, tried again in the next round, and keeps nobody else waiting.
    """
    async with sessions.begin() as session:
        await repository.drop_files(session, now=clock.now())
        waiting = await repository.exports_to_make(session, limit=_BATCH)
    keys, made = open_keys() if waiting else None, 0
    while keys and waiting:
        for export in waiting:
            made += await _try_copy(sessions, keys, export)
        if made >= _BATCH:
            break
        last = (waiting[-1].created_at, waiting[-1].request_id)
        async with sessions.begin() as session:
            waiting = await repository.exports_to_make(session, limit=_BATCH, after=last)
    return made


async def _try_copy(sessions: SessionFactory, keys: KeyRing, export: SubjectExport) -> bool:
    try:
        async with sessions.begin() as session:
            return await make_copy(session, keys, export)
    except Exception as error:  # noqa: BLE001 - whatever it is, those who wait behind it get theirs
        request = to_public("dsr", export.request_id)
        logger().error("copy_not_made", data_request_id=request, **error_facts(error))
        return False
