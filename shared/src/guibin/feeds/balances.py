"""Balances files: by far the most rows, so each takes the shortest way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from guibin.feeds.models import FeedKind
from guibin.feeds.rows import Row
from guibin.feeds.rules import Cells, RowCode, RowRefused, read_amount, window
from guibin.feeds.taking import Rows, Taking
from guibin.holdings.references import holding_ref
from guibin.holdings.repository import known_holdings
from guibin.holdings.rows import KnownHolding
from guibin.holdings.service import BalanceRow, take_balances
from guibin.products.models import Side

_BATCH: Final = 20_000
_Day = tuple[date, int]


async def take_balance_rows(taking: Taking, rows: Rows) -> None:
    """Take the rows of a balances file."""
    holdings = _Holdings(taking)
    days = {text: (day, 1 << at) for at, (text, day) in enumerate(window(taking.business_date).items())}
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            await _take_batch(taking, batch, holdings, days)
            batch = []
    await _take_batch(taking, batch, holdings, days)


@dataclass(slots=True)
class _Named:
    """A holding that the file has named, whether it is a debt, and on which days it was named, a bit each."""

    customer_id: UUID
    id: UUID
    owes: bool
    days: int = 0

    @classmethod
    def of(cls, known: KnownHolding) -> "_Named":
        """Begin with what is stored."""
        return cls(known.customer_id, known.id, known.side is Side.LIABILITY)


class _Holdings:
    """The holdings that the file has named so far, by their numbers."""

    def __init__(self, taking: Taking) -> None:
        self._taking = taking
        self.named: dict[str, _Named | None] = {}

    async def learn(self, rows: Sequence[Row]) -> None:
        """Look up the holdings that a batch names for the first time."""
        numbers = {cells[0].strip() for _, cells in rows if not isinstance(cells, RowRefused)}
        keys, line = self._taking.keys, self._taking.line
        refs = {holding_ref(keys, line, number): number for number in numbers if number not in self.named}
        found = await known_holdings(self._taking.session, line=line.value, refs=list(refs))
        for ref, number in refs.items():
            self.named[number] = _Named.of(found[ref]) if ref in found else None


async def _take_batch(taking: Taking, batch: Sequence[Row], holdings: _Holdings, days: Mapping[str, _Day]) -> None:
    await holdings.learn(batch)
    accepted: list[BalanceRow] = []
    named = holdings.named
    for number, cells in batch:
        try:
            accepted.append(_read(cells, named, days))
        except RowRefused as refused:
            taking.refuse(number, refused)
    taking.rows_read += len(batch)
    if accepted:
        taking.rows_changed += await take_balances(taking.session, accepted, [day for day, _ in days.values()])


def _read(
    cells: Sequence[str] | RowRefused, named: Mapping[str, _Named | None], days: Mapping[str, _Day]
) -> BalanceRow:
    if isinstance(cells, RowRefused):
        raise cells
    number, day_text, amount = cells
    found, on, amount = named.get(number), days.get(day_text), amount.strip()
    if found is None or on is None or not amount:
        found, on = _look_closer(cells, named, days)
    day, bit = on
    fen = read_amount(amount, "balance")
    if fen < 0 and found.owes:
        raise RowRefused(RowCode.AMOUNT_INVALID, "balance")
    if found.days & bit:
        raise RowRefused(RowCode.DUPLICATE_IN_FILE, "date")
    found.days |= bit
    return found.customer_id, found.id, day, fen


def _look_closer(
    values: Sequence[str], named: Mapping[str, _Named | None], days: Mapping[str, _Day]
) -> tuple[_Named, _Day]:
    """Read a row that is not plain: blanks around its cells, or something wrong with them."""
    cells = Cells(FeedKind.BALANCES, values)
    number = cells.required_number("holding_id")
    day_text = cells.required("date")
    cells.required("balance")
    cells.day("date")
    if day_text not in days:
        raise RowRefused(RowCode.DATE_OUT_OF_RANGE, "date")
    found = named.get(number)
    if found is None:
        raise RowRefused(RowCode.HOLDING_UNKNOWN, "holding_id")
    return found, days[day_text]
