"""What customers allow, what they ask for, what forbids dealing with them, and what is kept how long.

A consent is a row that is never written again: the newest row of a purpose and a channel is the customer's word.
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import (
    BY_CUSTOMER,
    REFERENCE,
    SQLModel,
    cipher,
    distributed,
    instant,
    one_of,
    text_column,
)


class Purpose(StrEnum):
    """What personal data are processed for; each purpose stands alone."""

    SERVICE = "service"
    MARKETING = "marketing"
    PROFILING = "profiling"
    SUPPLIER = "supplier"
    FAMILY = "family"
    EXTERNAL = "external"
    SENSITIVE = "sensitive"
    POOLING = "pooling"


class ConsentChannel(StrEnum):
    """By which channel a purpose reaches the customer; `any` for purposes that know no channel."""

    ANY = "any"
    SMS = "sms"
    PHONE = "phone"
    WECHAT = "wechat"
    APP = "app"


class LegalBasis(StrEnum):
    """Why the bank may process: the contract, or the customer's consent."""

    CONTRACT = "contract"
    CONSENT = "consent"


class ConsentState(StrEnum):
    """The customer's word. `unsaid`: the one before came by a merge that was undone, and is none of this customer's."""

    GRANTED = "granted"
    DENIED = "denied"
    REVOKED = "revoked"
    UNSAID = "unsaid"


class GivenAt(StrEnum):
    """Where the word was given."""

    CUSTOMER_PORT = "customer_port"
    PAPER = "paper"


class RequestKind(StrEnum):
    """What a customer asks of the own data."""

    COPY = "copy"
    CORRECT = "correct"
    DELETE = "delete"
    EXPLAIN = "explain"


class RequestState(StrEnum):
    """The life of a data request."""

    RECEIVED = "received"
    IN_PROGRESS = "in_progress"
    FULFILLED = "fulfilled"
    REFUSED = "refused"


class ErasureState(StrEnum):
    """The life of an erasure: asked for, confirmed by a second person, done; or given up before."""

    REQUESTED = "requested"
    VERIFIED = "verified"
    ERASED = "erased"
    WITHDRAWN = "withdrawn"


class ConsentText(SQLModel, table=True):
    """The words of a consent, by version: what was published stays as it is."""

    __tablename__ = "consent_text"
    __table_args__ = (one_of("purpose", Purpose), one_of("legal_basis", LegalBasis), REFERENCE)

    purpose: str = Field(sa_type=Text, primary_key=True)
    version: int = Field(primary_key=True)
    legal_basis: str = text_column()
    text_zh: str = text_column()
    text_en: str = text_column()
    published_on: date


