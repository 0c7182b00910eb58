"""What an offer gets back when units of a redemption are: the bound for everybody, and its budget."""

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import to_public
from guibin.points.models import SourceKind
from guibin.programme.service import give_back
from guibin.rights.models import Redemption
from guibin.rights.repository import pool


async def give_back_offer(session: AsyncSession, redemption: Redemption, *, units: int, standing: int) -> None:
    """Give back units of those of a redemption that still stand: all of them when both numbers are equal.

    Called after points, quota and stock were given back, as the last writes of the transaction: the order of locks is
    that of `guibin.rights.service.redeeming`. A right without a budget and without a bound gets nothing back.
    """
    await pool.give_back_total(session, right_id=redemption.right_id, quantity=units)
    await give_back(
        session,
        source_kind=SourceKind.REDEMPTION,
        source_id=to_public("rdm", redemption.id),
        share=(units, standing),
    )
