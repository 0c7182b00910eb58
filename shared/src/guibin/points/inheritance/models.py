"""Claims of heirs that were carried out."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, instant, text_column


class PointsInheritance(SQLModel, table=True):
    """A claim of heirs on the points of a deceased customer; its transfers name it. Insert only."""

    __tablename__ = "points_inheritance"
    __table_args__ = (BY_CUSTOMER,)

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id", description="The deceased")
    id: UUID = Field(primary_key=True)
    approval_id: UUID = Field(description="Who asked and who agreed")
    document_no: str = text_column(description="The deed that says who inherits")
    reason: str = text_column()
    posted_at: datetime = instant()
