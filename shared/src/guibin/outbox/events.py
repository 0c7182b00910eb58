"""The closed list of events: what each tells, in fields that never hold a personal value. docs/events.md shows them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from pydantic import Field

from guibin.core.ids import CustomerId, GiftId, RightId
from guibin.core.money import Cny
from guibin.outbox.care_events import CareTaskOverdue, ComplaintClosed, ComplaintOpened, HandoverOverdue, HandoverReady
from guibin.outbox.event_data import EventData, EventName, Units
from guibin.outbox.manager_events import PoolNoticed, PoolReturned, UnassignedTooLong
from guibin.outbox.run_events import RunOverdue
from guibin.outbox.tag_events import (
    SegmentEntered,
    SegmentLeft,
    SegmentReason,
    TagEntered,
    TagLeft,
    TagReason,
    TagsAlert,
    TierChanged,
    TierWillFall,
)


class PointsExpiring(EventData):
    """Points of a customer end soon: told 90, 30 and 7 days before their last day, once each."""

    type = EventName.POINTS_EXPIRING
    prefix = "cus"

    wallet: str
    points: Units = Field(description="All that ends on that day")
    expires_on: date = Field(description="The last day on which they can be spent")
    days_before: int = Field(description="Which reminder it is: 90, 30 or 7")
    rolls_over_to: str | None = Field(
        default=None, description="The wallet into which they go at their end; null: they expire"
    )


class PointsSpeedNoticed(EventData):
    """An account of a customer moved faster than a rule lets pass: told once of the same movements."""

    type = EventName.POINTS_SPEED_NOTICED
    prefix = "cus"

    wallet: str
    rule: str = Field(description="Code of the rule")
    observed: Units = Field(description="How often, or how many points, within the hours of the rule")
    frozen: bool = Field(description="Whether the rule froze the account")


class PointsTransferReceived(EventData):
    """Another customer has passed points on to this one. The subject is the transfer; who gave them is not told."""

    type = EventName.POINTS_TRANSFER_RECEIVED
    prefix = "trf"

    wallet: str
    points: Units = Field(description="All that were passed on; what this customer owed was paid out of them first")


class _RedemptionData(EventData):
    prefix = "rdm"

    right_id: RightId
    quantity: Units = Field(description="Units that this is about")
    wallet: str
    fulfilment: str = Field(description="How the right is delivered, for example code or hand_out")


class RedemptionConfirmed(_RedemptionData):
    """A customer has redeemed a right: points, quota and stock are final."""

    type = EventName.REDEMPTION_CONFIRMED

    points: Units = Field(description="Points that were charged")


class RedemptionFulfilled(_RedemptionData):
    """The customer has got all of it."""

    type = EventName.REDEMPTION_FULFILLED

    points: Units = Field(description="Points that were charged")


class RedemptionCancelled(_RedemptionData):
    """The customer took it back by the right's policy."""

    type = EventName.REDEMPTION_CANCELLED

    points: Units = Field(description="Points that were given back")


class RedemptionRefunded(_RedemptionData):
    """The bank gave back all of it, or so many units."""

    type = EventName.REDEMPTION_REFUNDED

    points: Units = Field(description="Points that were given back")


class RedemptionFailed(_RedemptionData):
    """It could not be delivered."""

    type = EventName.REDEMPTION_FAILED

    points: Units = Field(description="Points that were given back")
    substitutes: list[RightId] = Field(
        default_factory=list,
        description="Rights that the customer can have in its place, the bank's first choice first",
    )


class RedemptionPaymentDue(_RedemptionData):
    """A customer wants a right that costs money beside points: all is reserved until it is paid or too late."""

    type = EventName.REDEMPTION_PAYMENT_DUE

    points: Units = Field(description="Points that are set aside")
    amount: Cny = Field(description="What is to be paid, in CNY")
    due_until: datetime = Field(description="Before this instant")


class RedemptionUnpaid(_RedemptionData):
    """The money of a redemption was not paid, or not in time: everything is free again."""

    type = EventName.REDEMPTION_UNPAID

    points: Units = Field(description="Points that were set aside")


class RedemptionRepayable(_RedemptionData):
    """Units of a redemption that money was paid for were given back: the bank is to repay this amount."""

    type = EventName.REDEMPTION_REPAYABLE

    amount: Cny = Field(description="What is to be repaid, in CNY")
    paid_by: str = Field(description="Reference of the payment")


