"""Writes the feed files of a bank that is generated or mapped: buffers rows and flushes them in large pieces."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import BinaryIO

from guibin.core.lines import Line
from guibin_tools.bank_data import COLUMNS, FeedSource, window_ends


class FeedFile:
    """One file in the making. `rows` takes finished CSV lines, line end included; values must need no quoting."""

    def __init__(self, line: Line, kind: str, business_date: date, mode: str, directory: Path) -> None:
        self.rows: list[str] = []
        self._count = 0
        self._source = (line, kind, business_date, mode)
        self._path = directory / f"{line.value}-{kind}-{business_date.isoformat()}.csv"
        self._file: BinaryIO = self._path.open("wb")
        self._file.write((",".join(COLUMNS[kind]) + "\n").encode())

    def flush(self) -> None:
        """Write the buffered rows and forget them."""
        self._count += len(self.rows)
        self._file.write("".join(self.rows).encode())
        self.rows.clear()

    def close(self) -> FeedSource:
        """Write what is left and return the finished file."""
        self.flush()
        self._file.close()
        line, kind, business_date, mode = self._source
        return FeedSource(line, kind, business_date, mode, self._path, self._count)


class FeedWriter:
    """The feed files of some lines: parties and holdings as `mode` says, balances and events as changes in windows.

    `balances[line][w]` and `events[line][w]` belong to the business date `windows[w]`, oldest first.
    """

    def __init__(
        self,
        directory: Path,
        lines: Iterable[Line],
        business_date: date,
        *,
        first_balance: date,
        first_event: date,
        mode: str = "full",
    ) -> None:
        self.windows = window_ends(first_balance, business_date)
        self.event_windows = window_ends(first_event, business_date)
        lines = tuple(lines)
        self.parties = {line: FeedFile(line, "parties", business_date, mode, directory) for line in lines}
        self.holdings = {line: FeedFile(line, "holdings", business_date, mode, directory) for line in lines}
        self.balances = {line: _windowed(line, "balances", self.windows, directory) for line in lines}
        self.events = {line: _windowed(line, "events", self.event_windows, directory) for line in lines}

    def files(self) -> list[FeedFile]:
        """List all files in the order in which they load: who, what, how much (oldest first), what happened."""
        return [
            *self.parties.values(),
            *self.holdings.values(),
            *(files[w] for w in range(len(self.windows)) for files in self.balances.values()),
            *(files[w] for w in range(len(self.event_windows)) for files in self.events.values()),
        ]

    def flush(self) -> None:
        """Write every buffer."""
        for file in self.files():
            file.flush()

    def close(self) -> list[FeedSource]:
        """Finish every file and return the sources in the order in which they load."""
        return [file.close() for file in self.files()]


def _windowed(line: Line, kind: str, windows: Iterable[date], directory: Path) -> list[FeedFile]:
    return [FeedFile(line, kind, business_date, "delta", directory) for business_date in windows]
