"""Who may use the points that the members of a household put together."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, instant, one_of, text_column


class PoolRole(StrEnum):
    """What a member may do with the common points. The head is the owner; the head names the others' roles."""

    OWNER = "owner"
    SPENDER = "spender"
    VIEWER = "viewer"


class PointsPoolRole(SQLModel, table=True):
    """The role of a place in a household; another place, after leaving or with another share, begins without one."""

    __tablename__ = "points_pool_role"
    __table_args__ = (
        one_of("role", PoolRole),
        CheckConstraint("role <> 'owner'", name="owner_is_the_head"),
        CheckConstraint("month_limit >= 0", name="limit_not_negative"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    place_id: UUID = Field(primary_key=True, description="The row of the household's member")
    role: str = text_column()
    month_limit: int | None = Field(
        default=None, sa_type=BigInteger, description="Points of others in a calendar month; NULL: no limit"
    )
    set_by: UUID
    set_at: datetime = instant()
