"""What customers think of what they redeemed (评价): stars for everybody, words for the bank's people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.customers.models import Customer
from guibin.customers.repository import get_as_stored
from guibin.rights.errors import NotRateable, RatingClosed
from guibin.rights.models import Redemption, RedemptionRating, RedemptionState
from guibin.rights.repository import ratings, redemptions, slots
from guibin.security.actors import Scope
from guibin.security.ciphers import DataKey, KeyRing, WrappedKey

CHANGEABLE_FOR: Final = timedelta(days=7)
_TABLE: Final = str(RedemptionRating.__tablename__)


@dataclass(frozen=True, slots=True)
class Rating:
    """A rating of one to five stars with what was said; `changeable_until` is when it stands for good."""

    redemption_id: UUID
    customer_id: UUID
    right_id: UUID
    stars: int
    words: str | None
    rated_at: datetime
    changed_at: datetime

    @property
    def changeable_until(self) -> datetime:
        """The instant before which the customer may change it."""
        return self.rated_at + CHANGEABLE_FOR


async def rate(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    redemption_id: UUID,
    stars: int,
    words: str | None,
) -> Rating:
    """Rate what was redeemed once the customer has it; for seven days the rating may be changed.

    Raises:
        NotFound: there is no such redemption in scope.
        NotRateable: the customer does not have it, or did not come. Facts: state.
        RatingClosed: the rating is older than may be changed. Facts: until.
    """
    customer_id = (await redemptions.get_redemption(session, scope, redemption_id=redemption_id)).customer_id
    key = _key_of(keys, await get_as_stored(session, scope, customer_id=customer_id))
    if key is None:
        raise NotFound
    redemption = await redemptions.lock_redemption(session, scope, customer_id=customer_id, redemption_id=redemption_id)
    await _require_had(session, redemption)
    now = clock.now()
    known = await ratings.find_rating(session, customer_id=customer_id, redemption_id=redemption_id)
    if known is not None and now > known.rated_at + CHANGEABLE_FOR:
        raise RatingClosed(until=known.rated_at + CHANGEABLE_FOR)
    before = 0 if known is None else known.stars
    row = known or RedemptionRating(
        customer_id=customer_id, redemption_id=redemption_id, right_id=redemption.right_id, stars=stars, rated_at=now
    )
    row.stars, row.changed_at = stars, now
    row.words_enc = None if words is None else key.encrypt(words, _TABLE, "words_enc", redemption_id)
    session.add(row)
    await session.flush()
    await ratings.add_to_sums(session, right_id=row.right_id, ratings=0 if known else 1, stars=stars - before)
    return _opened(row, key)


async def _require_had(session: AsyncSession, redemption: Redemption) -> None:
    appointment = await slots.find_appointment(session, redemption)
    missed = appointment is not None and appointment.missed_at is not None
    if redemption.state != RedemptionState.FULFILLED or missed:
        raise NotRateable(state=redemption.state)


async def list_ratings(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    right_id: UUID,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Rating]:
    """Return the ratings of a right by customers in scope, newest first; the words of erased customers are gone."""
    rows = await ratings.list_ratings(session, scope, right_id=right_id, before=before, limit=limit)
    return [_opened(row, _key_of(keys, customer)) for row, customer in rows]


def _key_of(keys: KeyRing, customer: Customer) -> DataKey | None:
    return None if customer.data_key is None else keys.open_data_key(WrappedKey(customer.data_key), customer.id)


def _opened(row: RedemptionRating, key: DataKey | None) -> Rating:
    words = None
    if key is not None and row.words_enc is not None:
        words = key.decrypt(row.words_enc, _TABLE, "words_enc", row.redemption_id)
    return Rating(row.redemption_id, row.customer_id, row.right_id, row.stars, words, row.rated_at, row.changed_at)
