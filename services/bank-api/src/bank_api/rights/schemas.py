"""What the bank port says and takes of rights, their terms, stock and codes, and of redemptions."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from guibin.core.ids import CustomerId, RedemptionId, RightId, VoucherUseId
from guibin.core.invalid import invalid_input
from guibin.core.money import Cny, between
from guibin.core.reasons import LONGEST
from guibin.core.text import Code, Note, OneLine
from guibin.rights.models import Category, Fulfilment, RedemptionState, RightState, StockMode, TaxKind
from guibin.rights.patterns import LEAST_BITS, MOST_SYMBOLS, CodePattern, Symbols, normal_form
from guibin.rights.repository.pool import PoolSize
from guibin.rights.service import CodeUse, ImageInfo, NewRight, RedemptionView, Refund, Right, RightContent, UseRequest
from guibin.rights.terms import document_of
from guibin.web import OutModel, StrictModel

from .image_schemas import ImageOut
from .payment_schemas import PaymentOut
from .slot_schemas import AppointmentOut
from .terms import TermsIn

MOST_CODES = 1_000
MOST_STOCK = 1_000_000
MOST_PLACES = 10_000
SHORTEST_CODE = 6
MOST_VALUE_FEN = 10**8

VoucherText = Annotated[str, OneLine(64)]
UseReference = Annotated[str, StringConstraints(strict=True, pattern=r"^[\x21-\x7e]{1,64}$")]


class RightContentIn(StrictModel):
    """The texts, the marks and the terms of a right."""

    category: Category
    name_zh: Annotated[str, OneLine(80)] = Field(examples=["机场贵宾厅"])
    name_en: Annotated[str, OneLine(80)] = Field(examples=["Airport lounge"])
    description_zh: Annotated[str, Note(2_000)]
    description_en: Annotated[str, Note(2_000)]
    brand: Annotated[str, OneLine(40)] | None = None
    labels: list[Annotated[str, OneLine(20)]] = Field(default_factory=list, max_length=10)
    featured: bool = Field(default=False, description="Put in front by the bank")
    place: Annotated[int, Field(ge=0, le=MOST_PLACES)] = Field(
        default=0, description="Where it stands among others, the lowest first"
    )
    tax_kind: TaxKind = Field(default=TaxKind.NONE, description="How it counts for the customer's income tax")
    terms: TermsIn

    def content(self) -> RightContent:
        """Return the command's content."""
        return RightContent(
            category=self.category.value,
            name_zh=self.name_zh,
            name_en=self.name_en,
            description_zh=self.description_zh,
            description_en=self.description_en,
            terms=self.terms.document(),
            brand=self.brand,
            labels=self.labels,
            featured=self.featured,
            place=self.place,
            tax_kind=self.tax_kind.value,
        )


NEW_RIGHT: dict[str, Any] = {
    "code": "airport_lounge",
    "wallet": "service",
    "fulfilment": "code",
    "stock_mode": "codes",
    "category": "travel",
    "name_zh": "机场贵宾厅",
    "name_en": "Airport lounge",
    "description_zh": "国内主要机场贵宾休息室一次",
    "description_en": "One visit to the lounge of a large domestic airport",
    "terms": {
        "minimum_tier": "T1",
        "prices": [
            {"tier": "T5", "points": 80},
            {"tier": None, "points": 150, "class_of_service": "A"},
            {"tier": None, "points": 100},
        ],
        "quotas": [{"tier": "T3", "period": "year", "times": 4}],
        "companions": {"most": [{"tier": "T3", "guests": 1}, {"tier": "T5", "guests": 2}], "points": 100},
        "limit": {"times": 24, "period": "year"},
    },
}


class RightIn(RightContentIn):
    """A new right; its code, wallet, fulfilment, kind of stock and value stay as they are for good."""

    model_config = ConfigDict(json_schema_extra={"examples": [NEW_RIGHT]})

    code: Code = Field(examples=["airport_lounge"])
    wallet: Code = Field(examples=["service"])
    fulfilment: Fulfilment
    stock_mode: StockMode
    value: Annotated[Cny, between(1, MOST_VALUE_FEN)] | None = Field(
        default=None, description="What each code is good for, in CNY: a value voucher, used in parts"
    )

    @model_validator(mode="after")
    def _codes_come_from_a_pool(self) -> Self:
        if (self.fulfilment is Fulfilment.CODE) != (self.stock_mode is StockMode.CODES):
            raise invalid_input(
                "codes",
                "以券码履约的权益须使用券码库存，反之亦然",
                "a right is fulfilled by codes exactly when its stock is a pool of codes",
            )
        if self.value is not None and self.stock_mode is not StockMode.CODES:
            raise invalid_input("value", "仅券码可以设面值", "only codes have a value")
        return self

    def new(self) -> NewRight:
        """Return what never changes."""
        return NewRight(self.code, self.wallet, self.fulfilment.value, self.stock_mode.value, self.value)


