"""Scheduled work of exports: files whose time is over, and those that are asked for."""

from collections.abc import Callable
from typing import Final

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.logging import error_facts, logger
from guibin.exports import repository
from guibin.exports.lists import Lists
from guibin.exports.models import ExportFailure, ListExport, ListKind
from guibin.exports.service.making import give_up, make
from guibin.security.ciphers import KeyRing
from guibin.security.one_time_links import FILE_LIFE

_BATCH: Final = 20


async def tend_exports(sessions: SessionFactory, open_keys: Callable[[], KeyRing], lists: Lists) -> int:
    """Empty the files whose time is over and make those that are asked for, each in a transaction of its own.

    One that cannot be made is tried again for a day and holds up no other. Two workers at once make each file once.
    Returns how many were made.
    """
    async with sessions.begin() as session:
        await repository.expire(session, now=clock.now())
        waiting = await repository.exports_to_make(session, limit=_BATCH)
    if not waiting:
        return 0
    keys, made = open_keys(), 0
    for export in waiting:
        try:
            made += await _tend(sessions, keys, export, lists)
        except Exception as error:  # noqa: BLE001 - the others are made; this one is tried again
            logger().error("export_not_made", export=str(export.id), **error_facts(error))
    return made


async def _tend(sessions: SessionFactory, keys: KeyRing, export: ListExport, lists: Lists) -> bool:
    async with sessions.begin() as session:
        if export.created_at <= clock.now() - FILE_LIFE:
            return await give_up(session, export, ExportFailure.NOT_MADE)
        return await make(session, keys, export, lists[ListKind(export.kind)])
