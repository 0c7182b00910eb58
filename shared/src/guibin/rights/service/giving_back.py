"""What goes back when a redemption, or units of it, does not stand any more."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.points import service as points
from guibin.points.models import SourceKind
from guibin.programme.service import give_back
from guibin.rights.errors import AlreadyUsed
from guibin.rights.models import Redemption, StockMode
from guibin.rights.parts import Part, codes_of_part
from guibin.rights.repository import packages, pool, redemptions
from guibin.rights.repository.catalogue import Right
from guibin.rights.service.booking import give_back_slot
from guibin.rights.service.given_back import take_given_back
from guibin.rights.service.giving_back_money import give_back_money
from guibin.rights.service.telling import tell_added


@dataclass(frozen=True, slots=True)
class Because:
    """Why something goes back, in the words that the customer reads, and by whom."""

    zh: str
    en: str
    actor_id: UUID


def standing_of_redemption(redemption: Redemption) -> Part:
    """Return what of a redemption was not given back before."""
    return Part(
        redemption.quantity - redemption.quantity_refunded,
        redemption.quota_used - redemption.quota_refunded,
        redemption.points_charged - redemption.points_refunded,
    )


async def refuse_used_codes(session: AsyncSession, redemption: Redemption) -> None:
    """Hold a redemption to its codes: what was shown and used cannot go back.

    Raises:
        AlreadyUsed: one of them was used, or a part of its value.
    """
    codes = await pool.codes_of_redemption(session, right_id=redemption.right_id, redemption_id=redemption.id)
    used = next((code for code in codes if code.used_at is not None or code.spent_fen), None)
    if used is not None:
        raise AlreadyUsed(used_at=used.used_at)


async def return_codes(session: AsyncSession, redemption: Redemption, *, units: int) -> bool:
    """Make the codes of units of a locked redemption void; returns whether its holder has no code left to use."""
    codes = await pool.codes_of_redemption(session, right_id=redemption.right_id, redemption_id=redemption.id)
    if not codes:
        return False
    gone = codes_of_part(codes, units)
    if await pool.return_codes(session, gone, at=clock.now()) < units:
        raise RuntimeError("a code was used past the lock of its redemption")
    void = {code.id for code in gone}
    return not any(code.is_left for code in codes if code.id not in void)


async def give_back_part(
    session: AsyncSession, redemption: Redemption, right: Right, part: Part, *, because: Because
) -> None:
    """Give back units of a locked redemption: points into their lots, quota, limit, stock, bound and budget.

    Raises:
        AccountClosed: the account does not move.
        GivenPointsSpent: it gave points, which are not all there any more.
    """
    await take_given_back(session, redemption, actor_id=because.actor_id)
    standing = standing_of_redemption(redemption)
    await give_back_money(session, redemption, part, standing=standing)
    if redemption.entry_id is not None and part.points:
        await points.refund(
            session,
            customer_id=redemption.customer_id,
            entry_id=redemption.entry_id,
            points=part.points,
            reason_zh=f"{because.zh}：{right.item.name_zh}",
            reason_en=f"{because.en}: {right.item.name_en}",
            source_kind=SourceKind.REDEMPTION,
            source_id=_source(redemption),
            actor_id=because.actor_id,
        )
    await redemptions.update_refunded(session, redemption, part)
    if redemption.package_id is not None:
        await packages.give_back_units(session, redemption, units=part.units)
    await give_back_slot(session, redemption, part, standing=standing)
    if right.item.stock_mode == StockMode.COUNTED:
        free = await pool.give_back_stock(
            session, right_id=right.item.id, redemption_id=redemption.id, quantity=part.units
        )
        await tell_added(session, right.item.id, before=free - part.units, free=free)
    await give_back_offer(session, redemption, units=part.units, standing=standing.units)


def _source(redemption: Redemption) -> str:
    """Name the giving back: each part of a redemption is one, after those before it."""
    own, before = to_public("rdm", redemption.id), redemption.quantity_refunded
    return f"{own}/{before}" if before else own


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
