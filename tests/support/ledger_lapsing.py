"""A model of an account whose points lapse by a share for want of activity, as its wallet lets them."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from support.ledger_model import SPENDING, Entry, Model


@dataclass
class LapsingModel(Model):
    """After `months` without earning or spending `share` percent of what is free go, and the clock starts again."""

    months: int = 1
    share: int = 50
    day: date = date.min
    lapses_on: date | None = None

    def lapse_unused(self, day: date) -> None:
        """Let go what has lapsed before a day, once for each time that the clock has run out; it is that day now."""
        self.day = day
        while self.lapses_on is not None and self.lapses_on < day:
            last, after = self.lapses_on, self.lapses_on + timedelta(days=1)
            self.lapses_on = self._later(last) if self.balance > 0 else None
            gone = self.available(after) * self.share // 100
            if gone:
                self._draw(
                    self._enter(Entry("expire", -gone)), gone, [lot for lot in self.lots if not lot.is_expired(after)]
                )

    def _enter(self, entry: Entry) -> Entry:
        if entry.kind in {"earn", *SPENDING} or self.lapses_on is None:
            self.lapses_on = self._later(self.day)
        return super()._enter(entry)

    def _later(self, day: date) -> date:
        month = day.month - 1 + self.months
        year, month = day.year + month // 12, month % 12 + 1
        return date(year, month, min(day.day, monthrange(year, month)[1]))
