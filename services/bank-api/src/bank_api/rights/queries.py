"""What is left of a right, for its operators."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.rights.models import StockMode
from guibin.rights.repository import images, pool
from guibin.rights.repository.pool import PoolSize
from guibin.rights.service import Right

from .schemas import PoolOut, RightDetailOut, StockOut


async def read_supply(session: AsyncSession, right: Right) -> StockOut | PoolOut | None:
    """Return the counted stock or the pool of a right; None when it has no bound."""
    item = right.item
    if item.stock_mode == StockMode.CODES:
        return PoolOut.model_validate(await read_pool(session, item.id))
    if item.stock_mode == StockMode.COUNTED:
        stock = (await pool.find_stock(session, right_ids=[item.id])).get(item.id)
        return StockOut.model_validate(stock) if stock else StockOut(initial=0, free=0, reserved=0, sold=0)
    return None


async def describe(session: AsyncSession, right: Right) -> RightDetailOut:
    """Show a right in full."""
    pictures = await images.infos_of(session, right_ids=[right.item.id])
    return RightDetailOut.of_supplied(right, await read_supply(session, right), pictures.get(right.item.id, ()))


async def read_pool(session: AsyncSession, right_id: UUID) -> PoolSize:
    """Count the codes of a right."""
    return await pool.count_pool(session, right_id=right_id, now=clock.now())
