"""Generates the demo bank: the feed files of its seven lines."""

from datetime import date
from pathlib import Path
from random import Random

from guibin.core.lines import Line
from guibin_tools.bank_data import FeedSource
from guibin_tools.demo.balances import BalanceBook
from guibin_tools.demo.certificates import MOST_PEOPLE
from guibin_tools.demo.events import EVENT_DAYS, EventBook
from guibin_tools.demo.holdings import HoldingBook
from guibin_tools.demo.people import RecordBook, people
from guibin_tools.feed_writer import FeedWriter

_FLUSH_EVERY = 1_000


def generate(
    customers: int, seed: int, business_date: date, directory: Path, *, event_days: int = EVENT_DAYS
) -> list[FeedSource]:
    """Write the feeds of a bank of so many customers into an existing directory and list them in loading order.

    Content depends on the first three values and on how many days of events are written. Parties, holdings and events
    are of the business date; balances come as one file per line and window of 92 days, the newest of the business date,
    so that every line's day is fresh.

    Raises:
        ValueError: when the number of customers is not between 1 and 5 million.
    """
    if not 1 <= customers <= MOST_PEOPLE:
        raise ValueError(f"a demo bank has 1 to {MOST_PEOPLE} customers, not {customers}")
    rng = Random(seed)  # noqa: S311 - a bank that can be made again, nothing secret
    record_book, holding_book = RecordBook(rng, business_date), HoldingBook(rng, business_date)
    balance_book, event_book = BalanceBook(rng, business_date), EventBook(rng, business_date, days=event_days)
    writer = FeedWriter(
        directory, Line, business_date, first_balance=balance_book.first_day, first_event=event_book.first_day
    )
    balances = {line: [file.rows for file in files] for line, files in writer.balances.items()}
    for person in people(rng, customers, business_date):
        records = record_book.records(person)
        for record in records:
            writer.parties[record.line].rows.append(record.row)
            event_book.write(person, record.line, record.record_id, writer.events[record.line][0].rows)
        for holding in holding_book.holdings(person, records):
            writer.holdings[holding.line].rows.append(holding.row)
            balance_book.write(holding, balances[holding.line])
        if person.index % _FLUSH_EVERY == 0:
            writer.flush()
    return writer.close()
