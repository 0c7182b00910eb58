"""What is owed on a loan on any day, from its amount, its monthly payment and how it stood at the end of 1998."""

from datetime import date

from guibin_tools.berka.dates import months_later
from guibin_tools.berka.files import Loan

IN_ARREARS = frozenset({"B", "D"})
"""Finished but unpaid, running in debt."""

MISSED_PAYMENTS = 3
"""The files say that B and D are behind and not how far: three payments, the usual line of a loan in default."""


def repayment_days(loan: Loan, until: date) -> list[date]:
    """List the days, up to one day included, on which a monthly payment was due: the last one ends the loan."""
    days = (months_later(loan.granted, month) for month in range(1, loan.months + 1))
    return [day for day in days if day <= until]


def owed(loan: Loan, day: date, end: date) -> int:
    """Return what is owed on a day, in hundredths: the amount less the payments that were made.

    Loans in arrears (B, D) have not made the last three payments that were due by `end`, the day for which the
    account's story is told. Amounts are duration times payment, so a loan paid to its term owes nothing.
    """
    paid = len(repayment_days(loan, day))
    if loan.status in IN_ARREARS:
        paid = min(paid, max(0, len(repayment_days(loan, end)) - MISSED_PAYMENTS))
    return max(0, loan.amount - loan.payment * paid)


def paid_off_on(loan: Loan, end: date) -> date | None:
    """Return the day of the last payment when the loan was paid to its term by `end`."""
    term = months_later(loan.granted, loan.months)
    return term if loan.status not in IN_ARREARS and term <= end else None
