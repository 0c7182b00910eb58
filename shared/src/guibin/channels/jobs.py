"""Scheduled work of the channels: the next access token in time, persons that two customers share, strangers."""

from datetime import timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.channels import repository
from guibin.channels.wechat import WeChat
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.models import MatchReview

EARLY: Final = timedelta(minutes=10)
"""So long before its end a token is followed by the next, so that requests rarely wait for one."""
STRANGER: Final = timedelta(days=30)
"""So long a person is known who has logged in at WeChat and is bound to no customer."""
SHARED_UNIONID: Final = "shared_unionid"
BATCH: Final = 500
"""So many of a kind in one turn; a turn that is full is followed by another within a minute."""


async def keep_token(wechat: WeChat) -> None:
    """Fetch the next access token if it is time.

    Raises:
        UpstreamBusy, UpstreamTimeout, UpstreamBadAnswer, UpstreamThrottled: of the fetching.
    """
    await wechat.keep_token(fresh=EARLY)


async def review_shared_unionids(session: AsyncSession) -> int:
    """Lay pairs of customers before people who are bound to one person at WeChat; they are never merged by this.

    Each pair once, at most 500 in a turn. Returns how many.
    """
    pairs = await repository.shared_unionids(session, limit=BATCH)
    now = clock.now()
    for customer_id, other_id in pairs:
        session.add(
            MatchReview(
                customer_id=customer_id, id=new_id(), other_customer_id=other_id, reason=SHARED_UNIONID, created_at=now
            )
        )
    await session.flush()
    return len(pairs)


async def forget_strangers(session: AsyncSession) -> int:
    """Forget who was last seen 30 days ago and is bound to no customer; at most 500 in a turn. Returns how many."""
    now = clock.now()
    return await repository.forget_unbound(session, seen_before=now - STRANGER, now=now, limit=BATCH)
