"""What the bank port says and takes of gifts."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from guibin.core.ids import ApprovalId, BranchId, CustomerId, GiftHandoverId, GiftId, StaffId
from guibin.core.invalid import invalid_input
from guibin.core.money import Cny, out_of_bounds
from guibin.core.reasons import LONGEST
from guibin.core.text import Code, Note, OneLine
from guibin.gifts.models import Gift, GiftHandoverState, GiftStock, MovementKind, Occasion
from guibin.gifts.repository import Handed
from guibin.gifts.service import GiftTerms, Movement
from guibin.web import OutModel, StrictModel

MOST_FEN = 100_000_00
MOST_UNITS = 1_000_000
MOST_GIVEN = 100


class GiftIn(StrictModel):
    """A gift as it is to be, or the one with this code as it is to be from now on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"code": "tea_tin", "name_zh": "明前龙井茶罐", "name_en": "Tin of tea", "value": "88.00"}]
        }
    )

    code: Code
    name_zh: Annotated[str, OneLine(60)]
    name_en: Annotated[str, OneLine(60)]
    value: Cny = Field(description="What one is worth, in CNY; it never changes")
    offered: bool = Field(default=True, description="false: it is not received or given any more")

    @model_validator(mode="after")
    def _worth_something(self) -> Self:
        if not 0 < self.value <= MOST_FEN:
            raise out_of_bounds(1, MOST_FEN)
        return self

    def terms(self) -> GiftTerms:
        """Return the command's gift."""
        return GiftTerms(
            code=self.code, name_zh=self.name_zh, name_en=self.name_en, value_fen=self.value, offered=self.offered
        )


class GiftOut(OutModel):
    """A gift."""

    id: GiftId
    code: str
    name_zh: str
    name_en: str
    value: Cny
    offered: bool

    @classmethod
    def of(cls, row: Gift) -> Self:
        """Describe a gift."""
        own = cls.model_fields.keys() - {"value"}
        return cls(value=row.value_fen, **{name: getattr(row, name) for name in own})


class GiftMovementIn(StrictModel):
    """What happened to the units of a gift at a branch."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"branch_id": "brn_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4", "kind": "received", "units": 20},
            ]
        }
    )

    branch_id: BranchId
    kind: Literal["received", "counted", "written_off"]
    units: Annotated[int, Field(ge=0, le=MOST_UNITS)] = Field(
        description="That came or are gone; of a count all that lie on the shelf, also those that are promised"
    )
    reason: Annotated[str, Note(LONGEST)] | None = Field(
        default=None, description="Needed where something is written off, and where a count differs from the books"
    )

    @model_validator(mode="after")
    def _moves_something(self) -> Self:
        if self.units == 0 and self.kind != "counted":
            raise invalid_input("zero", "不能为零", "must not be zero")
        return self

    def movement(self, gift_id: GiftId) -> Movement:
        """Return the command."""
        return Movement(gift_id, self.branch_id, MovementKind(self.kind), self.units, self.reason)


class GiftStockFigures(OutModel):
    """The units of a gift at a branch: entered = free + reserved + handed_over + written_off."""

    gift_id: GiftId
    branch_id: BranchId
    entered: int = Field(description="Received, and found by counts")
    free: int
    reserved: int = Field(description="Promised, waiting for a second signature")
    handed_over: int
    written_off: int = Field(description="Written off, and missed by counts")


class GiftStockOut(GiftStockFigures):
    """What a branch has of a gift, with what it is called."""

    code: str
    branch_code: str

    @classmethod
    def of(cls, row: tuple[GiftStock, Gift, str]) -> Self:
        """Describe a stock."""
        stock, gift, branch_code = row
        figures = {name: getattr(stock, name) for name in GiftStockFigures.model_fields}
        return cls(code=gift.code, branch_code=branch_code, **figures)


class GiftMovementOut(OutModel):
    """Units of a gift that came to a branch (positive) or left it (negative)."""

    branch_id: BranchId
    kind: MovementKind
    units: int
    reason: str | None
    handover_id: GiftHandoverId | None = Field(description="What was handed over")
    by: StaffId
    at: datetime


class GiftHandoverIn(StrictModel):
    """A gift for a customer, from the stock of the branch where I work."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"gift_id": "gft_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4", "units": 1, "occasion": "birthday"},
            ]
        }
    )

    gift_id: GiftId
    units: Annotated[int, Field(ge=1, le=MOST_GIVEN)] = 1
    occasion: Occasion


class GiftHandoverOut(OutModel):
    """A gift that a customer received, or that waits for its second signature: the receipt names both people."""

    id: GiftHandoverId
    customer_id: CustomerId
    gift_id: GiftId
    gift_code: str
    gift_name: str
    branch_id: BranchId
    units: int
    value: Cny = Field(description="Of all units; it counts against the cap of `year`")
    year: int
    occasion: Occasion
    state: GiftHandoverState = Field(description="`released`: nobody signed, and the gift is on the shelf again")
    given_by: StaffId
    signed_by: StaffId | None
    approval_id: ApprovalId
    created_at: datetime
    ended_at: datetime | None = Field(description="When the customer had it, or nothing came of it")

    @classmethod
    def of(cls, handed: Handed, language: str) -> Self:
        """Describe a handover."""
        made = {"gift_code", "gift_name", "value"}
        values = {name: getattr(handed.row, name) for name in cls.model_fields.keys() - made}
        name = handed.gift.name_en if language == "en" else handed.gift.name_zh
        return cls(gift_code=handed.gift.code, gift_name=name, value=handed.row.value_fen, **values)
