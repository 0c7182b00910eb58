"""Customers, what each line says of them, the references by which they are found, and who may see them.

Personal values stand here only as ciphertext (`*_enc`, under the row owner's data key) or as keyed hashes (`*_idx`,
`*_ref`). `birth_year`, `birth_mmdd` and `city_code` are the clear derived columns that tag rules read.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.approvals.terms.models import TermsVersion
from guibin.core.lines import Line
from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, cipher, distributed, instant, one_of, text_column
from guibin.customers.identity_events.rules import IdentityEventKind, IdentityOutcome

BLOCKS: Final = (
    "block_phone",
    "block_sound",
    "block_surname_birth",
    "block_sound_employer",
    "block_address",
    "block_given_birth",
    "block_birth_house",
)
"""The columns of a source record by whose equality pairs are found that may be one customer; all keyed hashes."""


class PartyType(StrEnum):
    """A natural or a legal person."""

    PERSON = "person"
    COMPANY = "company"


class PartyStatus(StrEnum):
    """What a line says of the relation."""

    ACTIVE = "active"
    DORMANT = "dormant"
    CLOSED = "closed"
    DECEASED = "deceased"


class Gender(StrEnum):
    """As feeds write it."""

    FEMALE = "F"
    MALE = "M"
    UNKNOWN = "U"


class CertificateType(StrEnum):
    """Kinds of certificates (证件类型)."""

    ID_CARD = "id_card"
    PASSPORT = "passport"
    HK_MACAU_PERMIT = "hk_macau_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    FOREIGN_RESIDENT = "foreign_resident"
    MILITARY = "military"
    BUSINESS_LICENCE = "business_licence"
    OTHER = "other"


class RefKind(StrEnum):
    """What a reference is a keyed hash of; one reference of one kind names one customer."""

    CUSTOMER_NO = "customer_no"
    CERTIFICATE = "certificate"
    RECORD = "record"
    HOLDING = "holding"


class ReviewState(StrEnum):
    """What became of a pair that people were asked about; a pair that is kept apart is never joined by a feed."""

    OPEN = "open"
    MERGED = "merged"
    APART = "apart"


class Customer(SQLModel, table=True):
    """One person or company as the bank knows it after fusion (客户). The id is opaque and never reused."""

    __tablename__ = "customer"
    __table_args__ = (
        one_of("party_type", PartyType),
        one_of("status", PartyStatus),
        one_of("gender", Gender),
        CheckConstraint("merged_into IS NULL OR merged_into <> id", name="merged_into_another"),
        Index(None, "branch_id", "id"),
        Index(None, "phone_idx"),
        Index(None, "name_idx"),
        Index(None, "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        distributed("id"),
    )

    id: UUID = Field(primary_key=True)
    party_type: str = text_column()
    status: str = text_column()
    branch_id: UUID = Field(foreign_key="branch.id")
    merged_into: UUID | None = None
    opened_on: date | None = None
    gender: str = text_column()
    birth_year: int | None = None
    birth_mmdd: str | None = text_column(default=None)
    city_code: str | None = text_column(default=None)
    certificate_type: str | None = text_column(default=None)
    data_key: bytes | None = cipher(default=None, description="Wrapped; NULL after erasure")
    name_enc: bytes | None = cipher(default=None)
    name_idx: bytes | None = cipher(default=None)
    certificate_no_enc: bytes | None = cipher(default=None)
    phone_enc: bytes | None = cipher(default=None)
    phone_idx: bytes | None = cipher(default=None)
    birth_date_enc: bytes | None = cipher(default=None)
    address_enc: bytes | None = cipher(default=None)
    employer_enc: bytes | None = cipher(default=None)
    leading_line: str = text_column(description="The line whose record the personal fields come from")
    not_before: datetime | None = instant(default=None, description="Access tokens of an earlier instant are refused")
    created_at: datetime = instant()
    erased_at: datetime | None = instant(default=None, description="When the personal data were deleted")


class SourceRecord(SQLModel, table=True):
    """What one line says of one of its customers (来源记录)."""

    __tablename__ = "source_record"
    __table_args__ = (
        one_of("line", Line),
        one_of("party_type", PartyType),
        one_of("status", PartyStatus),
        Index(None, "customer_id", "record_ref", unique=True),
        Index(None, "line", "record_ref"),
        Index(None, "certificate_idx"),
        Index(None, "match_due_at", postgresql_where=text("match_due_at IS NOT NULL")),
        *(Index(None, block, postgresql_where=text(f"{block} IS NOT NULL")) for block in BLOCKS),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    line: str = text_column()
    record_ref: bytes = cipher(description="Keyed hash of line and record id")
    customer_no_ref: bytes | None = cipher(default=None)
    certificate_ref: bytes | None = cipher(default=None, description="With the name: equal ones are one customer")
    certificate_idx: bytes | None = cipher(default=None, description="Without the name: for look-up")
    content_hash: bytes = cipher(description="Keyed hash of the row: an unchanged row changes nothing")
    party_type: str = text_column()
    status: str = text_column()
    certificate_type: str | None = text_column(default=None)
    gender: str = text_column()
    city_code: str | None = text_column(default=None)
    branch_code: str | None = text_column(default=None)
    opened_on: date | None = None
    data_key: bytes | None = cipher(default=None)
    record_id_enc: bytes | None = cipher(default=None)
    customer_no_enc: bytes | None = cipher(default=None)
    name_enc: bytes | None = cipher(default=None)
    certificate_no_enc: bytes | None = cipher(default=None)
    phone_enc: bytes | None = cipher(default=None)
    birth_date_enc: bytes | None = cipher(default=None)
    address_enc: bytes | None = cipher(default=None)
    employer_enc: bytes | None = cipher(default=None)
    as_of: date = Field(description="Business date of the file that said so")
    feed_file_id: UUID
    ended_on: date | None = Field(default=None, description="Left out of a full file of that day")
    match_due_at: datetime | None = instant(default=None, description="Since when it waits to be compared with others")
    block_phone: bytes | None = cipher(default=None, description="Keyed hashes: equal ones are compared")
    block_sound: bytes | None = cipher(default=None)
    block_surname_birth: bytes | None = cipher(default=None)
    block_sound_employer: bytes | None = cipher(default=None)
    block_address: bytes | None = cipher(default=None)
    block_given_birth: bytes | None = cipher(default=None)
    block_birth_house: bytes | None = cipher(default=None)


class CustomerRef(SQLModel, table=True):
    """Global uniqueness and look-up: a keyed hash of one kind names one customer."""

    __tablename__ = "customer_ref"
    __table_args__ = (one_of("kind", RefKind), Index(None, "customer_id"), distributed("ref"))

    ref: bytes = cipher(primary_key=True)
    kind: str = Field(sa_type=Text, primary_key=True)
    customer_id: UUID
    key_version: int = 1
    valid_from: date
    valid_to: date | None = None


class MatchReview(SQLModel, table=True):
    """Two customers that may be one, or records that contradict each other: people decide."""

    __tablename__ = "match_review"
    __table_args__ = (
        Index(None, "state", "created_at"),
        Index(None, "state", "score"),
        Index(None, "created_at", postgresql_where=text("state = 'open' AND weighed_at IS NULL")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    other_customer_id: UUID
    reason: str = text_column()
    evidence: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    state: str = text_column(default=ReviewState.OPEN)
    created_at: datetime = instant()
    decided_at: datetime | None = instant(default=None)
    decided_by: UUID | None = None
    decided_reason: str | None = text_column(default=None)
    score: int = Field(
        default=0,
        sa_column_kwargs={"server_default": "0"},
        description="What all fields say, in hundredths of a bit: above 0 for one person",
    )
    probability: float | None = Field(default=None, description="That the two are one; NULL until it is weighed")
    model_version: int | None = None
    weighed_at: datetime | None = instant(default=None, description="NULL: the worker weighs it")
    deferred_until: date | None = Field(default=None, description="Not shown among the open ones before that day")


class MatchModelVersion(SQLModel, table=True):
    """The parameters by which pairs are weighed; the highest version is in force."""

    __tablename__ = "match_model"
    __table_args__ = (REFERENCE,)

    version: int = Field(primary_key=True)
    parameters: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    decisions: int = Field(default=0, description="From how many decided pairs it was learnt")
    created_at: datetime = instant()


class IdentityPolicyVersion(TermsVersion, table=True):
    """Whose word counts for the fields of customers, and the cap of merges; the highest version is in force."""

    __tablename__ = "identity_policy"
    __table_args__ = (REFERENCE,)

    created_at: datetime = instant()
    is_applied: bool = Field(description="Whether the worker has composed all customers by it")
    applied_to: UUID | None = Field(default=None, description="The last customer who is composed by it")


class CustomerMerge(SQLModel, table=True):
    """That one customer became another, and what it brought along: by it a merge is undone (合并记录).

    `moved` names, for each domain, the rows that went over, in a form of the domain's own.
    """

    __tablename__ = "customer_merge"
    __table_args__ = (
        CheckConstraint("losing_id <> customer_id", name="of_two"),
        CheckConstraint(
            "(undone_at IS NULL) = (undone_by IS NULL) AND (undone_at IS NULL) = (undone_reason IS NULL)",
            name="undone_by_somebody",
        ),
        Index(None, "losing_id"),
        Index(None, "id", postgresql_where=text("stale")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id", description="The surviving customer")
    id: UUID = Field(primary_key=True)
    losing_id: UUID
    reason: str = text_column()
    moved: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    merged_at: datetime = instant()
    merged_by: UUID
    stale: bool = Field(default=False, description="The personal fields of both are still to be composed anew")
    undone_at: datetime | None = instant(default=None)
    undone_by: UUID | None = None
    undone_reason: str | None = text_column(default=None)


class IdentityEventRow(SQLModel, table=True):
    """An event of the bank's customer system that was taken: each reference once."""

    __tablename__ = "identity_event"
    __table_args__ = (one_of("kind", IdentityEventKind), one_of("outcome", IdentityOutcome), distributed("reference"))

    reference: str = Field(sa_type=Text, primary_key=True)
    kind: str = text_column()
    day: date
    content_hash: bytes = cipher(description="Keyed hash of what was sent")
    outcome: str = text_column()
    subject_id: UUID = Field(description="The customer as it was then")
    sent_by: UUID
    taken_at: datetime = instant()


ACCOMPANYING: Final = "joint"
"""The role of who gave a customer away and still accompanies it."""


class CustomerAccess(SQLModel, table=True):
    """Which member of staff has this customer in the own book, or accompanies it.

    Only rows without `valid_to` give access; one of who accompanies gives it until its end, where a route asks for it.
    """

    __tablename__ = "customer_access"
    __table_args__ = (
        Index(None, "staff_id", postgresql_where=text("valid_to IS NULL")),
        Index("ix_customer_access_accompanied", "staff_id", "valid_to", postgresql_where=text("role = 'joint'")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    staff_id: UUID = Field(primary_key=True, foreign_key="staff.id")
    role: str = Field(sa_type=Text, primary_key=True)
    valid_from: date
    valid_to: date | None = Field(default=None, description="NULL while it lasts; coverage keeps the history")


class RevealDay(SQLModel, table=True):
    """How many unmasked values a member of staff has looked at on a day of business; who, what and why is audited."""

    __tablename__ = "reveal_day"
    __table_args__ = (CheckConstraint("revealed > 0", name="counted"), distributed("staff_id"))

    staff_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    revealed: int
