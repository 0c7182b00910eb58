"""What the bank port says and takes of slots and appointments."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from guibin.core.ids import RightId, SlotId
from guibin.core.invalid import invalid_input
from guibin.core.reasons import LONGEST
from guibin.core.text import Note, OneLine
from guibin.rights.models import Appointment, RightsSlot, SlotState
from guibin.rights.service import NewSlot, RedemptionView
from guibin.rights.slots import AppointmentState, state_of
from guibin.web import Instant, OutModel, StrictModel

MOST_SLOTS = 200
MOST_PLACES = 1_000
LONGEST_HOURS = 24

CityCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[1-9]\d{5}$")]

SLOTS: dict[str, Any] = {
    "slots": [
        {
            "city_code": "310100",
            "place": "浦东体检中心",
            "starts_at": "2026-12-01T09:00:00+08:00",
            "ends_at": "2026-12-01T10:00:00+08:00",
            "capacity": 8,
        }
    ]
}


class SlotIn(StrictModel):
    """When and where a right is served; guests count as people."""

    city_code: CityCode = Field(examples=["310100"])
    place: Annotated[str, OneLine(80)] = Field(examples=["浦东体检中心"])
    starts_at: Instant
    ends_at: Instant = Field(description="At most 24 hours later")
    capacity: Annotated[int, Field(ge=1, le=MOST_PLACES)] = Field(description="For how many people")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        length = (self.ends_at - self.starts_at).total_seconds()
        if not 0 < length <= LONGEST_HOURS * 3_600:
            raise invalid_input(
                "range", "结束须晚于开始，且不超过 24 小时", "must end after it begins, within 24 hours"
            )
        return self

    def new(self) -> NewSlot:
        """Return the command's slot."""
        return NewSlot(self.city_code, self.place, self.starts_at, self.ends_at, self.capacity)


class SlotsIn(StrictModel):
    """Slots to add."""

    model_config = ConfigDict(json_schema_extra={"examples": [SLOTS]})

    slots: Annotated[list[SlotIn], Field(min_length=1, max_length=MOST_SLOTS)]


class SlotOut(OutModel):
    """A slot with its places."""

    id: SlotId
    right_id: RightId
    city_code: str
    place: str
    starts_at: datetime
    ends_at: datetime
    capacity: int = Field(description="For how many people")
    taken: int = Field(description="Places that redemptions hold, guests counted in")
    state: SlotState = Field(description="`closing`: what was booked is being given back")
    close_reason: str | None

    @classmethod
    def of(cls, slot: RightsSlot) -> "SlotOut":
        """Describe a slot."""
        return cls.model_validate(slot)


class SlotStatus(StrEnum):
    """What came of a slot that was sent."""

    ADDED = "added"
    THERE_ALREADY = "there_already"


class SlotResultOut(OutModel):
    """What came of one slot."""

    index: int = Field(description="Its place in the list that was sent, from 0")
    status: SlotStatus = Field(description="`there_already`: one that is open begins then and there")
    slot: SlotOut | None


class SlotsAddedOut(OutModel):
    """What came of each slot."""

    results: list[SlotResultOut]

    @classmethod
    def of(cls, added: list[RightsSlot | None]) -> "SlotsAddedOut":
        """Describe what was added."""
        return cls(
            results=[
                SlotResultOut(
                    index=index,
                    status=SlotStatus.ADDED if slot else SlotStatus.THERE_ALREADY,
                    slot=SlotOut.of(slot) if slot else None,
                )
                for index, slot in enumerate(added)
            ]
        )


class SlotClosingIn(StrictModel):
    """Why a slot is closed."""

    reason: Annotated[str, Note(LONGEST)] | None = Field(
        default=None, description="10 to 200 characters", examples=["体检中心当日停电，暂停服务"]
    )


class AppointmentOut(OutModel):
    """When and where a redemption is served."""

    slot_id: SlotId
    city_code: str
    place: str
    starts_at: datetime
    ends_at: datetime
    state: AppointmentState = Field(description="`ended`: it was cancelled or given back")
    moves: int = Field(description="How often the customer took another slot")
    confirmed_at: datetime | None = Field(description="When the place that serves it agreed")

    @classmethod
    def of(cls, view: RedemptionView, appointment: Appointment) -> "AppointmentOut":
        """Describe an appointment."""
        own = cls.model_fields.keys() - {"state"}
        values = {name: getattr(appointment, name) for name in own}
        return cls(state=state_of(appointment, view.redemption), **values)
