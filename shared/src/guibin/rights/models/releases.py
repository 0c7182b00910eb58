"""What was taken of the lines by which the stock of a right is released."""

from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Text
from sqlmodel import Field

from guibin.core.models import SQLModel, distributed, text_column


class StockRelease(SQLModel, table=True):
    """How many units of a line of a right's release plan are taken or held. Whoever writes it has locked the stock."""

    __tablename__ = "stock_release"
    __table_args__ = (CheckConstraint("taken >= 0", name="taken_not_negative"), distributed("right_id", "rights_stock"))

    right_id: UUID = Field(primary_key=True)
    line: str = Field(sa_type=Text, primary_key=True, description="Its code, which a new plan may keep")
    taken: int = Field(sa_type=BigInteger)


class ReleaseUse(SQLModel, table=True):
    """From which line the units of a redemption came, and how many of them still stand."""

    __tablename__ = "release_use"
    __table_args__ = (CheckConstraint("units >= 0", name="units_not_negative"), distributed("right_id", "rights_stock"))

    right_id: UUID = Field(primary_key=True)
    redemption_id: UUID = Field(primary_key=True)
    line: str = text_column()
    units: int
