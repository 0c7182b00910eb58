"""Events of tags, segments and tiers."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from guibin.outbox.event_data import EventData, EventName, Units


class TagsAlert(EventData):
    """A night's run of tag rules needs a look: told once a night. The subject is the run of the rules."""

    type = EventName.TAGS_ALERT
    prefix = "run"

    business_date: date
    failed: list[str] = Field(description="Codes of tags whose rule could not be computed; their members are as before")
    drifted: list[str] = Field(description="Codes of tags whose members changed by more than 3 per cent in a day")
    announced: list[str] = Field(
        default_factory=list,
        description="Codes of tags that were suspended today and retire unless they are taken up again",
    )
    differences: Units = Field(
        description="What the run over everybody still had to write: nothing, unless a run erred"
    )


class SegmentReason(StrEnum):
    """Why somebody came into a segment or went out of it."""

    RULE = "rule"
    PIN = "pin"
    MERGED = "merged"
    PARTED = "parted"
    RETIRED = "retired"


class _SegmentData(EventData):
    prefix = "cus"

    segment: str = Field(description="Code of the segment")
    version: int | None = Field(description="The version of its rule")
    reason: SegmentReason = Field(
        description="Its rule, somebody by hand, that two customers turned out to be one or two, or that it was retired"
    )


class SegmentEntered(_SegmentData):
    """A customer came into a segment. The subject is the customer."""

    type = EventName.SEGMENT_ENTERED


class SegmentLeft(_SegmentData):
    """A customer is no longer in a segment. The subject is the customer."""

    type = EventName.SEGMENT_LEFT


class TagReason(StrEnum):
    """Why somebody came to have a tag or has it no more."""

    RULE = "rule"
    MANUAL = "manual"
    IMPORT = "import"
    EARNING = "earning"
    EXPIRED = "expired"
    MERGED = "merged"
    PARTED = "parted"


class _TagData(EventData):
    prefix = "cus"

    tag: str = Field(description="Code of the tag")
    value: str | None = Field(description="Its value; null for a tag that one has or has not")
    version: int | None = Field(description="The version of its definition; null by hand and by rules of earning")
    reason: TagReason = Field(
        description="Its rule, somebody by hand, an import, a rule of earning, that nobody confirmed it in time,"
        " or that two customers turned out to be one, or two"
    )


class TagEntered(_TagData):
    """A customer came to have a tag, or a value of it, that publishes events. The subject is the customer."""

    type = EventName.TAG_ENTERED


class TagLeft(_TagData):
    """A customer has a tag, or a value of it, no more. The subject is the customer."""

    type = EventName.TAG_LEFT


class TierChanged(EventData):
    """A customer has another tier: by the night's figures, by hand, or because two customers turned out to be one.

    The first night of a bank, which gives everybody a tier, tells nobody of it. The subject is the customer.
    """

    type = EventName.TIER_CHANGED
    prefix = "cus"

    tier: str | None = Field(description="Code of the tier; null: below all tiers")
    before: str | None = Field(description="Code of the tier until then; null: none, or below all tiers")
    cause: str = Field(description="first, up, down, override, override_ended, merged or parted")
    effective_on: date = Field(description="First day of the tier")


class TierWillFall(EventData):
    """A customer's figures do not reach the line of their tier: told once each time they are evaluated so.

    How much is missing is shown by `GET /v1/customers/{customer_id}/tier` to who may see amounts.
    """

    type = EventName.TIER_WILL_FALL
    prefix = "cus"

    tier: str = Field(description="Code of the tier that will be lost")
    next_tier: str | None = Field(description="What the last figures alone give; null: below all tiers")
    months_below: Units = Field(description="How many evaluations in a row were below the line")
    months_until_lost: Units = Field(description="With how many the tier is lost")
    falls_on: date = Field(description="First day without the tier, if the figures stay as they are")
