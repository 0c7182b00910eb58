"""Balances files: by far the most rows, so each takes the shortest way."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from guibin.feeds.reading import Row
from guibin.feeds.rules import Cells, RowCode, RowRefused, read_amount, window
from guibin.feeds.taking import Rows, Taking
from guibin.holdings.references import holding_ref
from guibin.holdings.repository import known_holdings
from guibin.holdings.rows import KnownHolding
from guibin.holdings.service import BalanceRow, note_line_day, take_balances
from guibin.products.models import Side

_BATCH: Final = 100_000


async def take_balance_rows(taking: Taking, rows: Rows) -> None:
    """Take the rows of a balances file; then the line's day is fresh."""
    holdings = _Holdings(taking)
    days = window(taking.business_date)
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            await _take_batch(taking, batch, holdings, days)
            batch = []
    await _take_batch(taking, batch, holdings, days)
    await note_line_day(taking.session, taking.facts)


class _Holdings:
    """The holdings that the file has named so far, by their numbers, with the days that it has named of each."""

    def __init__(self, taking: Taking) -> None:
        self._taking = taking
        self._known: dict[str, KnownHolding | None] = {}
        self.days: dict[str, int] = {}

    async def learn(self, rows: Sequence[Row]) -> None:
        """Look up the holdings that a batch names for the first time."""
        named = {cells[0].strip() for _, cells in rows if cells is not None}
        refs = {
            holding_ref(self._taking.keys, self._taking.line, number): number
            for number in named
            if number not in self._known
        }
        found = await known_holdings(self._taking.session, line=self._taking.line.value, refs=list(refs))
        self._known |= {number: found.get(ref) for ref, number in refs.items()}

    def get(self, number: str) -> KnownHolding | None:
        """Return a holding that was learnt."""
        return self._known.get(number)


async def _take_batch(taking: Taking, batch: Sequence[Row], holdings: _Holdings, days: dict[str, date]) -> None:
    await holdings.learn(batch)
    bits = {text: 1 << position for position, text in enumerate(days)}
    accepted: list[BalanceRow] = []
    for row in batch:
        try:
            accepted.append(_read(taking, row, holdings, days, bits))
        except RowRefused as refused:
            taking.refuse(row[0], refused)
    if accepted:
        taking.rows_changed += await take_balances(taking.session, accepted, days.values())


def _read(taking: Taking, row: Row, holdings: _Holdings, days: dict[str, date], bits: dict[str, int]) -> BalanceRow:
    taking.rows_read += 1
    if row[1] is None:
        raise RowRefused(RowCode.ROW_INVALID)
    number, day_text, balance = (cell.strip() for cell in row[1])
    day = days.get(day_text)
    if day is None or not number or not balance:
        raise _why_not(Cells(taking.kind, row[1]))
    fen = read_amount(balance, "balance")
    holding = holdings.get(number)
    if holding is None:
        Cells(taking.kind, row[1]).required_number("holding_id")
        raise RowRefused(RowCode.HOLDING_UNKNOWN, "holding_id")
    if fen < 0 and holding.side is Side.LIABILITY:
        raise RowRefused(RowCode.AMOUNT_INVALID, "balance")
    seen, bit = holdings.days.get(number, 0), bits[day_text]
    if seen & bit:
        raise RowRefused(RowCode.DUPLICATE_IN_FILE, "date")
    holdings.days[number] = seen | bit
    return holding.customer_id, holding.id, day, fen


def _why_not(cells: Cells) -> RowRefused:
    """Find the reason for which a row with an empty cell or a strange day is refused."""
    try:
        cells.required_number("holding_id")
        cells.required("date")
        cells.required("balance")
        cells.day("date")
    except RowRefused as refused:
        return refused
    return RowRefused(RowCode.DATE_OUT_OF_RANGE, "date")
