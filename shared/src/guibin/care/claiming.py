"""A touch that reached a customer whom nobody serves gives its manager the claim."""

from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.followers import TouchFollower
from guibin.care.models import REACHED, Touch
from guibin.managers.claims.service import claim_by_touch, take_back


class Claiming(TouchFollower):
    """Gives claims for touches, and takes back what a touch gave that is corrected."""

    name = "claims"

    async def follow(self, session: AsyncSession, touch: Touch) -> None:
        """Do it for the manager who wrote the touch down; who is none claims nobody."""
        if touch.corrects_id is not None:
            await take_back(session, customer_id=touch.customer_id, touch_id=touch.corrects_id)
        if touch.manager_id is not None and touch.result in REACHED:
            await claim_by_touch(session, customer_id=touch.customer_id, manager_id=touch.manager_id, touch_id=touch.id)


CLAIMING: Final = Claiming()
