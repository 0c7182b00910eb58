"""What the demo bank's lines send for one more day: what moved and happened, and the records of who came."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

from guibin.core.lines import Line
from guibin_tools.bank_data import FeedSource
from guibin_tools.demo.dice import chance, span
from guibin_tools.demo.events import EventBook
from guibin_tools.demo.holdings import HoldingBook, holding_number
from guibin_tools.demo.people import RecordBook, people, record_number
from guibin_tools.feed_writer import FeedWriter

MOVING_PERCENT: Final = 8.0
"""Of a hundred holdings, how many have another balance at the end of the day."""
NEW_OF_10_000: Final = 2
"""Of ten thousand customers, how many have come this day."""

_SWING: Final = 0.05
_EVENTS_OF_A_DAY: Final = 10_000_000
_FLUSH_EVERY: Final = 10_000


@dataclass(frozen=True, slots=True)
class Numbered:
    """How many records and holdings each line has given a number so far."""

    records: Mapping[Line, int]
    holdings: Mapping[Line, int]


@dataclass(frozen=True, slots=True)
class Balance:
    """What a holding had at the end of the day before, in CNY."""

    line: Line
    holding_id: str
    amount: float


def moving_holdings(rng: Random, numbered: Numbered) -> dict[Line, list[str]]:
    """Draw the holdings whose balance moves this day."""
    return {
        line: [holding_number(line, number) for number in range(1, last + 1) if chance(rng, MOVING_PERCENT)]
        for line, last in numbered.holdings.items()
    }


def generate_next_day(
    rng: Random, numbered: Numbered, balances: Iterable[Balance], day: date, directory: Path
) -> list[FeedSource]:
    """Write the feeds of one more day, each of them changes alone, and list them in loading order.

    One customer in five thousand is new, with all records and holdings that such a one has; the balances of some move
    by up to a twentieth; and everybody's records have a day's share of the events of a demo bank.
    """
    writer = FeedWriter(directory, Line, day, first_balance=day, first_event=day, mode="delta")
    events = EventBook(rng, day, days=0, numbered_after=day.toordinal() * _EVENTS_OF_A_DAY)
    for balance in balances:
        moved = balance.amount * (1 + _SWING * span(rng, -1, 1))
        writer.balances[balance.line][0].rows.append(f"{balance.holding_id},{day},{moved:.2f}\n")
    _events_of_all(rng, numbered, events, writer, day)
    _newcomers(rng, numbered, writer, day)
    return writer.close()


def _events_of_all(rng: Random, numbered: Numbered, events: EventBook, writer: FeedWriter, day: date) -> None:
    """Let things happen with everybody, who is taken for somebody of the line and of any wealth."""
    for line, last in numbered.records.items():
        rows = writer.events[line][0].rows
        for number, person in enumerate(people(rng, last, day), start=1):
            events.write(person, line, record_number(line, number), rows)
            if number % _FLUSH_EVERY == 0:
                writer.flush()


def _newcomers(rng: Random, numbered: Numbered, writer: FeedWriter, day: date) -> None:
    known = sum(numbered.records.values())
    records = RecordBook(rng, day, numbered_after=numbered.records)
    holdings = HoldingBook(rng, day, numbered_after=numbered.holdings)
    for person in people(rng, -(-known * NEW_OF_10_000 // 10_000), day, first=known):
        made = records.records(person)
        for record in made:
            writer.parties[record.line].rows.append(record.row)
        for holding in holdings.holdings(person, made):
            writer.holdings[holding.line].rows.append(holding.row)
            if holding.closed is None:
                writer.balances[holding.line][0].rows.append(f"{holding.holding_id},{day},{holding.amount:.2f}\n")
