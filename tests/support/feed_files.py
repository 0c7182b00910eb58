"""Reads feed files back the way a stranger would: with the csv module and by the names in their header."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from guibin_tools.bank_data import FeedSource

Row = dict[str, str]


def rows_of(sources: Iterable[FeedSource], kind: str) -> list[tuple[FeedSource, Row]]:
    """List every row of a kind with the file that it stands in."""
    found = []
    for source in sources:
        if source.kind == kind:
            text = b"".join(source.open()).decode()
            found += [(source, row) for row in csv.DictReader(text.splitlines())]
    return found


def last_month(business_date: date) -> list[date]:
    """List the days of the last calendar month that was complete on a business date."""
    tomorrow = business_date + timedelta(days=1)
    last = tomorrow.replace(day=1) - timedelta(days=1)
    return [last.replace(day=1) + timedelta(days=n) for n in range(last.day)]


def daily_averages(sources: list[FeedSource], days: list[date]) -> dict[str, float | None]:
    """Compute each asset holding's mean over the days; None when a day between opening and first balance is unknown."""
    balances: dict[str, dict[date, float]] = defaultdict(dict)
    for _, row in rows_of(sources, "balances"):
        balances[row["holding_id"]][date.fromisoformat(row["date"])] = float(row["balance"])
    averages: dict[str, float | None] = {}
    for _, row in rows_of(sources, "holdings"):
        if row["side"] == "asset":
            known = balances[row["holding_id"]]
            opened, closed = (date.fromisoformat(row[name] or "9999-12-31") for name in ("opened_on", "closed_on"))
            daily = [_on(known, day, opened, closed) for day in days]
            sure = [amount for amount in daily if amount is not None]
            averages[row["holding_id"]] = sum(sure) / len(days) if len(sure) == len(days) else None
    return averages


def _on(known: dict[date, float], day: date, opened: date, closed: date) -> float | None:
    if day < opened or day >= closed:
        return 0.0
    before = [seen for seen in known if seen <= day]
    return max(known[max(before)], 0.0) if before else None
