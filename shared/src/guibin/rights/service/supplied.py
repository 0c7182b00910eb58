"""Codes that a supplier makes for one redemption: kept like those of a pool, and taken from the beginning."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.rights.models import Redemption
from guibin.rights.repository import pool
from guibin.rights.repository.catalogue import Right
from guibin.rights.service.administration import data_key_of_codes
from guibin.rights.service.codes import seal_codes
from guibin.security.ciphers import KeyRing


class CodeKnown(Exception):  # noqa: N818 - named for what happened; the supplier's order says what is made of it
    """The right has a code of this form already."""


async def keep_supplied_codes(
    session: AsyncSession, keys: KeyRing, right: Right, redemption: Redemption, codes: Sequence[str], *, now: datetime
) -> None:
    """Keep codes for a redemption, encrypted under the right's key.

    Raises:
        CodeKnown: one of them was given out before.
    """
    if not codes:
        return
    key = keys.open_data_key(await data_key_of_codes(session, keys, right), right.item.id)
    taken = {"redemption_id": redemption.id, "customer_id": redemption.customer_id, "taken_at": now}
    rows = [row | taken for row in seal_codes(keys, key, right.item.id, codes)]
    if await pool.insert_codes(session, rows) != len(rows):
        raise CodeKnown
