"""The bank's own people and places: the branch tree, staff, roles as data, service clients."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import REFERENCE, SQLModel, cipher, instant, one_of, text_column
from guibin.security.actors import DataScope, Domain, Verb


class BranchKind(StrEnum):
    """A place in the tree."""

    HEAD_OFFICE = "head_office"
    REGION = "region"
    BRANCH = "branch"


class Branch(SQLModel, table=True):
    """A node of the organisation tree (机构); a region is an inner node."""

    __tablename__ = "branch"
    __table_args__ = (UniqueConstraint("code"), one_of("kind", BranchKind), REFERENCE)

    id: UUID = Field(primary_key=True)
    code: str = text_column()
    kind: str = text_column()
    parent_id: UUID | None = Field(default=None, foreign_key="branch.id", index=True)
    name_zh: str = text_column()
    name_en: str = text_column()
    city_code: str | None = text_column(default=None)


class BranchClosure(SQLModel, table=True):
    """Every pair of a node and a node below it, itself included: a subtree is one equality."""

    __tablename__ = "branch_closure"
    __table_args__ = (REFERENCE,)

    ancestor_id: UUID = Field(primary_key=True, foreign_key="branch.id")
    descendant_id: UUID = Field(primary_key=True, foreign_key="branch.id", index=True)


class Staff(SQLModel, table=True):
    """A member of staff, known by issuer and subject of the bank's tokens."""

    __tablename__ = "staff"
    __table_args__ = (UniqueConstraint("no"), UniqueConstraint("issuer", "subject"), REFERENCE)

    id: UUID = Field(primary_key=True)
    no: str = text_column()
    issuer: str = text_column()
    subject: str = text_column()
    branch_id: UUID = Field(foreign_key="branch.id", index=True)
    active: bool = True
    not_before: datetime | None = instant(default=None, description="Tokens issued earlier are refused")
    person_ref: bytes | None = cipher(default=None, index=True, description="Keyed hash of who the person is")
    customer_ref: bytes | None = cipher(default=None, description="The certificate's reference in customer_ref")
    data_key: bytes | None = cipher(default=None)
    name_enc: bytes | None = cipher(default=None)
    phone_enc: bytes | None = cipher(default=None)


class RoleGrant(SQLModel, table=True):
    """What a role may do: verb x domain, on which data, up to which cost. Roles are data that a bank edits."""

    __tablename__ = "role_grant"
    __table_args__ = (one_of("verb", Verb), one_of("domain", Domain), one_of("data", DataScope), REFERENCE)

    role: str = Field(sa_type=Text, primary_key=True)
    verb: str = Field(sa_type=Text, primary_key=True)
    domain: str = Field(sa_type=Text, primary_key=True)
    data: str = text_column()
    limit_fen: int | None = Field(default=None, sa_type=BigInteger, sa_column_kwargs={"comment": "cost of one command"})
    per_day: int | None = Field(default=None, sa_column_kwargs={"comment": "commands of a day"})
    row_limit: int | None = Field(default=None, sa_column_kwargs={"comment": "rows of one answer"})
    active: bool = Field(default=True, sa_column_kwargs={"comment": "false: taken away, and no seed brings it back"})


class StaffRole(SQLModel, table=True):
    """Who has which role at which node of the organisation."""

    __tablename__ = "staff_role"
    __table_args__ = (REFERENCE,)

    staff_id: UUID = Field(primary_key=True, foreign_key="staff.id")
    role: str = Field(sa_type=Text, primary_key=True)
    branch_id: UUID = Field(primary_key=True, foreign_key="branch.id")
    ended_at: datetime | None = instant(default=None)


class StaffDelegation(SQLModel, table=True):
    """Cover for somebody who is away: the deputy holds the roles for a time, except over the other's own customers."""

    __tablename__ = "staff_delegation"
    __table_args__ = (
        CheckConstraint("staff_id <> deputy_id", name="of_two"),
        CheckConstraint(
            "valid_to > valid_from AND valid_to <= valid_from + interval '30 days'", name="at_most_thirty_days"
        ),
        REFERENCE,
    )

    id: UUID = Field(primary_key=True)
    staff_id: UUID = Field(foreign_key="staff.id", index=True)
    deputy_id: UUID = Field(foreign_key="staff.id", index=True)
    valid_from: datetime = instant()
    valid_to: datetime = instant()
    reason: str = text_column()
    created_by: UUID
    created_at: datetime = instant()


class BookCover(SQLModel, table=True):
    """Whose own customers somebody serves for a colleague who is away; made from the absences of managers.

    A delegation passes roles on, this the book: the deputy's own grants reach the colleague's customers too.
    """

    __tablename__ = "book_cover"
    __table_args__ = (
        CheckConstraint("staff_id <> deputy_id", name="of_two"),
        CheckConstraint("valid_to > valid_from", name="in_order"),
        Index(None, "deputy_id", "valid_to"),
        REFERENCE,
    )

    staff_id: UUID = Field(primary_key=True, foreign_key="staff.id")
    valid_from: date = Field(primary_key=True)
    valid_to: date = Field(description="First day back")
    deputy_id: UUID = Field(foreign_key="staff.id")


class RevokedToken(SQLModel, table=True):
    """A token, or all tokens of a session, that nobody believes any more; kept until it would have ended anyway."""

    __tablename__ = "revoked_token"
    __table_args__ = (REFERENCE,)

    issuer: str = Field(sa_type=Text, primary_key=True)
    token_id: str = Field(sa_type=Text, primary_key=True, description="The claim jti, or sid")
    expires_at: datetime = instant()
    revoked_at: datetime = instant()
    revoked_by: UUID


class ServiceClient(SQLModel, table=True):
    """A system of the bank or of a supplier that calls the bank port."""

    __tablename__ = "service_client"
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("name"), REFERENCE)

    id: UUID = Field(primary_key=True)
    name: str = text_column()
    issuer: str = text_column()
    subject: str = text_column()
    scopes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    active: bool = True


class CalendarYear(SQLModel, table=True):
    """The days of a year that are not what their weekday says: holidays, and weekends that are worked.

    `days` is a list of `{"day": "2026-10-01", "works": false, "name_zh": "国庆节", "name_en": "National Day"}` in
    order. A year without a row has none: the bank works from Monday to Friday.
    """

    __tablename__ = "calendar_year"
    __table_args__ = (REFERENCE,)

    year: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    days: list[dict[str, object]] = Field(sa_column=Column(JSONB, nullable=False))
    revision: int = Field(default=1, description="Counts every change; the ETag")
