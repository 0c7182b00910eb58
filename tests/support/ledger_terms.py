"""The terms of wallets under which random ledgers are driven."""

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.models import Expiry, Wallet


async def let_pass_on(session: AsyncSession) -> None:
    """Let customers pass reward points on, without a limit that a test could meet."""
    wallet = await session.get_one(Wallet, "reward")
    wallet.transferable = True
    wallet.transfer_limits = dict.fromkeys(("each", "day", "month", "step_up_from"), 10**12)
    session.add(wallet)
    await session.flush()


async def let_roll_over(session: AsyncSession) -> None:
    """Let reward points roll over into service points."""
    wallet = await session.get_one(Wallet, "reward")
    wallet.rolls_over_to = "service"
    session.add(wallet)
    await session.flush()


async def let_lapse(session: AsyncSession, *, share: int) -> None:
    """Let a share of the reward points lapse after a month without activity."""
    wallet = await session.get_one(Wallet, "reward")
    wallet.expiry, wallet.expiry_years, wallet.expiry_months, wallet.expiry_share = Expiry.INACTIVITY, None, 1, share
    session.add(wallet)
    await session.flush()