class CustomerMerged(EventData):
    """A customer turned out to be another one: from now on this id stands for that one."""

    type = EventName.CUSTOMER_MERGED
    prefix = "cus"

    merged_into: CustomerId


class CustomerParted(EventData):
    """Two customers who were taken for one are two again: this id stands for itself."""

    type = EventName.CUSTOMER_PARTED
    prefix = "cus"

    was_merged_into: CustomerId


class RightLowStock(EventData):
    """The counted stock of a right has sunk to its threshold: told once each time it passes it."""

    type = EventName.RIGHT_LOW_STOCK
    prefix = "rgt"

    free: Units = Field(description="Units that are left")
    threshold: Units = Field(description="A tenth of what there was after units were last added")


class RightBackInStock(EventData):
    """A right that had run out is there again."""

    type = EventName.RIGHT_BACK_IN_STOCK
    prefix = "rgt"

    free: Units = Field(description="Units or codes that there are now")


class CodesLow(EventData):
    """The pool of codes of a right is nearly empty."""

    type = EventName.CODES_LOW
    prefix = "rgt"

    free: Units = Field(description="Codes that are left")
    threshold: Units = Field(description="What counts as nearly empty")


class _AppointmentData(EventData):
    prefix = "rdm"

    right_id: RightId
    starts_at: datetime
    city_code: str
    place: str


class AppointmentConfirmed(_AppointmentData):
    """The place that serves an appointment has agreed to it."""

    type = EventName.APPOINTMENT_CONFIRMED


class AppointmentReminder(_AppointmentData):
    """An appointment is tomorrow: told once for each slot that the customer took."""

    type = EventName.APPOINTMENT_REMINDER


class AppointmentMissed(_AppointmentData):
    """Nobody came to an appointment."""

    type = EventName.APPOINTMENT_MISSED

    points: Units = Field(description="Points that were given back all the same")


class ProposalMade(EventData):
    """A manager proposes a right, which the customer may accept or decline. The subject is the proposal."""

    type = EventName.PROPOSAL_MADE
    prefix = "rpp"

    right_id: RightId
    quantity: Units
    lapses_at: datetime


class FavouriteBackInStock(EventData):
    """A right that this customer has marked is there again after it had run out: told once each time."""

    type = EventName.FAVOURITE_BACK_IN_STOCK
    prefix = "rgt"

    free: Units = Field(description="Units or codes that there were when it came back")


class GiftHandedOver(EventData):
    """A member of staff has handed a gift over, and another has signed for it. The subject is the handover."""

    type = EventName.GIFT_HANDED_OVER
    prefix = "gfh"

    gift_id: GiftId
    units: Units


class WebhookTest(EventData):
    """Sent to one webhook when its owner asks for it, to see whether it is received."""

    type = EventName.WEBHOOK_TEST
    prefix = "whk"


EVENTS: Final[Mapping[EventName, type[EventData]]] = {
    data.type: data
    for data in (
        PointsExpiring,
        PointsSpeedNoticed,
        PointsTransferReceived,
        RedemptionConfirmed,
        RedemptionFulfilled,
        RedemptionCancelled,
        RedemptionRefunded,
        RedemptionFailed,
        RedemptionPaymentDue,
        RedemptionUnpaid,
        RedemptionRepayable,
        CustomerMerged,
        CustomerParted,
        RightLowStock,
        RightBackInStock,
        CodesLow,
        WebhookTest,
        AppointmentConfirmed,
        AppointmentReminder,
        AppointmentMissed,
        ProposalMade,
        FavouriteBackInStock,
        GiftHandedOver,
        TagsAlert,
        SegmentEntered,
        SegmentLeft,
        TagEntered,
        TagLeft,
        TierChanged,
        TierWillFall,
        RunOverdue,
        CareTaskOverdue,
        ComplaintOpened,
        ComplaintClosed,
        HandoverReady,
        HandoverOverdue,
        PoolNoticed,
        PoolReturned,
        UnassignedTooLong,
    )
}


__all__ = [
    "EVENTS",
    "CareTaskOverdue",
    "ComplaintClosed",
    "ComplaintOpened",
    "EventData",
    "EventName",
    "HandoverOverdue",
    "HandoverReady",
    "PoolNoticed",
    "PoolReturned",
    "RunOverdue",
    "SegmentEntered",
    "SegmentLeft",
    "SegmentReason",
    "TagEntered",
    "TagLeft",
    "TagReason",
    "TagsAlert",
    "TierChanged",
    "TierWillFall",
    "UnassignedTooLong",
    "Units",
]