class StockOut(OutModel):
    """Counted stock: initial = free + reserved + sold."""

    initial: int = Field(description="All units ever added")
    free: int
    reserved: int = Field(description="Held for customers who are confirming, or were until a moment ago")
    sold: int


class PoolOut(OutModel):
    """A pool of codes."""

    total: int
    free: int
    reserved: int = Field(description="Held for customers who are confirming")
    used: int


class RightOut(OutModel):
    """A right as the bank's own people see it."""

    id: RightId
    code: str
    category: Category
    fulfilment: Fulfilment
    stock_mode: StockMode
    value: Cny | None = Field(description="What each of its codes is good for, in CNY; null: no value voucher")
    code_pattern: dict[str, Any] | None = Field(description="Of the codes that the bank made last")
    state: RightState
    wallet: str
    name_zh: str
    name_en: str
    description_zh: str
    description_en: str
    brand: str | None
    labels: list[str]
    featured: bool
    place: int
    tax_kind: TaxKind
    terms: dict[str, Any] | None = Field(description="In force; null until they are approved for the first time")
    draft_terms: dict[str, Any] | None = Field(description="Drafted or waiting for approval")
    revision: int
    created_at: datetime

    @classmethod
    def of(cls, right: Right) -> "RightOut":
        """Describe a right."""
        return cls(**_right(right))


class RightDetailOut(RightOut):
    """A right with its pictures, and its stock or pool."""

    stock: StockOut | None = None
    pool: PoolOut | None = None
    images: list[ImageOut] = Field(description="Its pictures, in order")

    @classmethod
    def of_supplied(
        cls, right: Right, supply: "StockOut | PoolOut | None", images: Sequence[ImageInfo]
    ) -> "RightDetailOut":
        """Describe a right with its pictures and what is left of it."""
        return cls(
            **_right(right),
            images=[ImageOut.model_validate(image) for image in images],
            stock=supply if isinstance(supply, StockOut) else None,
            pool=supply if isinstance(supply, PoolOut) else None,
        )


def _right(right: Right) -> dict[str, Any]:
    own = RightOut.model_fields.keys() - {"terms", "value"}
    item = right.item
    in_force = item.state in {RightState.PUBLISHED, RightState.SUSPENDED}
    terms = document_of(item) if in_force else None
    return {"terms": terms, "value": item.value_fen, **{field: getattr(item, field) for field in own}}


class StockIn(StrictModel):
    """Units to add."""

    add: Annotated[int, Field(ge=1, le=MOST_STOCK)]


class CodePatternIn(StrictModel):
    """How codes of the bank's own look: random symbols after a prefix, with a check symbol where it is wanted."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"symbols": "base32", "length": 16, "prefix": "GB", "check": True}]}
    )

    symbols: Symbols = Field(default=Symbols.BASE32, description="`base32`: digits and letters but I, L, O and U")
    length: Annotated[int, Field(ge=16, le=MOST_SYMBOLS)] = Field(
        default=16, description="Random symbols: 16 of base32, 18 letters or 25 digits at least, which are 80 bits"
    )
    prefix: Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9A-Z]{0,8}$")] = ""
    check: bool = Field(default=True, description="With a check symbol at the end, by which a typing error is found")

    @model_validator(mode="after")
    def _hard_to_guess(self) -> Self:
        if self.pattern().bits < LEAST_BITS:
            raise invalid_input("too_guessable", "随机部分至少须有 80 比特", "must have 80 random bits at least")
        return self

    def pattern(self) -> CodePattern:
        """Return the command's pattern."""
        return CodePattern(self.symbols, self.length, self.prefix, self.check)


