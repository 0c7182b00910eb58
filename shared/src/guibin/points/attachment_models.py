"""Documents that the maker of a change of points by hand shows to the approver."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, cipher, instant, one_of, text_column
from guibin.points.attachment_rules import AttachmentKind


class PointsAttachment(SQLModel, table=True):
    """A document of an approval about a customer's points, encrypted under the customer's key. Insert only."""

    __tablename__ = "points_attachment"
    __table_args__ = (
        one_of("media_type", AttachmentKind),
        CheckConstraint("number BETWEEN 1 AND 5", name="number_in_range"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    approval_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    media_type: str = text_column()
    size: int = Field(description="Bytes, before they were encrypted")
    sha256: bytes = cipher(description="Of the document as it came in")
    content_enc: bytes = cipher()
    added_by: UUID
    added_at: datetime = instant()
