"""What the bank port says and takes of tiers by hand: for one customer, from a list, and how many a branch may have."""

from typing import Annotated

from pydantic import Field

from guibin.core.ids import BranchId
from guibin.core.text import Code, Note, OneLine
from guibin.tiers.models import OverrideMode, OverrideReason
from guibin.tiers.quotas import Quota
from guibin.tiers.service import OverrideRow, OverrideTerms
from guibin.web import Day, OutModel, StrictModel

MOST_ROWS = 1_000


class TierOverrideTermsIn(StrictModel):
    """How, why and until when a tier is given by hand."""

    mode: OverrideMode = Field(
        default=OverrideMode.HOLD, description="`hold`: not below this tier; `lock`: exactly this tier"
    )
    reason_code: OverrideReason
    reason: Annotated[str, Note(200)] = Field(
        description="10 to 200 characters", examples=["客户名下资产正从他行转入，保留层级"]
    )
    valid_from: Day | None = Field(default=None, description="First day; today where it is left out")
    valid_to: Day = Field(description="First day on which it is over, at most a year later", examples=["2027-03-01"])


class TierOverrideIn(TierOverrideTermsIn):
    """A tier to give by hand for a time."""

    tier: Code = Field(examples=["T3"])


class TierOverrideRowIn(StrictModel):
    """A customer of a list, and the tier to give."""

    key: Annotated[str, OneLine(64)] = Field(
        description="The customer's id, or the bank's customer number", examples=["88001234"]
    )
    tier: Code = Field(examples=["T3"])


class TierOverridesIn(TierOverrideTermsIn):
    """Tiers to give by hand to the customers of a list, on the same terms."""

    rows: Annotated[list[TierOverrideRowIn], Field(min_length=1, max_length=MOST_ROWS)]

    def wanted(self) -> list[OverrideRow]:
        """Return the rows in the command's form."""
        return [OverrideRow(row.key, row.tier) for row in self.rows]


def terms_of(body: TierOverrideTermsIn, *, today: Day) -> OverrideTerms:
    """Return the terms in the command's form; they begin today where they do not say."""
    return OverrideTerms(
        mode=body.mode,
        reason_code=body.reason_code,
        reason=body.reason,
        valid_from=body.valid_from or today,
        valid_to=body.valid_to,
    )


class OverrideQuotaIn(StrictModel):
    """How many customers of a branch and of all below it may have a tier by hand at a time."""

    most: Annotated[int, Field(ge=0, le=1_000_000)] = Field(examples=[20])


class OverrideQuotaOut(OutModel):
    """What a branch and all below it may have, and what they have."""

    branch_id: BranchId
    branch: str = Field(description="Its code", examples=["310101"])
    most: int
    in_use: int = Field(description="Customers with a tier by hand, in force or to come")
    revision: int

    @classmethod
    def of(cls, quota: Quota) -> "OverrideQuotaOut":
        """Describe a quota."""
        return cls.model_validate(quota, from_attributes=True)


class OverrideQuotasOut(OutModel):
    """All quotas, by the code of the branch; a branch that is not named has none of its own."""

    items: list[OverrideQuotaOut]
