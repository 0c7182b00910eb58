"""What the bank port says and takes of the books of points. Every sum stands with its cost at issue, in CNY."""

import csv
import io
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints

from guibin.core.errors import ValidationFailed
from guibin.core.money import Cny, format_cny
from guibin.core.spreadsheet import BOM, safe_cell
from guibin.core.text import Code
from guibin.points.report_rules import Amount, GroupBy, Movement, Period, RollForward
from guibin.points.service import AccountCode, AccountingFile, Forecast, Outstanding, Reconciliation
from guibin.web import OutModel, StrictModel

MOST_CODES = 500

LedgerCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
"""A code of the bank's general ledger."""


class AmountOut(OutModel):
    """Points, and what they cost the bank when they were issued."""

    points: int
    cost: Cny = Field(description="CNY")

    @classmethod
    def of(cls, amount: Amount) -> Self:
        """Describe an amount."""
        return cls(points=amount.points, cost=amount.cost_fen)


class OutstandingOut(OutModel):
    """What is outstanding of a wallet, or of one group of it."""

    wallet: str = Field(examples=["reward"])
    group: str | None = Field(
        description="Age in months (`0-2`, `3-5`, `6-11`, `12-23`, `24+`), funding line or year of expiry; null: none"
    )
    points: int = Field(description="Pending ones included")
    pending: int = Field(description="Of these, not spendable yet")
    cost: Cny


class LiabilityOut(OutModel):
    """All that the bank owes in points at the end of a day."""

    as_of: date
    group_by: GroupBy
    items: list[OutstandingOut]
    total: AmountOut

    @classmethod
    def of(cls, day: date, group_by: GroupBy, found: Sequence[Outstanding]) -> Self:
        """Describe a liability with its total."""
        total = Amount()
        for one in found:
            total = total.plus(one.amount)
        items = [
            OutstandingOut(
                wallet=one.wallet,
                group=one.key,
                points=one.amount.points,
                pending=one.pending,
                cost=one.amount.cost_fen,
            )
            for one in found
        ]
        return cls(as_of=day, group_by=group_by, items=items, total=AmountOut.of(total))


class RollForwardLineOut(OutModel):
    """A wallet in a period; opening + issued - used - expired - reversed + transferred = closing."""

    begins: date = Field(description="First day of the period")
    wallet: str
    opening: AmountOut
    issued: AmountOut
    used: AmountOut = Field(description="Less what was given back")
    given_back: AmountOut = Field(description="How much of what was used came back; `used` is less it already")
    expired: AmountOut
    reversed: AmountOut = Field(description="Taken back: claw-backs, corrections, what paid debt, cancelled pendings")
    transferred: AmountOut = Field(description="Between accounts, signed")
    closing: AmountOut

    @classmethod
    def of(cls, line: RollForward) -> Self:
        """Describe a line."""
        return cls(
            begins=line.begins,
            wallet=line.wallet,
            opening=AmountOut.of(line.opening),
            issued=AmountOut.of(line.issued),
            used=AmountOut.of(line.used),
            given_back=AmountOut.of(line.given_back),
            expired=AmountOut.of(line.expired),
            reversed=AmountOut.of(line.reversed),
            transferred=AmountOut.of(line.transferred),
            closing=AmountOut.of(line.closing),
        )


class RollForwardOut(OutModel):
    """How what is outstanding came about; the first opening holds all that was before."""

    first: date
    last: date
    by: Period
    items: list[RollForwardLineOut]

    @classmethod
    def of(cls, first: date, last: date, by: Period, found: Sequence[RollForward]) -> Self:
        """Describe a roll-forward."""
        return cls(first=first, last=last, by=by, items=[RollForwardLineOut.of(line) for line in found])


class DueMonthOut(OutModel):
    """What of a wallet ends in a month."""

    month: str = Field(examples=["2027-12"])
    wallet: str
    due: AmountOut
    expected_breakage: AmountOut | None = Field(description="Probably never used; null without closed lots")
    rolls_over_to: str | None = Field(description="The wallet into which it goes instead of expiring")


class RedemptionRateOut(OutModel):
    """Of the lots of which nothing remains: what was used, what expired, and the share that was used."""

    wallet: str
    used: int
    expired: int
    rate: float | None


class ForecastOut(OutModel):
    """When what is outstanding ends, as things stand."""

    as_of: date
    months: list[DueMonthOut]
    redemption_rates: list[RedemptionRateOut]

    @classmethod
    def of(cls, day: date, found: Forecast) -> Self:
        """Describe a forecast."""
        months = [
            DueMonthOut(
                month=f"{one.month:%Y-%m}",
                wallet=one.wallet,
                due=AmountOut.of(one.due),
                expected_breakage=None if one.breakage is None else AmountOut.of(one.breakage),
                rolls_over_to=one.rolls_over_to,
            )
            for one in found.months
        ]
        rates = [RedemptionRateOut.model_validate(rate) for rate in found.rates]
        return cls(as_of=day, months=months, redemption_rates=rates)


class AccountingLineOut(OutModel):
    """What moved in a wallet, by funding line and branch; amounts have no sign, the movement says which way."""

    wallet: str
    movement: Movement
    funding_line: str = Field(description="Empty where the wallet names none")
    branch: str = Field(description="The customers' branch when the day was closed; empty without one")
    points: int
    cost: Cny
    debit: str = Field(description="Account codes in force at the closing; empty where none is mapped")
    credit: str


