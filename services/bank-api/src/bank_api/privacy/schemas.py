"""What the bank port says and takes of consents, restrictions, data requests and erasure."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from guibin.core.ids import ApprovalId, CustomerId, DataRequestId, ErasureId, RestrictionId
from guibin.core.text import Code, Note, OneLine
from guibin.privacy.models import (
    Consent,
    ConsentChannel,
    ConsentState,
    CustomerRestriction,
    DataRequest,
    Erasure,
    GivenAt,
    LegalBasis,
    Purpose,
    RequestKind,
    RequestState,
    RestrictionKind,
)
from guibin.privacy.rules import Act
from guibin.privacy.service.consents import Standing, Word
from guibin.privacy.service.erasing import Receipt
from guibin.privacy.service.requests import Opened
from guibin.privacy.service.restrictions import Wanted
from guibin.web import Day, OutModel, StrictModel

MOST_DECISIONS = 20
MOST_RESTRICTIONS = 20


class ConsentOut(OutModel):
    """A purpose and a channel, and what the customer says to it now."""

    purpose: Purpose
    channel: ConsentChannel
    legal_basis: LegalBasis
    text_version: int = Field(description="The text in force")
    state: ConsentState | None = Field(description="Null: the customer said nothing, which counts as no")

    @classmethod
    def of(cls, standing: Standing) -> "ConsentOut":
        """Describe a purpose and a channel."""
        return cls(
            purpose=standing.purpose,
            channel=standing.channel,
            legal_basis=LegalBasis(standing.text.legal_basis),
            text_version=standing.text.version,
            state=ConsentState(standing.word.state) if standing.word else None,
        )


class ConsentWordOut(OutModel):
    """One word of the customer, as it was kept."""

    purpose: Purpose
    channel: ConsentChannel
    state: ConsentState
    text_version: int
    given_at: GivenAt
    evidence: str | None = Field(description="Where the signed form lies, or the id of the request")
    recorded_at: datetime

    @classmethod
    def of(cls, row: Consent) -> "ConsentWordOut":
        """Describe a row."""
        return cls.model_validate(row.model_dump())


class CustomerConsentsOut(OutModel):
    """What a customer allows, and how that came about, the newest word first."""

    customer_id: CustomerId
    items: list[ConsentOut]
    history: list[ConsentWordOut]


class PaperConsentIn(StrictModel):
    """A yes or no on a signed form."""

    purpose: Purpose = Field(examples=["marketing"])
    channel: ConsentChannel = Field(examples=["sms"])
    granted: bool = Field(examples=[True])
    text_version: int | None = Field(default=None, ge=1, le=10_000, description="The text on the form; needed for yes")

    def word(self) -> Word:
        """Return what the domain takes."""
        return Word(self.purpose, self.channel, self.granted, self.text_version)


class PaperConsentsIn(StrictModel):
    """What a customer signed on paper."""

    decisions: list[PaperConsentIn] = Field(
        min_length=1,
        max_length=MOST_DECISIONS,
        examples=[[{"purpose": "marketing", "channel": "sms", "granted": True, "text_version": 1}]],
    )
    evidence: Annotated[str, OneLine(120)] = Field(
        description="Number of the form and where it lies; no name, no phone", examples=["FORM-2026-000123"]
    )


class RestrictionKindOut(OutModel):
    """A kind of restriction and what it blocks."""

    code: str
    name_zh: str
    name_en: str
    blocks: list[Act]
    keeps_data: bool = Field(description="No erasure while it is in force")

    @classmethod
    def of(cls, row: RestrictionKind) -> "RestrictionKindOut":
        """Describe a row."""
        blocks = [act for act in Act if getattr(row, f"blocks_{act}")]
        return cls.model_validate({**row.model_dump(), "blocks": blocks})


class RestrictionKindsOut(OutModel):
    """All kinds."""

    items: list[RestrictionKindOut]


class RestrictionOut(OutModel):
    """A restriction of a customer."""

    id: RestrictionId
    kind: str
    name_zh: str
    name_en: str
    blocks: list[Act]
    valid_from: date
    valid_to: date | None = Field(description="First day without it; null while it lasts")
    reference: str

    @classmethod
    def of(cls, row: CustomerRestriction, kind: RestrictionKind) -> "RestrictionOut":
        """Describe a row and its kind."""
        known = RestrictionKindOut.of(kind)
        return cls.model_validate({**known.model_dump(), **row.model_dump()})


class CustomerRestrictionsOut(OutModel):
    """The restrictions of a customer that have not ended."""

    customer_id: CustomerId
    items: list[RestrictionOut]


class RestrictionIn(StrictModel):
    """A restriction that should stand."""

    kind: Code = Field(examples=["senior"])
    valid_from: Day | None = Field(default=None, description="First day; today without it")
    valid_to: Day | None = Field(default=None, description="First day without it")
    reference: Annotated[str, OneLine(120)] = Field(
        description="The document that asks for it, by its number; no name, no phone", examples=["DOC-2026-77"]
    )

    def wanted(self) -> Wanted:
        """Return what the domain takes."""
        return Wanted(self.kind, self.valid_from, self.valid_to, self.reference)


class RestrictionsIn(StrictModel):
    """All restrictions that should stand; those that are not named end today."""

    items: list[RestrictionIn] = Field(
        max_length=MOST_RESTRICTIONS, examples=[[{"kind": "senior", "reference": "DOC-2026-77"}]]
    )


class DataRequestRowOut(OutModel):
    """A customer's request for the own data as a list shows it: without the words of either side."""

    id: DataRequestId
    customer_id: CustomerId
    kind: RequestKind
    state: RequestState
    created_at: datetime
    due_on: date = Field(description="The last day to answer")
    decided_at: datetime | None

    @classmethod
    def of_row(cls, row: DataRequest) -> "DataRequestRowOut":
        """Describe a row."""
        return cls.model_validate(row.model_dump())


