"""What a customer keeps otherwise than the calendar says."""

from enum import StrEnum
from uuid import UUID

from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, one_of, text_column


class BirthdayCalendar(StrEnum):
    """By which calendar a birthday is kept."""

    SOLAR = "solar"
    LUNAR = "lunar"


class CarePreference(SQLModel, table=True):
    """How a customer wishes to be looked after; without a row: the birthday of the solar calendar."""

    __tablename__ = "care_preference"
    __table_args__ = (one_of("birthday", BirthdayCalendar), BY_CUSTOMER)

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    birthday: str = text_column()
    revision: int = 1
