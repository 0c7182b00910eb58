"""Donations: points that a customer gives away for a good cause, which the bank turns into money once a month.

A donation is made with its redemption and fulfilled at once. Until its month is over it can be refunded as any other
redemption; then it goes to the organisation, whose statement is that of a supplier of the right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.rights.donations import DonationHandedOver, DonorNotAsked, is_handed_over
from guibin.rights.models import Redemption, RedemptionDonation, RedemptionState
from guibin.rights.points_given import PointsNotPaid
from guibin.rights.repository import donations, redemptions
from guibin.rights.repository.catalogue import Right
from guibin.rights.repository.donations import CauseTotal
from guibin.rights.service.ending import complete
from guibin.security.actors import Scope


@dataclass(frozen=True, slots=True)
class Receipt:
    """A donation with the redemption that made it, as it stands."""

    donation: RedemptionDonation
    redemption: Redemption

    @property
    def value_fen(self) -> int:
        """What the bank gives for the units that stand."""
        stands = self.redemption.state == RedemptionState.FULFILLED
        units = self.redemption.quantity - self.redemption.quantity_refunded if stands else 0
        return units * self.donation.unit_value_fen


def refuse_names(right: Right, *, named: bool | None) -> None:
    """See that only a donation asks whether the donor is named.

    Raises:
        DonorNotAsked: that is not so.
    """
    if named is not None and right.terms.donates is None:
        raise DonorNotAsked


async def donate(session: AsyncSession, redemption: Redemption, right: Right, *, named: bool | None) -> None:
    """Note for what a redemption that is written donates, and that it is fulfilled; a donor is named who agrees.

    Raises:
        PointsNotPaid: it was not paid in points.
    """
    cause = right.terms.donates
    if cause is None:
        return
    if not redemption.points_charged:
        raise PointsNotPaid
    now = clock.now()
    donation = RedemptionDonation(
        customer_id=redemption.customer_id,
        redemption_id=redemption.id,
        organisation_zh=cause.organisation_zh,
        organisation_en=cause.organisation_en,
        project_zh=cause.project_zh,
        project_en=cause.project_en,
        unit_value_fen=cause.unit_value_fen,
        named=bool(named),
        donated_at=now,
    )
    await donations.insert_donation(session, donation)
    await complete(session, redemption, actor_id=redemption.actor_id, now=now)


async def show_receipt(session: AsyncSession, scope: Scope, *, redemption_id: UUID) -> Receipt:
    """Return the receipt of a donation.

    Raises:
        NotFound: no such redemption in scope, or it donated nothing.
    """
    redemption = await redemptions.get_redemption(session, scope, redemption_id=redemption_id)
    donation = await donations.find_donation(session, redemption)
    if donation is None:
        raise NotFound
    return Receipt(donation, redemption)


async def refuse_handed_over(session: AsyncSession, redemption: Redemption) -> None:
    """Hold back a refund of what has gone to its organisation.

    Raises:
        DonationHandedOver: the month of the donation is over. Facts: month.
    """
    donation = await donations.find_donation(session, redemption)
    if donation is None:
        return
    donated_on = clock.business_day(donation.donated_at)
    if is_handed_over(donated_on, clock.today()):
        raise DonationHandedOver(month=f"{donated_on:%Y-%m}")


async def total_causes(session: AsyncSession, scope: Scope, *, first: date, until: date) -> Sequence[CauseTotal]:
    """Return by cause what customers in scope donated from a day until before another."""
    return await donations.totals_of(session, scope, first=first, until=until)