class CodesIn(StrictModel):
    """A supplier's codes, or how many codes of our own to make: one of the two."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"generate": 100}]})

    codes: Annotated[list[VoucherText], Field(min_length=1, max_length=MOST_CODES)] | None = None
    generate: Annotated[int, Field(ge=1, le=MOST_CODES)] | None = None
    pattern: CodePatternIn | None = Field(
        default=None, description="Of the codes that are made; null: as those before, else 16 random symbols"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.codes is None) == (self.generate is None):
            raise invalid_input("one_of", "codes 与 generate 须且只能提供一项", "needs either codes or generate")
        if self.pattern is not None and self.generate is None:
            raise invalid_input("pattern", "pattern 仅用于生成的券码", "is for codes that are made")
        if any(len(normal_form(code)) < SHORTEST_CODE for code in self.codes or []):
            raise invalid_input(
                "too_short", "每个券码至少须有 6 位字母或数字", "a code needs at least 6 letters or digits"
            )
        return self


class CodesAddedOut(OutModel):
    """What came of it; codes that any pool knows already are passed over."""

    added: int
    duplicates: int
    pool: PoolOut

    @classmethod
    def of(cls, *, sent: int, added: int, size: PoolSize) -> "CodesAddedOut":
        """Describe an import."""
        return cls(added=added, duplicates=sent - added, pool=PoolOut.model_validate(size))


class VoucherUseIn(StrictModel):
    """A code as it is written, or the payload of the QR picture: one of the two."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "7K3M-9QPX-02ZV-H8RA"}]})

    code: VoucherText | None = None
    qr: Annotated[str, OneLine(512)] | None = None
    amount: Annotated[Cny, between(1)] | None = Field(
        default=None, description="Of a value voucher, in CNY; all that is left where it is not said"
    )
    place: Annotated[str, OneLine(80)] | None = Field(
        default=None, description="Where it is used: shop, lounge, till", examples=["T2航站楼贵宾厅"]
    )
    reference: UseReference | None = Field(
        default=None, description="Your own number of this use: what comes again under it is the same use"
    )

    def request(self) -> UseRequest:
        """Return the command's request."""
        return UseRequest(
            code=self.code, qr=self.qr, amount_fen=self.amount, place=self.place, reference=self.reference
        )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.code is None) == (self.qr is None):
            raise invalid_input("one_of", "code 与 qr 须且只能提供一项", "needs either code or qr")
        return self


class VoucherUseOut(OutModel):
    """A use of a code."""

    id: VoucherUseId
    redemption_id: RedemptionId
    right_id: RightId
    right_code: str
    right_name: str
    quantity: int
    state: RedemptionState = Field(description="`fulfilled` when this was the last code of the redemption")
    codes_left: int = Field(description="Codes of the same redemption that are not used")
    used_at: datetime
    amount: Cny | None = Field(description="What was used of a value voucher, in CNY")
    remaining: Cny | None = Field(description="What it is still good for")

    @classmethod
    def of(cls, use: CodeUse, language: str) -> "VoucherUseOut":
        """Describe a use."""
        return cls(
            id=use.use.id,
            redemption_id=use.redemption.id,
            right_id=use.right.id,
            right_code=use.right.code,
            right_name=use.right.name_en if language == "en" else use.right.name_zh,
            quantity=use.redemption.quantity,
            state=RedemptionState(use.redemption.state),
            codes_left=use.codes_left,
            used_at=use.use.used_at,
            amount=use.use.amount_fen,
            remaining=use.left_fen,
        )


class FailureIn(StrictModel):
    """Why a right cannot be delivered."""

    reason: Annotated[str, Note(LONGEST)] | None = Field(
        default=None, description="10 to 200 characters", examples=["供应商停业，无法提供服务"]
    )


class RefundIn(StrictModel):
    """What is given back, and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"units": 1, "reason": "客户投诉，服务未达约定标准"}]})

    units: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, description="How many, of codes those that nobody used; all that still stand where it is not said"
    )
    reason: Annotated[str, Note(LONGEST)] | None = Field(default=None, description="10 to 200 characters")

    def refund(self, redemption_id: RedemptionId) -> Refund:
        """Say what is asked for."""
        return Refund(redemption_id=redemption_id, units=self.units, reason=self.reason or "")


class RedemptionOut(OutModel):
    """A customer's redemption."""

    id: RedemptionId
    customer_id: CustomerId
    right_id: RightId
    right_code: str
    right_name: str
    quantity: int
    state: RedemptionState
    points_charged: int
    quota_used: int
    quantity_refunded: int = Field(description="Units that were given back")
    points_refunded: int
    valid_from: date | None = Field(description="The first day on which its codes are used; null: at once")
    valid_until: date | None = Field(description="The last day on which its codes are used; null: no such day")
    companions: int
    class_of_service: str | None
    wallet: str
    fulfilment: Fulfilment
    created_at: datetime
    appointment: AppointmentOut | None = Field(description="Where it is served by appointment")
    payment: PaymentOut | None = Field(description="What it costs in money beside the points")

    @classmethod
    def of(cls, view: RedemptionView, language: str) -> "RedemptionOut":
        """Describe a redemption."""
        row, right = view.redemption, view.right
        own = cls.model_fields.keys() - {"right_code", "right_name", "appointment", "payment"}
        name = right.name_en if language == "en" else right.name_zh
        booked = None if view.appointment is None else AppointmentOut.of(view, view.appointment)
        values = {field: getattr(row, field) for field in own}
        paid = PaymentOut.of(view.payment)
        return cls(right_code=right.code, right_name=name, appointment=booked, payment=paid, **values)
