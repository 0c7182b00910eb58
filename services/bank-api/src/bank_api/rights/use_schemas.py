"""What a terminal sends of the codes that it took while it was offline, and what became of each."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field

from guibin.core.errors import Refusal
from guibin.core.ids import BranchId, CustomerId, RedemptionId, RightId, VoucherUseId
from guibin.core.money import Cny
from guibin.rights.models import RightsItem, UsedBy, VoucherUse
from guibin.rights.service import CodeUse, UseRequest
from guibin.web import Instant, OutModel, StrictModel

from .schemas import UseReference, VoucherUseIn

MOST_USES = 1_000


class OfflineUseIn(VoucherUseIn):
    """A code that was used while the terminal was offline; the reference makes the line safe to send again."""

    at: Instant = Field(description="When it was used, at most 7 days ago")
    reference: UseReference = Field(
        description="Your own number of this use: what comes again under it is the same use"
    )

    def request(self) -> UseRequest:
        """Return the command's request."""
        return UseRequest(
            code=self.code,
            qr=self.qr,
            amount_fen=self.amount,
            at=self.at,
            place=self.place,
            reference=self.reference,
        )


class VoucherUsesIn(StrictModel):
    """Up to 1,000 uses of codes."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "uses": [
                        {
                            "code": "8F3K-2M7Q-XR5T-9WDA",
                            "at": "2026-11-26T10:20:00+08:00",
                            "place": "T2航站楼贵宾厅",
                            "reference": "T2-000815",
                        }
                    ]
                }
            ]
        }
    )

    uses: Annotated[list[OfflineUseIn], Field(min_length=1, max_length=MOST_USES)]


class UseRowOut(OutModel):
    """A use of a code, or of a part of its value, as it is recorded."""

    id: VoucherUseId
    redemption_id: RedemptionId
    customer_id: CustomerId
    right_id: RightId
    right_code: str
    amount: Cny | None = Field(description="What was used of a value voucher, in CNY")
    used_at: datetime = Field(description="When it happened")
    recorded_at: datetime = Field(description="When it was told")
    by: UsedBy
    branch_id: BranchId | None = Field(description="Where staff used it")
    place: str | None
    reference: str | None = Field(description="The user's own number of this use")
    offline: bool = Field(description="Told afterwards, in a batch")

    @classmethod
    def of(cls, use: VoucherUse, right: RightsItem) -> Self:
        """Describe a record."""
        own = cls.model_fields.keys() - {"right_code", "amount", "by"}
        values = {name: getattr(use, name) for name in own}
        return cls(right_code=right.code, amount=use.amount_fen, by=UsedBy(use.used_by_kind), **values)


class UseStatus(StrEnum):
    """What became of a line."""

    USED = "used"
    REPLAYED = "replayed"
    REFUSED = "refused"


class UseResultOut(OutModel):
    """What became of a line: `used`, `replayed` (known already), or `refused` with its code."""

    index: int
    status: UseStatus
    id: VoucherUseId | None = None
    redemption_id: RedemptionId | None = None
    remaining: Cny | None = Field(default=None, description="What a value voucher is still good for, in CNY")
    code: str | None = Field(default=None, examples=["already_used"])
    title: str | None = None
    facts: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def of(cls, index: int, result: CodeUse | Refusal, language: str) -> Self:
        """Describe a result, a refusal in `zh` or `en`."""
        if isinstance(result, Refusal):
            return cls(
                index=index,
                status=UseStatus.REFUSED,
                code=result.code,
                title=result.title(language),
                facts=dict(result.facts),
            )
        return cls(
            index=index,
            status=UseStatus.REPLAYED if result.replayed else UseStatus.USED,
            id=result.use.id,
            redemption_id=result.redemption.id,
            remaining=result.left_fen,
        )


class UseResultsOut(OutModel):
    """A result for each line, in order."""

    results: list[UseResultOut]
