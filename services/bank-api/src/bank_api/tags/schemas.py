"""What the bank port says of tags."""

from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from guibin.core.ids import CustomerId, StaffId
from guibin.core.invalid import invalid_input
from guibin.core.text import Code, Note, OneLine
from guibin.tags.matching import Sample
from guibin.tags.models import (
    Sensitivity,
    Tag,
    TagAxis,
    TagKind,
    TagSource,
    TagState,
    UpdatePolicy,
)
from guibin.tags.repository import Held, Reach
from guibin.tags.rules import parse_text, write_text
from guibin.tags.service import Preview, TagDraft
from guibin.web import Day, FreshnessOut, OutModel, StrictModel

from .rule_forms import RuleText, RuleTree

STALE = "No run has given it anew for the last closed day: it failed, did not run, or the tag is suspended"
Name = Annotated[str, OneLine(40)]


class TagEdit(StrictModel):
    """What can be edited; the whole is replaced."""

    axis: TagAxis = Field(description="The axis of tagging")
    name_zh: Name = Field(examples=["月日均百万客户"])
    name_en: Name = Field(examples=["Average of a million"])
    description: Annotated[str, Note(500)] | None = None
    category: Code | None = Field(default=None, description="A category of the axis; null: directly under the axis")
    sensitivity: Sensitivity = Field(
        default=Sensitivity.INTERNAL,
        description="Sensitive tags are given only to who consented, and shown only to who may see such tags",
    )
    owner_id: StaffId | None = Field(
        default=None, description="Who answers for the definition; without it whoever does, at first its maker"
    )
    review_on: Day | None = Field(default=None, description="When the definition is to be looked at again")
    value_days: int | None = Field(
        default=None, ge=1, le=3660, description="How long a value by hand or by import lasts unless confirmed again"
    )
    update_policy: UpdatePolicy = Field(
        default=UpdatePolicy.DAILY,
        description="Whether the night gives it, only `POST /v1/tags/{code}/run`, or what happens to a customer, within"
        " seconds: its rule then reads events, tags, tier, branch, gender, city and lines alone",
    )
    publishes_events: bool = Field(
        default=False,
        description="Whether others are told who comes to have it and who has it no more (`tag.entered`, `tag.left`);"
        " not of a sensitive tag",
    )
    rule: RuleTree | None = Field(default=None, description="The draft; null for manual tags")
    rule_text: RuleText | None = Field(default=None, description="A rule as text instead of `rule`")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.rule is not None and self.rule_text is not None:
            raise invalid_input(
                "rule", "rule 与 rule_text 只能提供一项", "must be given as a tree or as text, not both"
            )
        if self.publishes_events and self.sensitivity is Sensitivity.SENSITIVE:
            raise invalid_input(
                "publishes_events",
                "敏感标签的 publishes_events 须为 false",
                "must be false at this level of sensitivity",
            )
        return self

    def draft(self) -> TagDraft:
        """Return the command's form.

        Raises:
            RuleTextInvalid: the text is no rule.
        """
        said = {name: getattr(self, name) for name in TagEdit.model_fields if name != "rule_text"}
        return TagDraft(**said if self.rule_text is None else said | {"rule": parse_text(self.rule_text)})


class TagIn(TagEdit):
    """A new tag."""

    code: Code = Field(examples=["mda_million"])
    kind: TagKind = Field(default=TagKind.RULE, description="What gives the tag: a person, the night, or an import")


class TagOut(OutModel):
    """A tag as defined."""

    code: str
    kind: TagKind
    axis: TagAxis
    state: TagState
    name_zh: str
    name_en: str
    description: str | None
    category_code: str | None
    sensitivity: Sensitivity
    owner_id: StaffId | None
    review_on: date | None
    value_days: int | None
    update_policy: UpdatePolicy
    publishes_events: bool
    suspended_on: date | None = Field(description="Since when no run and nobody gives it; who has it keeps it")
    retires_on: date | None = Field(description="When the night retires it unless it is taken up again")
    published_version: int | None
    revision: int = Field(description="Counts edits; the ETag")
    created_at: datetime


class TagDetailOut(TagOut):
    """A tag with its rules."""

    draft_rule: dict[str, Any] | None
    rule: dict[str, Any] | None = Field(description="The rule in force")
    draft_rule_text: str | None = Field(description="The draft as text; null for other kinds than `rule`")
    rule_text: str | None = Field(description="The rule in force as text; null for other kinds than `rule`")
    members: int | None = Field(
        description="Customers in your scope who have it now; null where only counts are shown, and one is below 20"
    )
    reach_percent: float | None = Field(description="Their share of the customers in your scope, in per cent")

    @classmethod
    def of(cls, tag: Tag, rule: dict[str, Any] | None, reach: Reach | None) -> "TagDetailOut":
        """Describe a tag; `reach` None when its figures would tell of somebody."""
        members, percent = (reach.members, reach.percent) if reach else (None, None)
        texts = {
            name: write_text(one) if one is not None and tag.kind == TagKind.RULE else None
            for name, one in (("draft_rule_text", tag.draft_rule), ("rule_text", rule))
        }
        return cls(**tag.model_dump(), **texts, rule=rule, members=members, reach_percent=percent)


