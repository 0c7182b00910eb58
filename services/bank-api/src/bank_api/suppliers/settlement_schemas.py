"""What the bank port says and takes of contract prices, statements, differences, invoices and prepayments."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from guibin.core.ids import RedemptionId, RightId, SupplierId, to_public
from guibin.core.invalid import invalid_input
from guibin.core.money import Cny, format_cny, out_of_bounds
from guibin.core.reasons import LONGEST
from guibin.core.spreadsheet import csv_bytes
from guibin.core.text import Code, Note, OneLine
from guibin.suppliers.models import SettlementBasis, SupplierPrice
from guibin.suppliers.repository.service_level import MonthOfService
from guibin.suppliers.settlements.models import PrepaymentEntry, Settlement, SettlementState
from guibin.suppliers.settlements.repository import DifferenceRow, LineRow
from guibin.suppliers.settlements.rules import DisputeState, Finding, LineKind, TaxLine
from guibin.suppliers.settlements.service import NewPrice
from guibin.web import Day, OutModel, StrictModel

from .service_level import ServiceFiguresOut

MOST_FEN = 10**11
MOST_DECIDED = 1_000
MOST_HOURS = 8_760

Amount = Annotated[Cny, Field(description="In CNY, tax included")]


class ContractPriceIn(StrictModel):
    """What the bank pays for one unit of a right from a day on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "right_id": "rgt_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4",
                    "valid_from": "2027-01-01",
                    "valid_to": None,
                    "price": "86.50",
                    "fulfil_hours": 48,
                }
            ]
        }
    )

    right_id: RightId
    valid_from: Day = Field(description="First day; the price before, where it is open, ends with it")
    valid_to: Day | None = Field(default=None, description="First day on which it is over; null: it is open")
    price: Amount
    fulfil_hours: Annotated[int, Field(ge=1, le=MOST_HOURS)] | None = Field(
        default=None, description="Within so many hours after the redemption it is delivered; null: nothing is agreed"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise invalid_input("range", "结束须晚于开始", "must not end before it begins")
        if not 0 <= self.price <= MOST_FEN:
            raise out_of_bounds(0, MOST_FEN)
        return self

    def new(self, supplier_id: SupplierId) -> NewPrice:
        """Return the command's price."""
        return NewPrice(
            supplier_id=supplier_id,
            right_id=self.right_id,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            price_fen=self.price,
            fulfil_hours=self.fulfil_hours,
        )


class ContractPriceOut(OutModel):
    """A contract price."""

    right_id: RightId
    right_code: str
    valid_from: date
    valid_to: date | None = Field(description="First day on which it is over; null: it is open")
    price: Amount
    fulfil_hours: int | None = Field(description="Within so many hours after the redemption it is delivered")

    @classmethod
    def of(cls, row: tuple[SupplierPrice, str]) -> Self:
        """Describe a price."""
        price, code = row
        return cls(
            right_id=price.right_id,
            right_code=code,
            valid_from=price.valid_from,
            valid_to=price.valid_to,
            price=price.price_fen,
            fulfil_hours=price.fulfil_hours,
        )


class ContractPricesOut(OutModel):
    """All contract prices of a supplier, by right and day."""

    items: list[ContractPriceOut]


class SettlementIn(StrictModel):
    """How a statement is built."""

    unused_returned: bool = Field(
        default=False, description="Codes that nobody used by their last day in the month are returned and not paid"
    )


class SettlementTaxOut(OutModel):
    """All of one tax rate: gross = net + tax."""

    rate: str = Field(description="Per cent", examples=["6.00"])
    gross: Cny
    tax: Cny = Field(description="Reckoned once on the sum, rounded half up to the fen")
    net: Cny

    @classmethod
    def of(cls, line: TaxLine) -> Self:
        """Describe a rate."""
        return cls(rate=format_cny(line.rate_bp), gross=line.gross_fen, tax=line.tax_fen, net=line.net_fen)


class SettlementOut(OutModel):
    """A month with a supplier."""

    supplier_id: SupplierId
    month: str = Field(examples=["2026-10"])
    state: SettlementState
    basis: SettlementBasis
    unused_returned: bool
    lines: int
    quantity: int
    gross: Amount
    prepaid: Cny = Field(description="Paid by the prepayment, once confirmed")
    payable: Cny = Field(description="What is left to pay; below 0 the supplier owes it")
    statement_lines: int | None = Field(description="Of the supplier's statement; null: none came in")
    equal_lines: int | None
    statement_at: datetime | None
    supplier_reference: str | None = Field(description="The letter by which the supplier agreed")
    supplier_agreed_on: date | None
    invoice_no: str | None
    invoice_day: date | None
    built_at: datetime
    confirmed_at: datetime | None
    revision: int

    @classmethod
    def of(cls, row: Settlement) -> Self:
        """Describe a statement."""
        return cls(**_settlement(row))


def _settlement(row: Settlement) -> dict[str, Any]:
    came = row.statement_no > 0
    own = SettlementOut.model_fields.keys() & row.model_dump().keys()
    return {
        **{name: getattr(row, name) for name in own},
        "month": f"{row.month:%Y-%m}",
        "gross": row.gross_fen,
        "prepaid": row.prepaid_fen,
        "payable": row.gross_fen - row.prepaid_fen,
        "statement_lines": row.statement_lines if came else None,
        "equal_lines": row.equal_lines if came else None,
    }


class FindingCountOut(OutModel):
    """How many differences of a kind there are, and how they were decided."""

    finding: Finding
    open: int
    ours: int
    theirs: int


class SettlementDetailOut(SettlementOut):
    """A month with a supplier, its tax and its differences."""

    tax: list[SettlementTaxOut]
    differences: list[FindingCountOut] = Field(description="Only kinds that there are")
    service: ServiceFiguresOut | None = Field(
        description="How what was ordered in the month was delivered, as of now; null: nothing was"
    )

    @classmethod
    def of_all(
        cls,
        row: Settlement,
        tax: Sequence[TaxLine],
        counts: Mapping[tuple[str, str], int],
        service: MonthOfService | None,
    ) -> Self:
        """Describe a statement with what its parts come to."""
        findings = sorted({finding for finding, _ in counts})
        return cls(
            **_settlement(row),
            tax=[SettlementTaxOut.of(line) for line in tax],
            differences=[
                FindingCountOut(
                    finding=Finding(one), **{state.value: counts.get((one, state.value), 0) for state in DisputeState}
                )
                for one in findings
            ],
            service=None if service is None else ServiceFiguresOut.of(service),
        )


class SettlementLineOut(OutModel):
    """A line of our statement."""

    number: int
    kind: LineKind = Field(
        description="supply; correction of a confirmed month; unused codes returned; dispute: what was agreed otherwise"
    )
    redemption_id: RedemptionId | None
    right_id: RightId
    right_code: str
    day: date = Field(description="Whose contract price counts")
    quantity: int
    price: Amount
    amount: Amount
    tax_rate: str = Field(description="Per cent", examples=["6.00"])
    finding: Finding | None = Field(description="Against the supplier's statement; null: none came in")

    @classmethod
    def of(cls, row: LineRow, *, compared: bool) -> Self:
        """Describe a line."""
        line, code, finding = row
        beside = Finding(finding) if finding else Finding.EQUAL
        return cls(
            number=line.number,
            kind=LineKind(line.kind),
            redemption_id=line.redemption_id,
            right_id=line.right_id,
            right_code=code,
            day=line.day,
            quantity=line.quantity,
            price=line.price_fen,
            amount=line.quantity * line.price_fen,
            tax_rate=format_cny(line.tax_rate_bp),
            finding=beside if compared and line.kind != LineKind.DISPUTE else None,
        )


CSV_COLUMNS = ("number", "kind", "reference", "right", "day", "quantity", "price", "amount", "tax_rate")


def lines_csv(rows: Sequence[LineRow]) -> bytes:
    """Write the lines of a statement as CSV (UTF-8 with BOM), as a supplier is sent them."""
    return csv_bytes(
        CSV_COLUMNS,
        (
            (
                str(line.number),
                line.kind,
                to_public("rdm", line.redemption_id) if line.redemption_id else "",
                code,
                line.day.isoformat(),
                str(line.quantity),
                format_cny(line.price_fen),
                format_cny(line.quantity * line.price_fen),
                format_cny(line.tax_rate_bp),
            )
            for line, code, _ in rows
        ),
    )


class SettlementDifferenceOut(OutModel):
    """Where the supplier's statement differs, and whose figures count. Nothing else of its file is kept."""

    number: int
    finding: Finding
    line: int | None = Field(description="Of our statement")
    file_line: int | None = Field(description="Of the supplier's file; its header is line 1")
    redemption_id: RedemptionId | None
    right_code: str | None
    quantity: int | None
    price: Cny | None
    their_quantity: int | None
    their_price: Cny | None
    state: DisputeState = Field(description="open, or whose figures count")
    words: str | None

    @classmethod
    def of(cls, found: DifferenceRow) -> Self:
        """Describe a difference."""
        row, code = found
        own = cls.model_fields.keys() & row.model_dump().keys()
        return cls(
            **{name: getattr(row, name) for name in own},
            right_code=code,
            price=row.price_fen,
            their_price=row.their_price_fen,
        )


class DisputeDecisionIn(StrictModel):
    """Whose figures count for some differences, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"differences": [3], "state": "theirs", "words": "当日合同价已调整，以对方为准"}]
        }
    )

    differences: Annotated[list[int], Field(min_length=1, max_length=MOST_DECIDED)] = Field(
        description="By their numbers"
    )
    state: DisputeState
    words: Annotated[str, Note(LONGEST)] | None = Field(default=None, description="10 to 200 characters")


class SettlementSubmissionIn(StrictModel):
    """By which letter the supplier has agreed to the statement as it stands, disputes included."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"supplier_reference": "YL-2026-118", "supplier_agreed_on": "2026-11-20"}]}
    )

    supplier_reference: Annotated[str, OneLine(64)]
    supplier_agreed_on: Day


class SettlementInvoiceIn(StrictModel):
    """The supplier's invoice."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"number": "26112000000012345678", "day": "2026-11-22", "gross": "8650.00", "tax": "489.62"}]
        }
    )

    number: Code
    day: Day
    gross: Amount
    tax: Cny


class PrepaymentIn(StrictModel):
    """A payment in advance."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reference": "PAY-2026-0071", "amount": "100000.00"}]})

    reference: Code = Field(description="Of the payment; one reference is one payment")
    amount: Annotated[Cny, Field(description="More than 0")]

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not 0 < self.amount <= MOST_FEN:
            raise out_of_bounds(1, MOST_FEN)
        return self


class PrepaymentEntryOut(OutModel):
    """A movement of a prepayment."""

    reference: str
    amount: Cny = Field(description="Below 0: drawn by a settlement")
    at: datetime

    @classmethod
    def of(cls, entry: PrepaymentEntry) -> Self:
        """Describe a movement."""
        return cls(reference=entry.reference, amount=entry.amount_fen, at=entry.at)


class PrepaymentsOut(OutModel):
    """What is left of a supplier's prepayments, and the latest movements."""

    balance: Cny
    items: list[PrepaymentEntryOut]
