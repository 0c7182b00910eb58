"""Loading what a bank makes of the kinds of points that it was seeded with."""

from collections.abc import Mapping

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.repository import lock_wallets
from guibin.points.transfer_rules import TransferLimits


async def let_pass_on(session: AsyncSession, wanted: Mapping[str, TransferLimits]) -> None:
    """Let customers pass kinds of points on, within limits. What the bank has changed since it was seeded stays."""
    for code, wallet in (await lock_wallets(session, wanted)).items():
        if wallet.revision == 1:
            wallet.transferable, wallet.transfer_limits = True, wanted[code].model_dump()
            wallet.revision += 1
            session.add(wallet)
