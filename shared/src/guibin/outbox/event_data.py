"""What every event is: one of a closed list of names, and fields that never hold a personal value."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

Units = Annotated[int, Field(ge=0)]


class EventName(StrEnum):
    """What happened."""

    POINTS_EXPIRING = "points.expiring"
    REDEMPTION_CONFIRMED = "redemption.confirmed"
    REDEMPTION_FULFILLED = "redemption.fulfilled"
    REDEMPTION_CANCELLED = "redemption.cancelled"
    REDEMPTION_REFUNDED = "redemption.refunded"
    REDEMPTION_FAILED = "redemption.failed"
    RIGHT_LOW_STOCK = "right.low_stock"
    RIGHT_BACK_IN_STOCK = "right.back_in_stock"
    CODES_LOW = "codes.low"
    WEBHOOK_TEST = "webhook.test"
    APPOINTMENT_CONFIRMED = "appointment.confirmed"
    APPOINTMENT_REMINDER = "appointment.reminder"
    APPOINTMENT_MISSED = "appointment.missed"
    PROPOSAL_MADE = "proposal.made"
    FAVOURITE_BACK_IN_STOCK = "favourite.back_in_stock"
    POINTS_SPEED_NOTICED = "points.speed_noticed"
    POINTS_TRANSFER_RECEIVED = "points.transfer_received"
    GIFT_HANDED_OVER = "gift.handed_over"
    REDEMPTION_PAYMENT_DUE = "redemption.payment_due"
    REDEMPTION_UNPAID = "redemption.unpaid"
    REDEMPTION_REPAYABLE = "redemption.repayable"
    CUSTOMER_MERGED = "customer.merged"
    CUSTOMER_PARTED = "customer.parted"
    TAGS_ALERT = "tags.alert"
    SEGMENT_ENTERED = "segment.entered"
    SEGMENT_LEFT = "segment.left"
    TIER_WILL_FALL = "tier.will_fall"
    COMPLAINT_OPENED = "complaint.opened"
    COMPLAINT_CLOSED = "complaint.closed"
    HANDOVER_READY = "handover.ready"
    HANDOVER_OVERDUE = "handover.overdue"
    CARE_TASK_OVERDUE = "care.task_overdue"
    POOL_NOTICED = "pool.noticed"
    POOL_RETURNED = "pool.returned"
    UNASSIGNED_TOO_LONG = "unassigned.too_long"
    TAG_ENTERED = "tag.entered"
    TAG_LEFT = "tag.left"
    TIER_CHANGED = "tier.changed"
    RUN_OVERDUE = "run.overdue"


class EventData(BaseModel):
    """What an event of one type tells beside its envelope. `prefix` is the kind of public id of its subject."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ClassVar[EventName]
    prefix: ClassVar[str]

    def payload(self) -> dict[str, Any]:
        """Return the fields as JSON values, as they are kept and sent."""
        return self.model_dump(mode="json")