class Consent(SQLModel, table=True):
    """One word of a customer on one purpose and channel (同意记录). Insert only."""

    __tablename__ = "consent"
    __table_args__ = (
        one_of("channel", ConsentChannel),
        one_of("state", ConsentState),
        one_of("given_at", GivenAt),
        CheckConstraint("given_at <> 'paper' OR evidence IS NOT NULL", name="paper_has_evidence"),
        ForeignKeyConstraint(["purpose", "text_version"], ["consent_text.purpose", "consent_text.version"]),
        Index(None, "customer_id", "purpose", "channel", "recorded_at"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    purpose: str = text_column()
    channel: str = text_column()
    state: str = text_column()
    text_version: int
    given_at: str = text_column()
    evidence: str | None = text_column(default=None, description="Where the signed form lies, or the request's id")
    recorded_at: datetime = instant()
    recorded_by: UUID


class DataRequest(SQLModel, table=True):
    """A customer's wish for the own data, to be answered within 30 days (个人信息权利请求)."""

    __tablename__ = "data_request"
    __table_args__ = (
        one_of("kind", RequestKind),
        one_of("state", RequestState),
        Index(None, "state", "due_on"),
        Index(None, "customer_id", "created_at"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    kind: str = text_column()
    state: str = text_column()
    details_enc: bytes | None = cipher(default=None, description="The customer's words, under the customer's data key")
    answer_enc: bytes | None = cipher(default=None, description="The bank's words, under the customer's data key")
    created_at: datetime = instant()
    due_on: date
    decided_at: datetime | None = instant(default=None)
    decided_by: UUID | None = None


class SubjectExport(SQLModel, table=True):
    """The file of a request for a copy: an encrypted zip, its password, and the link by which it is fetched once."""

    __tablename__ = "subject_export"
    __table_args__ = (
        CheckConstraint("(content IS NULL) = (password_enc IS NULL)", name="file_with_password"),
        CheckConstraint("(link_hash IS NULL) = (link_expires_at IS NULL)", name="link_with_end"),
        ForeignKeyConstraint(["customer_id", "request_id"], ["data_request.customer_id", "data_request.id"]),
        Index(None, "made_at", "created_at"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    request_id: UUID = Field(primary_key=True)
    created_at: datetime = instant()
    made_at: datetime | None = instant(default=None)
    expires_at: datetime | None = instant(default=None)
    content: bytes | None = cipher(default=None, description="The encrypted zip; NULL before and after its time")
    password_enc: bytes | None = cipher(default=None, description="Under the customer's data key")
    link_hash: bytes | None = cipher(default=None, description="SHA-256 of the one-time link that is open")
    link_expires_at: datetime | None = instant(default=None)
    fetched_at: datetime | None = instant(default=None, description="When the file was fetched last")


class Erasure(SQLModel, table=True):
    """The deletion of a customer's personal data: who asked, who agreed, what was done (删除个人信息)."""

    __tablename__ = "erasure"
    __table_args__ = (
        one_of("state", ErasureState),
        CheckConstraint("(state = 'erased') = (erased_at IS NOT NULL)", name="erased_has_a_time"),
        Index(None, "customer_id", unique=True, postgresql_where=text("state IN ('requested', 'verified', 'erased')")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    state: str = text_column()
    evidence: str = text_column(description="Where the proof lies that the customer asked")
    approval_id: UUID
    requested_by: UUID
    requested_at: datetime = instant()
    verified_by: UUID | None = None
    verified_at: datetime | None = instant(default=None)
    erased_at: datetime | None = instant(default=None)
    counts: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))


class Tombstone(SQLModel, table=True):
    """Keyed hash of a customer number or record id that was erased: no feed brings it back."""

    __tablename__ = "tombstone"
    __table_args__ = (distributed("ref"),)

    ref: bytes = cipher(primary_key=True)
    laid_at: datetime = instant()


class RestrictionKind(SQLModel, table=True):
    """What each kind of restriction blocks; a bank edits the rows. The strictest of several wins."""

    __tablename__ = "restriction_kind"
    __table_args__ = (REFERENCE,)

    code: str = Field(sa_type=Text, primary_key=True)
    name_zh: str = text_column()
    name_en: str = text_column()
    blocks_earn: bool = False
    blocks_redeem: bool = False
    blocks_message: bool = False
    blocks_call: bool = False
    blocks_assign: bool = False
    blocks_login: bool = False
    blocks_service: bool = Field(default=False, description="Not even word of what the customer has or ordered")
    keeps_data: bool = Field(default=False, description="The law asks to keep the data: no erasure meanwhile")


class CustomerRestriction(SQLModel, table=True):
    """A restriction of a customer, from a day to a day. Only `valid_to` and who ended it are written again."""

    __tablename__ = "customer_restriction"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ends_after_it_began"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text, foreign_key="restriction_kind.code")
    valid_from: date
    valid_to: date | None = Field(default=None, description="First day without it; NULL while it lasts")
    reference: str = text_column(description="The document that asks for it, by its number")
    set_by: UUID
    set_at: datetime = instant()
    ended_by: UUID | None = None
    line: str | None = text_column(default=None, description="Whose files tell of it; NULL where a person does")
    named_by: bytes | None = cipher(
        default=None, description="As whom the line named a customer into whom others were merged; NULL for others"
    )


class RetentionPeriod(SQLModel, table=True):
    """How long rows of a kind are kept; a bank edits the days."""

    __tablename__ = "retention_period"
    __table_args__ = (CheckConstraint("days >= 1", name="at_least_a_day"), REFERENCE)

    subject: str = Field(sa_type=Text, primary_key=True)
    days: int
    reason: str = text_column()
