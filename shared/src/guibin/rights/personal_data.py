"""A customer's redemptions: for a copy of the data; those that are not delivered forbid an erasure."""

from typing import Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.privacy.subject import QuerySection, Section
from guibin.rights.models import Redemption, RedemptionState

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    QuerySection(
        "redemptions",
        frozenset({"redemption"}),
        "SELECT r.id, i.name_zh, i.name_en, r.quantity, r.quota_used, r.companions, r.class_of_service,"
        " r.points_charged, r.quantity_refunded, r.points_refunded, r.wallet, r.state,"
        " r.fulfilment, r.created_at FROM redemption r JOIN rights_item i ON i.id = r.right_id"
        " WHERE r.customer_id = :customer_id ORDER BY r.created_at, r.id",
    ),
    QuerySection(
        "redemption_steps",
        frozenset({"redemption_step"}),
        "SELECT redemption_id, state, at FROM redemption_step WHERE customer_id = :customer_id ORDER BY at, state",
    ),
    QuerySection(
        "appointments",
        frozenset({"appointment"}),
        "SELECT redemption_id, city_code, place, starts_at, ends_at, moves, confirmed_at, missed_at FROM appointment"
        " WHERE customer_id = :customer_id ORDER BY starts_at, redemption_id",
    ),
    # Who it is, is somebody else's data: a copy tells that there is somebody, and since when they agree.
    QuerySection(
        "redemption_beneficiaries",
        frozenset({"redemption_beneficiary"}),
        "SELECT redemption_id, consented_at FROM redemption_beneficiary WHERE customer_id = :customer_id"
        " ORDER BY redemption_id",
    ),
)
OPEN: Final = (RedemptionState.CONFIRMED, RedemptionState.IN_FULFILMENT)


class RedemptionErasureGuard:
    """What the customer has paid for and not received is an open matter."""

    async def objections(self, session: AsyncSession, *, customer_id: UUID) -> list[str]:
        """Object to redemptions that are on their way; with codes that is until all of them are used."""
        query = (
            select(Redemption.id).where(Redemption.customer_id == customer_id, col(Redemption.state).in_(OPEN)).limit(1)
        )
        return ["open_redemptions"] if (await session.exec(query)).first() is not None else []


REDEMPTION_ERASURE_GUARD: Final = RedemptionErasureGuard()
