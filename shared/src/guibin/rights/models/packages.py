"""Packages: of several rights a customer chooses some for a period (权益包)."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, instant, one_of, text_column


class PackageState(StrEnum):
    """The life of a version. A published one counts from its first day until a later version's."""

    DRAFT = "draft"
    PENDING = "pending"
    PUBLISHED = "published"


class PackagePeriod(StrEnum):
    """For how long a choice is good: a calendar period of Asia/Shanghai."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class RightsPackage(SQLModel, table=True):
    """A version of a package.

    `rights` is a list of `{"right_id": uuid, "units": n}`, `tiers` of `{"tier": code, "choose": n}`: how many of these
    rights a customer of the tier chooses for each period. A version begins with a period, so that a choice is always
    of one version; the first of a package begins with the period in which it is published.
    """

    __tablename__ = "rights_package"
    __table_args__ = (
        one_of("state", PackageState),
        one_of("period", PackagePeriod),
        CheckConstraint("(state = 'published') = (first_day IS NOT NULL)", name="published_from_a_day"),
        Index(None, "code", "version", unique=True),
        Index(
            "ix_rights_package_one_open",
            "code",
            unique=True,
            postgresql_where=text("state IN ('draft', 'pending')"),
        ),
        REFERENCE,
    )

    id: UUID = Field(primary_key=True)
    code: str = text_column()
    version: int
    state: str = text_column()
    revision: int = Field(default=1, description="Counts edits; the ETag")
    name_zh: str = text_column()
    name_en: str = text_column()
    period: str = text_column()
    tiers: list[dict[str, object]] = Field(sa_column=Column(JSONB, nullable=False))
    rights: list[dict[str, object]] = Field(sa_column=Column(JSONB, nullable=False))
    last_day: date | None = Field(default=None, description="After it nothing is chosen or taken any more")
    first_day: date | None = Field(default=None, description="Of the period with which it comes into force")
    created_at: datetime = instant()


class PackageChoice(SQLModel, table=True):
    """What a customer has chosen of a package for a period; `rights` are the ids of the rights.

    `taken` counts the units that redemptions hold of it; how many of each right stands in the redemptions.
    """

    __tablename__ = "package_choice"
    __table_args__ = (
        CheckConstraint("taken >= 0", name="taken_not_negative"),
        CheckConstraint("period_start <= period_end", name="period_in_order"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    package_id: UUID = Field(primary_key=True, foreign_key="rights_package.id")
    period_start: date = Field(primary_key=True)
    period_end: date = Field(description="The last day on which it can be used")
    rights: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    taken: int = 0
    chosen_at: datetime = instant()
    changed_at: datetime = instant()
