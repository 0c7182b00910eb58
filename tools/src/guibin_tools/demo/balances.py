"""A year of balances: a row at every month's end, and a row for each change on days of the last two months."""

from bisect import bisect_left
from datetime import date, timedelta
from random import Random

from guibin_tools.bank_data import window_ends
from guibin_tools.demo.dice import chance, span
from guibin_tools.demo.holdings import CARD, CURRENT, EMPTY, FIXED, LOAN, MARKET, Holding

YEAR, RECENT = 365, 60
"""Days back from the business date: of month ends, and of changes."""

_REPAYMENT_DAY = 21
_OLDEST_SHARE = {CURRENT: 0.8, MARKET: 0.86, FIXED: 1.0, CARD: 0.9}
_SWING = {CURRENT: 0.12, MARKET: 0.02, CARD: 0.5}
_OVERDRAWN = "-86.50"


class Calendar:
    """The days that carry rows, as text, with the index of the window whose file takes them."""

    def __init__(self, business_date: date) -> None:
        self.today = business_date.toordinal()
        self.first_day = business_date - timedelta(days=YEAR)
        self._ends = [end.toordinal() for end in window_ends(self.first_day, business_date)]
        days = [date.fromordinal(self.today - back) for back in range(YEAR, -1, -1)]
        ends = [day for day in days if (day + timedelta(days=1)).day == 1]
        self.month_ends = [self.entry(day.toordinal()) for day in ends]
        self.recent = [self.entry(day.toordinal()) for day in days[-RECENT:] if day not in ends]
        self.repayments = [self.entry(day.toordinal()) for day in days[-RECENT:] if day.day == _REPAYMENT_DAY]

    def entry(self, day: int) -> tuple[int, str, int]:
        """Return a day's ordinal, its text between commas and the index of its window."""
        return day, f",{date.fromordinal(day).isoformat()},", bisect_left(self._ends, day)


class BalanceBook:
    """Writes the balance rows of one holding after another into one list per window."""

    def __init__(self, rng: Random, business_date: date) -> None:
        self._rng = rng
        self._calendar = Calendar(business_date)

    @property
    def first_day(self) -> date:
        """The oldest day that can carry a row."""
        return self._calendar.first_day

    def write(self, holding: Holding, windows: list[list[str]]) -> None:
        """Append the holding's rows, dates ascending within a window."""
        calendar = self._calendar
        first = max(holding.opened, calendar.month_ends[0][0])
        last = holding.closed - 1 if holding.closed else calendar.today
        days = [entry for entry in calendar.month_ends if first <= entry[0] <= last]
        if not days or days[0][0] != first:
            days.insert(0, calendar.entry(first))
        if holding.movement is EMPTY:
            windows[days[0][2]].append(f"{holding.holding_id}{days[0][1]}0.00\n")
            return
        days += self._changes(holding, first, last)
        days.sort()
        amounts = self._owed(holding, days) if holding.movement is LOAN else self._moving(holding, days)
        for (_, text, window), amount in zip(days, amounts, strict=True):
            windows[window].append(f"{holding.holding_id}{text}{amount}\n")

    def _changes(self, holding: Holding, first: int, last: int) -> list[tuple[int, str, int]]:
        if holding.movement is FIXED:
            return []
        if holding.movement is LOAN:
            return [entry for entry in self._calendar.repayments if first < entry[0] <= last]
        recent = self._calendar.recent
        step = len(recent) / (3 + int(self._rng.random() * 4))
        start = self._rng.random() * step
        chosen = (recent[int(start + step * turn)] for turn in range(int((len(recent) - start) / step)))
        return [entry for entry in chosen if first < entry[0] <= last]

    def _moving(self, holding: Holding, days: list[tuple[int, str, int]]) -> list[str]:
        """Let the balance grow over the year from an oldest share to the planned amount, with swings around it."""
        random, today, amount = self._rng.random, self._calendar.today, holding.amount
        if holding.movement is FIXED:
            return [f"{amount:.2f}"] * len(days)
        oldest, swing = 1 - _OLDEST_SHARE[holding.movement], _SWING[holding.movement]
        amounts = [
            f"{amount * (1 - oldest * (today - day) / YEAR) * (1 + swing * (2 * random() - 1)):.2f}"
            for day, _, _ in days
        ]
        if holding.movement is CURRENT and amount < span(self._rng, 0, 1_200) and chance(self._rng, 10):
            amounts[-1] = _OVERDRAWN
        return amounts

    def _owed(self, holding: Holding, days: list[tuple[int, str, int]]) -> list[str]:
        """Let a loan fall by one and a half per cent of today's debt a month, on the day of repayment."""
        owed = []
        for ordinal, _, _ in days:
            day, today = date.fromordinal(ordinal), date.fromordinal(self._calendar.today)
            months = (today.year - day.year) * 12 + today.month - day.month
            months += (today.day >= _REPAYMENT_DAY) - (day.day >= _REPAYMENT_DAY)
            owed.append(f"{holding.amount * (1 + 0.015 * months):.2f}")
        return owed
