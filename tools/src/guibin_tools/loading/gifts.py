"""Loads gifts and what branches have of them; one that is there already stays as it is."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.gifts.models import Gift, MovementKind
from guibin.gifts.repository import find_by_code, put_gift
from guibin.gifts.service import Movement, move_stock
from guibin.organisation.repository import branch_by_code
from guibin.security.actors import NIGHTLY_JOB, Scope
from guibin_tools.demo.gifts import GiftData


async def load_gifts(session: AsyncSession, gifts: Sequence[GiftData]) -> None:
    """Load gifts, whose branches are there, with their first delivery."""
    for data in gifts:
        if await find_by_code(session, data.code) is not None:
            continue
        gift = Gift(
            id=new_id(),
            code=data.code,
            name_zh=data.name_zh,
            name_en=data.name_en,
            value_fen=data.value_fen,
            offered=True,
            created_at=clock.now(),
        )
        await put_gift(session, gift)
        for code, units in data.stock:
            branch = await branch_by_code(session, code)
            if branch is not None:
                received = Movement(gift.id, branch.id, MovementKind.RECEIVED, units, None)
                await move_stock(session, Scope.of_job(), actor=NIGHTLY_JOB, wanted=received)