class DataRequestOut(DataRequestRowOut):
    """A customer's request for the own data, with its words."""

    details: str | None = Field(
        description="The customer's words; null when there are none, or once the customer is erased"
    )
    answer: str | None

    @classmethod
    def of(cls, opened: Opened) -> "DataRequestOut":
        """Describe a request."""
        words = {"details": opened.details, "answer": opened.answer}
        return cls.model_validate({**opened.row.model_dump(), **words})


class DecisionOnRequestIn(StrictModel):
    """What the bank answers."""

    outcome: Literal["fulfilled", "refused"] = Field(examples=["fulfilled"])
    answer: Annotated[str, Note(1_000)] = Field(description="Told to the customer", examples=["标签依据为上月日均资产"])


class EraseIn(StrictModel):
    """Asks for the erasure of a customer."""

    evidence: Annotated[str, OneLine(120)] = Field(
        description="Where the proof lies that this customer asked; no name, no phone", examples=["FORM-2026-000321"]
    )


class ErasurePendingOut(OutModel):
    """The answer while another person has to confirm (202)."""

    approval_id: ApprovalId
    status: Literal["pending"] = "pending"

    @classmethod
    def of(cls, row: Erasure) -> "ErasurePendingOut":
        """Describe an erasure that waits."""
        return cls(approval_id=row.approval_id)


class ErasureReceiptOut(OutModel):
    """The receipt of an erasure: the same as often as it is asked for."""

    id: ErasureId
    status: Literal["erased"] = "erased"
    erased_at: datetime
    backups_until: datetime = Field(description="From then on no backup holds what was erased")
    removed: dict[str, int] = Field(description="How many rows of what were emptied or deleted")
    receipt: str = Field(description="A number that follows from the above")

    @classmethod
    def of(cls, receipt: Receipt) -> "ErasureReceiptOut":
        """Describe a receipt."""
        return cls(
            id=receipt.erasure.id,
            erased_at=receipt.erased_at,
            backups_until=receipt.backups_until,
            removed=dict(sorted(receipt.erasure.counts.items())),
            receipt=receipt.receipt,
        )
