"""What the bank port says of segments."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from bank_api.tags.rule_forms import RuleTree
from bank_api.tags.schemas import Name
from guibin.core.ids import CustomerId, SnapshotId, StaffId
from guibin.core.text import Code, Note
from guibin.tags.models import TagAxis, TagSource
from guibin.tags.segments.models import PinSide, SegmentPin, SegmentSnapshot
from guibin.tags.segments.repository import Comparison, Member
from guibin.tags.segments.rules import StepKind
from guibin.tags.segments.service import Waterfall
from guibin.tags.service import TagDraft
from guibin.web import FreshnessOut, OutModel, StrictModel

SEGMENT_EXAMPLE = {
    "all": [
        {"fact": "aum_mda", "op": ">=", "value": "200000.00"},
        {"not": {"tag": "deposits_only"}},
        {"fact": "bucket.spring", "op": "<", "value": 90},
    ]
}


class SegmentIn(StrictModel):
    """A new segment. It is submitted, approved, edited and retired as a tag of kind `segment`."""

    code: Code = Field(examples=["spring_savers"])
    name_zh: Name = Field(examples=["春季储蓄客群"])
    name_en: Name = Field(examples=["Savers of the spring"])
    description: Annotated[str, Note(500)] | None = None
    rule: RuleTree = Field(description="Its rule: over facts, tags and other segments", examples=[SEGMENT_EXAMPLE])

    def draft(self) -> TagDraft:
        """Return the command's form."""
        return TagDraft(TagAxis.SERVICE, self.name_zh, self.name_en, self.description, self.rule)


class CountIn(StrictModel):
    """What to count."""

    rule: RuleTree | None = Field(default=None, description="Without it: the draft, else the rule in force")


class SetStepOut(OutModel):
    """A step of the waterfall."""

    place: str = Field(description="Where the part stands in the rule", examples=["rule/all/1"])
    kind: StepKind = Field(description="What it does with the customers of the steps before")
    members: int = Field(description="Customers in your scope after this step")
    change: int = Field(description="How many it added; negative: took away")


class WaterfallOut(OutModel):
    """Whom a rule leaves, step by step, within your scope."""

    freshness: FreshnessOut = Field(description="Of the facts")
    customers: int = Field(description="Customers in your scope")
    steps: list[SetStepOut]
    members: int = Field(description="Customers for whom the whole rule holds, before pins")
    pinned_in: int = Field(description="Customers put in by hand")
    pinned_out: int = Field(description="Customers put out by hand")

    @classmethod
    def of(cls, found: Waterfall, freshness: FreshnessOut) -> "WaterfallOut":
        """Describe a waterfall."""
        steps, before = [], found.customers
        for number, (step, members) in enumerate(found.steps):
            change = members - (before if number or step.kind is not StepKind.START else found.customers)
            steps.append(SetStepOut(place=step.place, kind=step.kind, members=members, change=change))
            before = members
        return cls(
            freshness=freshness,
            customers=found.customers,
            steps=steps,
            members=before,
            pinned_in=found.pinned_in,
            pinned_out=found.pinned_out,
        )


class MemberOut(OutModel):
    """A customer in a segment."""

    customer_id: CustomerId
    since: date
    sources: list[TagSource] = Field(description="`rule`: by its rule; `manual`: put in by hand")

    @classmethod
    def of(cls, member: Member) -> "MemberOut":
        """Describe a member."""
        return cls(
            customer_id=member.customer_id, since=member.since, sources=[TagSource(one) for one in member.sources]
        )


class PinIn(StrictModel):
    """Where to put a customer."""

    side: PinSide = Field(description="Into the segment, or out of it")
    reason: Annotated[str, Note(200)] = Field(examples=["asked not to be addressed"])


class UnpinIn(StrictModel):
    """Why the pin goes."""

    reason: Annotated[str, Note(200)] = Field(examples=["no longer needed"])


class PinOut(OutModel):
    """A customer put into a segment, or out of it, by hand."""

    customer_id: CustomerId
    side: PinSide
    since: date
    set_by: StaffId
    reason: str

    @classmethod
    def of(cls, pin: SegmentPin) -> "PinOut":
        """Describe a pin."""
        return cls.model_validate(pin)


class SnapshotIn(StrictModel):
    """What a snapshot is for."""

    purpose: Annotated[str, Note(200)] = Field(examples=["campaign of the spring, wave 1"])


class SnapshotOut(OutModel):
    """The members of a segment, frozen."""

    id: SnapshotId
    segment: str
    version: int | None = Field(description="The version of the rule then in force")
    purpose: str
    members: int = Field(description="How many it holds")
    taken_by: StaffId
    taken_at: datetime

    @classmethod
    def of(cls, found: SegmentSnapshot) -> "SnapshotOut":
        """Describe a snapshot."""
        return cls(**_parts(found))


class ComparedOut(SnapshotOut):
    """A snapshot against the segment as it is now, within your scope."""

    frozen: int = Field(description="Those of its customers who are in your scope")
    still: int = Field(description="Of these, who is a member now")
    left: int = Field(description="Of these, who is no longer")
    joined: int = Field(description="Members now who are not in the snapshot")

    @classmethod
    def compared(cls, found: SegmentSnapshot, compared: Comparison) -> "ComparedOut":
        """Describe a snapshot and what became of it."""
        counts = {name: getattr(compared, name) for name in ("frozen", "still", "left", "joined")}
        return cls(**_parts(found), **counts)


class FrozenOut(OutModel):
    """A customer of a snapshot."""

    customer_id: CustomerId


def _parts(found: SegmentSnapshot) -> dict[str, Any]:
    return {"segment": found.tag_code, **found.model_dump(exclude={"tag_code"})}
