"""What the bank port takes and says of pairs that may be one customer, and of merges."""

from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import Field

from guibin.core.ids import BranchId, CustomerId, MatchId, MergeId, StaffId
from guibin.core.lines import Line
from guibin.core.text import Note
from guibin.customers.match_repository import Pair
from guibin.customers.matching import Evidence
from guibin.customers.models import Customer, CustomerMerge, ReviewState
from guibin.customers.personal import Identity
from guibin.customers.proposing.model import Says
from guibin.web import OutModel, StrictModel

from .views import View, shown_certificate, shown_name, shown_phone

REASON = Field(default=None, description="Why, in your own words", examples=["柜面核对身份证原件，确为同一人"])


class MatchAcceptIn(StrictModel):
    """Whose id stays, and why the two are one."""

    surviving_id: CustomerId = Field(description="The one of the two whose id stays")
    reason: Annotated[str, Note(200)] | None = REASON


class MatchRejectIn(StrictModel):
    """Why the two are two."""

    reason: Annotated[str, Note(200)] | None = REASON


class MatchDeferIn(StrictModel):
    """Until when a pair is put off, and why."""

    until: date = Field(description="Within the next year", examples=["2026-12-24"])
    reason: Annotated[str, Note(200)] | None = Field(default=None, examples=["等待客户本人到网点补充证件"])


class UnmergeIn(StrictModel):
    """Which merge was wrong, and why."""

    merge_id: MergeId
    reason: Annotated[str, Note(200)] | None = REASON


class MatchOut(OutModel):
    """Two customers who may be one."""

    id: MatchId
    state: ReviewState = Field(description="open: nobody has decided; merged: one customer; apart: two for good")
    asked_because: str = Field(
        description="Why people are asked", examples=["same_certificate_other_customer_no", "connects_two_customers"]
    )
    line: Line | None = Field(description="The line whose file asked; null for other reasons")
    customer_id: CustomerId
    other_customer_id: CustomerId = Field(description="The same where one customer's own records disagree")
    probability: float | None = Field(
        description="That the two are one customer; null while it is not weighed", examples=[0.9942]
    )
    bits: float | None = Field(
        description="The same as evidence: log2 of the odds; the list's order", examples=[7.41, -2.3]
    )
    deferred_until: date | None = Field(description="The day on which it is listed again; null: it is not put off")
    created_at: datetime
    decided_at: datetime | None
    decided_by: StaffId | None
    decided_reason: str | None

    @classmethod
    def fields_of(cls, pair: Pair) -> dict[str, Any]:
        """Return what is said of a pair."""
        review = pair[0]
        line = review.evidence.get("line")
        return {
            **review.model_dump(exclude={"reason", "evidence"}),
            "asked_because": review.reason,
            "bits": None if review.probability is None else review.score / 100,
            "line": None if line is None else Line(str(line)),
        }

    @classmethod
    def of(cls, pair: Pair) -> Self:
        """Describe a pair."""
        return cls.model_validate({name: cls.fields_of(pair)[name] for name in cls.model_fields})


class MatchSideOut(OutModel):
    """One of the two, as a caller who does not serve the customer sees it."""

    id: CustomerId
    name: str | None = Field(examples=["王*明"])
    phone: str | None = Field(examples=["138****1234"])
    certificate_no: str | None
    branch_id: BranchId
    lines: list[Line] = Field(description="Which lines know the customer now")

    @classmethod
    def of(cls, customer: Customer, identity: Identity, lines: list[Line], view: View) -> Self:
        """Describe one of the two for a view."""
        return cls(
            id=customer.id,
            name=shown_name(identity, view),
            phone=shown_phone(identity, view),
            certificate_no=shown_certificate(identity, view),
            branch_id=customer.branch_id,
            lines=lines,
        )


class MatchWeightOut(OutModel):
    """What one field says of the likeliest two records of a pair."""

    field: str = Field(examples=["name"])
    says: Says
    level: str = Field(
        description="How equal or different; `of_relatives`: equal, as it is among people of one family",
        examples=["sounds_equal", "digits_off", "of_relatives"],
    )
    bits: float = Field(description="Above 0 for one customer, below 0 for two", examples=[6.45])


class MatchDetailOut(MatchOut):
    """A pair with its evidence: which fields are equal and which differ; what one of the two lacks is in neither."""

    sides: list[MatchSideOut]
    weights: list[MatchWeightOut] = Field(
        description="What each field of their likeliest records adds; with what is believed of any two they make `bits`"
    )
    equal: list[str] = Field(examples=[["name", "birth_date"]])
    different: list[str] = Field(examples=[["phone"]])

    @classmethod
    def in_full(cls, pair: Pair, sides: list[MatchSideOut], evidence: Evidence) -> Self:
        """Describe a pair with its evidence."""
        said = {name: cls.fields_of(pair)[name] for name in MatchOut.model_fields}
        weights = pair[0].evidence.get("weights", [])
        shown = {"sides": sides, "weights": weights, "equal": evidence.equal, "different": evidence.different}
        return cls.model_validate({**said, **shown})


class MergeOut(OutModel):
    """A merge into a customer, from the journal."""

    id: MergeId
    losing_id: CustomerId = Field(description="Who was merged: the id still finds the customer")
    reason: str
    merged_at: datetime
    records: int = Field(description="Source records that came along")
    undone_at: datetime | None
    undone_reason: str | None

    @classmethod
    def of(cls, row: CustomerMerge) -> Self:
        """Describe a row of the journal."""
        said = {name: getattr(row, name) for name in cls.model_fields if name != "records"}
        return cls.model_validate({**said, "records": len(row.moved["records"])})
