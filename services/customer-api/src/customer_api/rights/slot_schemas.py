"""What the customer port says and takes of slots and appointments."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from guibin.core.ids import RedemptionId, RightId, SlotId
from guibin.rights.models import Appointment, Redemption, RightsItem, RightsSlot
from guibin.rights.slots import AppointmentState, Booking, NoShow, state_of
from guibin.web import OutModel, StrictModel

CityCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[1-9]\d{5}$")]


class BookingOut(OutModel):
    """How a right is booked; hours count back from the beginning of the slot."""

    lead_hours: int = Field(description="A slot is booked so many hours before it at the latest")
    cancel_hours: int | None = Field(description="I may cancel until so many hours before it; null: never")
    change_hours: int | None = Field(description="I may take another slot until so many hours before it; null: never")
    no_show: NoShow = Field(description="What becomes of my points and quota when I do not come")

    @classmethod
    def of(cls, booking: Booking | None) -> "BookingOut | None":
        """Describe how a right is booked; None stays None."""
        return None if booking is None else cls.model_validate(booking)


class SlotOut(OutModel):
    """A time and a place at which I may have a right."""

    id: SlotId
    city_code: str = Field(examples=["310100"])
    place: str = Field(examples=["浦东体检中心"])
    starts_at: datetime
    ends_at: datetime
    free: int = Field(description="Places that are left; each unit and each guest takes one")

    @classmethod
    def of(cls, slot: RightsSlot) -> "SlotOut":
        """Describe a slot."""
        own = cls.model_fields.keys() - {"free"}
        return cls(free=slot.capacity - slot.taken, **{name: getattr(slot, name) for name in own})


class AppointmentOut(OutModel):
    """When and where I am served."""

    slot_id: SlotId
    city_code: str
    place: str
    starts_at: datetime
    ends_at: datetime
    state: AppointmentState = Field(
        description="`booked`: mine; `confirmed`: the place has agreed; `ended`: cancelled or given back"
    )
    changeable_until: datetime | None = Field(description="Before this instant I may take another slot; null: not")

    @classmethod
    def of(
        cls, appointment: Appointment | None, redemption: Redemption, changeable_until: datetime | None
    ) -> "AppointmentOut | None":
        """Describe an appointment; None stays None."""
        if appointment is None:
            return None
        own = cls.model_fields.keys() - {"state", "changeable_until"}
        values = {name: getattr(appointment, name) for name in own}
        return cls(state=state_of(appointment, redemption), changeable_until=changeable_until, **values)


class NextAppointmentOut(OutModel):
    """An appointment of mine that is to come."""

    redemption_id: RedemptionId
    right_id: RightId
    right_name: str
    city_code: str
    place: str
    starts_at: datetime
    ends_at: datetime
    state: AppointmentState

    @classmethod
    def of(
        cls, appointment: Appointment, redemption: Redemption, item: RightsItem, language: str
    ) -> "NextAppointmentOut":
        """Describe an appointment with its right."""
        own = cls.model_fields.keys() - {"state", "right_name"}
        name = item.name_en if language == "en" else item.name_zh
        values = {field: getattr(appointment, field) for field in own}
        return cls(state=state_of(appointment, redemption), right_name=name, **values)


class SlotChangeIn(StrictModel):
    """The slot that I want instead."""

    slot_id: SlotId
