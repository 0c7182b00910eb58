"""What the bank port says and takes of pending points, corrections, holds and the state of accounts."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from guibin.core.ids import CustomerId, EntryId, HoldId, LotId
from guibin.core.invalid import invalid_input
from guibin.core.text import Code, Note, OneLine
from guibin.holdings.models import EventType
from guibin.points.correction_repository import PendingLot
from guibin.points.models import AccountState, HoldState, PointsAccount, PointsHold
from guibin.points.rules import MAX_POINTS
from guibin.points.service import Correction
from guibin.web import Instant, OutModel, StrictModel

CUSTOMER = "cus_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4"
Points = Annotated[int, Field(ge=1, le=MAX_POINTS, examples=[300])]
Reason = Annotated[str, Note(200)]


class CorrectionIn(StrictModel):
    """All that is left of a credit or a lot, and why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"customer_id": CUSTOMER, "reason": "客户退货，冲回原发放积分"}]}
    )

    customer_id: CustomerId = Field(description="Whose points they are")
    reason: Reason | None = Field(
        default=None,
        description="Required, 10 to 200 characters; the customer reads it",
        examples=["客户退货，冲回原发放积分"],
    )

    def correction(self, *, entry_id: EntryId | None = None, lot_id: LotId | None = None) -> Correction:
        """Say what is asked for."""
        return Correction(customer_id=self.customer_id, reason=self.reason or "", entry_id=entry_id, lot_id=lot_id)


class PartIn(CorrectionIn):
    """A part of a credit or a lot, or all that is left of it, and why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"customer_id": CUSTOMER, "points": 30, "reason": "客户退货，冲回原发放积分"}]}
    )

    points: Points | None = Field(default=None, description="How many; all that is left where it is not said")

    def correction(self, *, entry_id: EntryId | None = None, lot_id: LotId | None = None) -> Correction:
        """Say what is asked for."""
        asked = super().correction(entry_id=entry_id, lot_id=lot_id)
        return asked.model_copy(update={"points": self.points})


class RestorationIn(PartIn):
    """Expired points of a lot to be given back, as goodwill."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"customer_id": CUSTOMER, "points": 30, "reason": "客户住院期间到期，予以恢复"}]
        }
    )

    expires_on: date | None = Field(
        default=None, description="Last day on which they can be spent; the wallet's days of grace where it is not said"
    )

    def correction(self, *, entry_id: EntryId | None = None, lot_id: LotId | None = None) -> Correction:
        """Say what is asked for."""
        asked = super().correction(entry_id=entry_id, lot_id=lot_id)
        return asked.model_copy(update={"expires_on": self.expires_on})


class PendingLotOut(OutModel):
    """Points of one credit that cannot be spent yet."""

    entry_id: EntryId
    lot_id: LotId
    wallet: str
    points: int
    pending_until: date | None = Field(
        description="First day on which they can be spent; null: with an event, or by hand"
    )
    awaits: EventType | None = Field(description="The kind of event of the customer with which they can be spent")
    awaits_until: date | None = Field(description="Last day for that event; without it they are cancelled")
    expires_on: date | None
    earned_at: datetime
    reason_zh: str
    reason_en: str

    @classmethod
    def of(cls, lot: PendingLot) -> Self:
        """Describe a lot."""
        return cls.model_validate(lot)


class HoldIn(StrictModel):
    """Points to set aside; the customer is named by our id, by a service also by the bank's customer number."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": CUSTOMER,
                    "wallet": "reward",
                    "points": 300,
                    "expires_at": "2026-11-27T18:00:00+08:00",
                    "reference": "B20261126-000042",
                    "reason": "机场贵宾厅预约占用积分",
                }
            ]
        }
    )

    customer_id: CustomerId | None = None
    customer_no: Annotated[str, OneLine(64)] | None = Field(default=None, description="Services only")
    wallet: Code = Field(examples=["reward"])
    points: Points
    expires_at: Instant = Field(
        description="Free again from then on: in a minute at the earliest, in 90 days at the latest"
    )
    reference: Annotated[str, StringConstraints(strict=True, pattern=r"^[\x21-\x7e]{1,64}$")] = Field(
        description="The caller's own number of the booking: one reference makes one hold",
        examples=["B20261126-000042"],
    )
    reason: Reason | None = Field(default=None, description="Required, 10 to 200 characters; the customer reads it")

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.customer_id is None) == (self.customer_no is None):
            raise invalid_input(
                "customer",
                "customer_id 与 customer_no 须且只能提供一项",
                "must name the customer by either customer_id or customer_no",
            )
        return self


class HoldCaptureIn(StrictModel):
    """How much of a hold is spent."""

    customer_id: CustomerId
    points: Points = Field(description="Up to what was set aside; the rest is free again")


class HoldReleaseIn(StrictModel):
    """Whose hold is given free."""

    customer_id: CustomerId


class HoldOut(OutModel):
    """Points that were set aside, and what became of them."""

    id: HoldId
    customer_id: CustomerId
    wallet: str
    points: int
    captured: int = Field(description="What was spent of it in the end")
    state: HoldState
    expires_at: datetime
    reason: str
    created_at: datetime
    closed_at: datetime | None

    @classmethod
    def of(cls, held: PointsHold) -> Self:
        """Describe a hold."""
        return cls.model_validate({**held.model_dump(), "reason": held.reason_zh})


class AccountStateIn(StrictModel):
    """Whether an account moves, and why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"state": "frozen", "reason": "疑似套取积分，调查期间冻结"}]}
    )

    state: AccountState = Field(description="frozen: earns and does not spend; closed: for good")
    reason: Reason | None = Field(default=None, description="Required, 10 to 200 characters")


class AccountStateOut(OutModel):
    """A customer's account of one wallet."""

    wallet: str
    state: AccountState
    balance: int
    pending: int
    held: int
    debt: int

    @classmethod
    def of(cls, account: PointsAccount) -> Self:
        """Describe an account."""
        return cls.model_validate(account, from_attributes=True)