class ControlOut(OutModel):
    """The ledger's own totals of the day, taken from its entries and not from the lines.

    The lines' points, with the sign of their movement, add up to `points` + `pending`; `agrees` says that they do.
    """

    entries: int
    points: int = Field(description="Change of all balances")
    pending: int = Field(description="Change of all pending points")
    debt: int = Field(description="Change of all debts")
    lines_points: int
    lines_cost: Cny
    agrees: bool


class AccountingOut(OutModel):
    """The books of points of a closed day."""

    day: date
    closed_at: datetime
    code_revision: int
    lines: list[AccountingLineOut]
    control: ControlOut

    @classmethod
    def of(cls, file: AccountingFile) -> Self:
        """Describe a file."""
        total = file.signed_total()
        return cls(
            day=file.day,
            closed_at=file.closed_at,
            code_revision=file.code_revision,
            lines=[
                AccountingLineOut(
                    wallet=line.wallet,
                    movement=line.movement,
                    funding_line=line.funding_line,
                    branch=line.branch_code,
                    points=line.amount.points,
                    cost=line.amount.cost_fen,
                    debit=line.debit,
                    credit=line.credit,
                )
                for line in file.lines
            ],
            control=ControlOut(
                entries=file.entries,
                points=file.points,
                pending=file.pending,
                debt=file.debt,
                lines_points=total.points,
                lines_cost=total.cost_fen,
                agrees=total.points == file.points + file.pending,
            ),
        )

    def csv(self) -> bytes:
        """Write the file as CSV: a `line` for each movement, then a `control` for each control total."""
        target = io.StringIO(newline="")
        writer = csv.writer(target, lineterminator="\r\n")
        writer.writerow(
            ["record", "day", "wallet", "movement", "funding_line", "branch", "points", "cost", "debit", "credit"]
        )
        for line in self.lines:
            texts = [safe_cell(text) for text in (line.funding_line, line.branch, line.debit, line.credit)]
            amounts = [line.points, format_cny(line.cost)]
            writer.writerow(["line", self.day, line.wallet, line.movement, *texts[:2], *amounts, *texts[2:]])
        control = self.control
        for name, points, cost in (
            ("entries", control.entries, ""),
            ("balances", control.points, ""),
            ("pending", control.pending, ""),
            ("debt", control.debt, ""),
            ("lines", control.lines_points, format_cny(control.lines_cost)),
        ):
            writer.writerow(["control", self.day, "", name, "", "", points, cost, "", ""])
        return (BOM + target.getvalue()).encode()


class AccountCodeOut(OutModel):
    """Where a movement of a wallet is booked."""

    wallet: str
    movement: Movement
    debit: str
    credit: str


class AccountCodesOut(OutModel):
    """All account codes in force."""

    revision: int
    codes: list[AccountCodeOut]

    @classmethod
    def of(cls, revision: int, codes: Sequence[AccountCode]) -> Self:
        """Describe account codes, by wallet and movement."""
        ordered = sorted(codes, key=lambda code: (code.wallet, code.movement))
        return cls(revision=revision, codes=[AccountCodeOut.model_validate(code) for code in ordered])


class AccountCodeIn(StrictModel):
    """Where a movement of a wallet is booked."""

    wallet: Code = Field(examples=["reward"])
    movement: Movement = Field(examples=["issued"])
    debit: LedgerCode = Field(examples=["6602.11"])
    credit: LedgerCode = Field(examples=["2241.07"])


class AccountCodesIn(StrictModel):
    """All account codes, each movement of a wallet at most once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "codes": [
                        {"wallet": "reward", "movement": "issued", "debit": "6602.11", "credit": "2241.07"},
                        {"wallet": "reward", "movement": "expired", "debit": "2241.07", "credit": "6602.12"},
                    ]
                }
            ]
        }
    )

    codes: Annotated[list[AccountCodeIn], Field(max_length=MOST_CODES)]

    def read(self, wallets: AbstractSet[str]) -> list[AccountCode]:
        """Take the codes.

        Raises:
            ValidationFailed: an unknown wallet, or a movement of a wallet twice.
        """
        seen: set[tuple[str, Movement]] = set()
        for place, code in enumerate(self.codes):
            if code.wallet not in wallets:
                raise ValidationFailed.of(
                    ["body", "codes", place, "wallet"], "unknown", "没有该积分类别", "must be a known wallet"
                )
            if (code.wallet, code.movement) in seen:
                raise ValidationFailed.of(["body", "codes", place], "duplicate", "不能重复", "must not stand twice")
            seen.add((code.wallet, code.movement))
        return [AccountCode(code.wallet, code.movement, code.debit, code.credit) for code in self.codes]


class ReconciliationRunOut(OutModel):
    """A reconciliation: when, over how many rows, and how many faults it found."""

    day: date
    attempt: int = Field(description="Another one is kept where its outcome differs from the one before")
    checked_at: datetime
    accounts: int
    entries: int
    lots: int
    events: int
    faults: int


class FaultOut(OutModel):
    """A row that breaks a promise of the ledger."""

    invariant: str = Field(description="As `guibin check-ledger` numbers them", examples=["I4"])
    meaning: str
    key: str = Field(description="The row: an account, an entry, a lot, a redemption, an event, a day")


class ReconciliationOut(ReconciliationRunOut):
    """A reconciliation with each fault and its row."""

    found: list[FaultOut]

    @classmethod
    def of(cls, one: Reconciliation) -> Self:
        """Describe a reconciliation."""
        found = [FaultOut(invariant=fault.invariant, meaning=fault.meaning, key=fault.key) for fault in one.faults]
        return cls(**ReconciliationRunOut.model_validate(one.run).model_dump(), found=found)
