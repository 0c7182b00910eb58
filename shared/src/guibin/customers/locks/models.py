"""The fields that people hold."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Text
from sqlmodel import Field

from guibin.core.lines import Line
from guibin.core.models import BY_CUSTOMER, SQLModel, instant, one_of, text_column
from guibin.customers.policy.rules import PolicyField


class FieldLock(SQLModel, table=True):
    """A field of one customer stays as it is, whatever the lines say (人工锁定). The value stands in a customer's row.

    A merge copies the losing customer's locks: the value is then still that of `held_by`, under that customer's key.
    """

    __tablename__ = "customer_field_lock"
    __table_args__ = (one_of("field", PolicyField), one_of("line", Line), BY_CUSTOMER)

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    field: str = Field(sa_type=Text, primary_key=True)
    held_by: UUID = Field(description="The customer in whose row the value stands: itself, or who was merged into it")
    line: str | None = Field(default=None, sa_type=Text, description="Whose word was taken; NULL: what stood there")
    until: date | None = Field(default=None, description="First day without it; NULL while it lasts")
    reason: str = text_column()
    locked_by: UUID
    approved_by: UUID
    locked_at: datetime = instant()
