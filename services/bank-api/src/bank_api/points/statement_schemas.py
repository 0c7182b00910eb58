"""What the bank port says of a customer's statement."""

from datetime import date
from typing import Self

from pydantic import Field

from guibin.points.report_rules import StatementLine
from guibin.points.service import Statement, StatementMonth, WalletStatement
from guibin.web import OutModel

from .schemas import DueOut


class StatementMonthOut(OutModel):
    """A month of which there is a statement."""

    month: str = Field(examples=["2026-10"])
    closed: bool = Field(description="A closed month never changes")


class StatementMonthsOut(OutModel):
    """All months from the first movement to this one, newest first."""

    items: list[StatementMonthOut]

    @classmethod
    def of(cls, months: list[StatementMonth]) -> Self:
        """Describe months."""
        return cls(items=[StatementMonthOut(month=f"{one.first:%Y-%m}", closed=one.closed) for one in months])


class WalletStatementOut(OutModel):
    """One kind of points in a month; opening + the movements, all of them signed, = closing."""

    wallet: str = Field(examples=["reward"])
    name: str = Field(examples=["综合积分"])
    unit: str = Field(examples=["积分"])
    opening: int
    earned: int
    redeemed: int = Field(description="Not positive", examples=[-100])
    refunded: int
    clawed_back: int = Field(description="Not positive")
    expired: int = Field(description="Not positive")
    adjusted: int
    transferred: int
    closing: int
    pending: int = Field(description="Granted and not spendable at the end; no part of the balance")
    debt: int = Field(description="Owed at the end")
    debt_paid: int = Field(description="What the month's credits paid of the debt; no part of the balance")
    due_to_expire: list[DueOut] = Field(description="What of the closing balance ends on which day")

    @classmethod
    def of(cls, own: WalletStatement, language: str) -> Self:
        """Describe a wallet in `zh` or `en`."""
        english = language == "en"
        return cls(
            wallet=own.wallet.code,
            name=own.wallet.name_en if english else own.wallet.name_zh,
            unit=own.wallet.unit_en if english else own.wallet.unit_zh,
            opening=own.opening,
            earned=own.lines[StatementLine.EARNED],
            redeemed=own.lines[StatementLine.REDEEMED],
            refunded=own.lines[StatementLine.REFUNDED],
            clawed_back=own.lines[StatementLine.CLAWED_BACK],
            expired=own.lines[StatementLine.EXPIRED],
            adjusted=own.lines[StatementLine.ADJUSTED],
            transferred=own.lines[StatementLine.TRANSFERRED],
            closing=own.closing,
            pending=own.pending,
            debt=own.debt,
            debt_paid=own.debt_paid,
            due_to_expire=[DueOut.model_validate(due) for due in own.due],
        )


class StatementOut(OutModel):
    """A month of points in every wallet."""

    month: str = Field(examples=["2026-10"])
    first: date
    last: date
    closed: bool = Field(description="A closed month never changes; before, these are the figures so far")
    wallets: list[WalletStatementOut]

    @classmethod
    def of(cls, found: Statement, language: str) -> Self:
        """Describe a statement in `zh` or `en`."""
        return cls(
            month=f"{found.first:%Y-%m}",
            first=found.first,
            last=found.last,
            closed=found.closed,
            wallets=[WalletStatementOut.of(own, language) for own in found.wallets],
        )