class TagVersionOut(OutModel):
    """A published rule; it never changes."""

    version: int
    rule: dict[str, Any]
    published_at: datetime
    maker_id: StaffId | None
    approver_id: StaffId | None


class PreviewIn(StrictModel):
    """What to preview."""

    rule: RuleTree | None = Field(default=None, description="Without it: the draft, else the rule in force")
    as_of: Day | None = Field(default=None, description="A past day of business: whom it would have hit then")


class SampleOut(OutModel):
    """A customer who would have the tag."""

    customer_id: CustomerId
    branch: str
    tier: str | None
    value: str | None = Field(description="Null for a tag that one has or has not")


class PreviewOut(OutModel):
    """Whom a rule would hit, within your scope."""

    freshness: FreshnessOut = Field(description="Of the facts")
    customers: int = Field(description="Customers in your scope")
    members: int = Field(description="Those of them whom the rule hits")
    share_percent: float
    added: int = Field(description="Hit by this rule and not by the one in force")
    removed: int = Field(description="Hit by the rule in force and not by this one")
    values: dict[str, int] = Field(
        description="Customers by value, at most 50; empty for a tag that one has or has not"
    )
    run_customers: int = Field(description="Customers whom a run of this rule would look at")
    run_seconds: float = Field(description="How long that would take, reckoned from how long this count took")
    assumed: bool = Field(
        description="A rule in `held` is counted as if it had held long enough: no run has recorded it yet"
    )
    sample: list[SampleOut] = Field(description="At most 20 of those who are hit; none of a sensitive tag")

    @classmethod
    def of(cls, preview: Preview, freshness: FreshnessOut, *, with_sample: bool) -> "PreviewOut":
        """Describe a preview; of a sensitive tag without naming anybody."""
        counts = preview.counts
        return cls(
            freshness=freshness,
            customers=counts.customers,
            members=counts.members,
            share_percent=counts.share_percent,
            added=counts.added,
            removed=counts.removed,
            values=preview.values,
            run_customers=preview.everybody,
            run_seconds=preview.run_seconds,
            assumed=preview.assumed,
            sample=[_sample(one) for one in preview.sample if with_sample],
        )


def _sample(one: Sample) -> SampleOut:
    return SampleOut(customer_id=one.customer_id, branch=one.branch, tier=one.tier, value=one.value or None)


class ReasonIn(StrictModel):
    """Why."""

    reason: Annotated[str, Note(200)] = Field(examples=["asked for by the customer"])


class SuspendIn(ReasonIn):
    """Why, and whether the end of the tag is announced with it."""

    retires_in_days: int | None = Field(
        default=None, ge=1, le=365, description="The night of that day retires it unless it is resumed", examples=[7]
    )


class RetiredOut(OutModel):
    """A tag that is out of use."""

    code: str
    state: TagState
    ended: int = Field(description="Memberships that ended")


class TagRunNowOut(OutModel):
    """What a run of one tag read and wrote."""

    code: str
    read: int = Field(description="Customers")
    added: int = Field(description="Values that customers came to have")
    ended: int = Field(description="Values that ended")


class CustomerTagOut(OutModel):
    """A tag of a customer."""

    code: str
    name_zh: str
    name_en: str
    axis: TagAxis
    kind: TagKind
    value: str | None = Field(description="The value that the customer has; null for a tag that one has or has not")
    source: TagSource
    since: date
    until: date | None = Field(description="First day without it; null while it lasts")
    version: int | None = Field(description="The version of the rule that gave it")
    set_by: StaffId | None
    reason: str | None
    confirmed_on: date | None = Field(description="When a value by hand or by import was last confirmed")
    expires_on: date | None = Field(description="First day without it unless it is confirmed again")
    probability: str | None = Field(description="How sure the model is that gave it, from 0 to 1", examples=["0.87345"])
    stale: bool = Field(description=STALE)

    @classmethod
    def of(cls, held: Held, *, stale: bool = False) -> "CustomerTagOut":
        """Describe a membership."""
        tag, member = held.tag, held.membership
        return cls(
            code=tag.code,
            name_zh=tag.name_zh,
            name_en=tag.name_en,
            axis=TagAxis(tag.axis),
            kind=TagKind(tag.kind),
            value=member.value or None,
            source=TagSource(member.source),
            since=member.since,
            until=member.until,
            version=member.version,
            set_by=member.set_by,
            reason=member.reason,
            confirmed_on=member.confirmed_on,
            expires_on=member.expires_on,
            probability=None if member.probability is None else f"{member.probability:f}",
            stale=stale,
        )


class CustomerTagsOut(OutModel):
    """The tags that a customer has on a day."""

    customer_id: CustomerId
    as_of: date
    freshness: FreshnessOut | None = Field(
        description="Of the figures of the last run; null before it, and for `as_of`"
    )
    items: list[CustomerTagOut]
    hidden: int = Field(description="Values of sensitive tags that you may not see")
