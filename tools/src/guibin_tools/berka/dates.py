"""Moves the nineties to today: each account has a shift of its own in days."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date

from guibin_tools.berka.files import Account, Transaction

DATA_END = date(1998, 12, 31)
"""The day for which the files state how things stand."""


class Shifts:
    """Puts each account's last transaction on the business date.

    An account without transactions has nothing that dates it: for it the day for which the files speak falls on the
    business date. What lies behind an account's last transaction (its loan, a card) begins on the business date.
    """

    def __init__(self, accounts: Iterable[Account], transactions: Iterable[Transaction], business_date: date) -> None:
        self._business_date = business_date
        self._ends = {account.account_id: DATA_END for account in accounts}
        last: dict[int, date] = {}
        for row in transactions:
            last[row.account_id] = max(row.day, last.get(row.account_id, row.day))
        self._ends |= last

    def end(self, account_id: int) -> date:
        """Return the day of the account's own time that falls on the business date."""
        return self._ends[account_id]

    def shifted(self, account_id: int, day: date) -> date:
        """Return the day of today's time, the business date at the latest."""
        return min(self._business_date, self.moved(account_id, day))

    def moved(self, account_id: int, day: date) -> date:
        """Return the day of today's time, which may lie ahead (a maturity)."""
        return day + (self._business_date - self._ends[account_id])

    def back(self, account_id: int, day: date) -> date:
        """Return the day of the account's own time that falls on a day of today's time."""
        return day - (self._business_date - self._ends[account_id])


def birthday(born: date, business_date: date) -> date:
    """Move a birth by full years, so that people are as old as they were at the end of 1998."""
    year = born.year + business_date.year - DATA_END.year
    return date(year, born.month, min(born.day, monthrange(year, born.month)[1]))


def months_later(day: date, months: int) -> date:
    """Return the same day so many months on, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def month_ends(first: date, last: date) -> list[date]:
    """List the last days of months between two days, both included."""
    ends = (
        date(year, month, monthrange(year, month)[1])
        for year in range(first.year, last.year + 1)
        for month in range(1, 13)
    )
    return [day for day in ends if first <= day <= last]
