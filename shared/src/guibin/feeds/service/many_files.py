"""Taking files that lie ready: in their order, several lines side by side."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Final, Protocol

from guibin.core.database import SessionFactory
from guibin.core.lines import Line
from guibin.core.unit_of_work import unit_of_work
from guibin.feeds.models import FeedKind, FeedMode
from guibin.feeds.service.one_file import FeedResult, take_file
from guibin.security.actors import Actor
from guibin.security.ciphers import KeyRing

PARALLEL: Final = 3
"""How many lines are taken at once; each needs a connection."""

Progress = Callable[[str, dict[str, int]], None]


class FeedSource(Protocol):
    """A file that lies ready: what it says, how many rows it announces, and its bytes in chunks."""

    @property
    def line(self) -> Line:
        """The business line."""

    @property
    def kind(self) -> str:
        """One of `FeedKind`."""

    @property
    def business_date(self) -> date:
        """The day of business that it tells of."""

    @property
    def mode(self) -> str:
        """One of `FeedMode`."""

    @property
    def rows(self) -> int | None:
        """How many rows it announces."""

    def open(self) -> Iterator[bytes]:
        """Yield its bytes."""


async def load_sources(
    factory: SessionFactory,
    keys: KeyRing,
    sources: Iterable[FeedSource],
    *,
    actor: Actor,
    progress: Progress | None = None,
) -> list[FeedResult]:
    """Take files in their order; what is no parties file goes line by line, several lines side by side.

    The line that announces most rows begins first and is never kept waiting: by itself at the end it would go on alone.
    `progress` hears of each file when it is in. A line stops at the first of its files that is refused.

    Raises:
        Refusal: a file was refused; files before it, and those of other lines, are in.
    """
    loading = _Loading(factory, keys, actor, progress)
    results: list[FeedResult] = []
    for alone, group in groupby(sources, key=lambda source: source.kind == FeedKind.PARTIES):
        files = list(group)
        chains = [files] if alone else _by_line(files)
        found = await asyncio.gather(*(loading.take_chain(chain) for chain in chains), return_exceptions=True)
        failed = next((one for one in found if isinstance(one, BaseException)), None)
        if failed is not None:
            raise failed
        results += [result for chain in found if not isinstance(chain, BaseException) for result in chain]
    return results


def _by_line(files: Sequence[FeedSource]) -> list[list[FeedSource]]:
    """Part files by their lines, the most announced rows first."""
    chains = [[one for one in files if one.line is line] for line in Line]
    return sorted(chains, key=lambda chain: sum(one.rows or 0 for one in chain), reverse=True)


class _Loading:
    """One call of `load_sources`."""

    def __init__(self, factory: SessionFactory, keys: KeyRing, actor: Actor, progress: Progress | None) -> None:
        self._factory = factory
        self._keys = keys
        self._actor = actor
        self._progress = progress
        self._places = asyncio.Semaphore(PARALLEL)

    async def take_chain(self, files: Sequence[FeedSource]) -> list[FeedResult]:
        """Take files one after another, from a place that is theirs until the last one is in."""
        async with self._places:
            return [await self._take(source) for source in files]

    async def _take(self, source: FeedSource) -> FeedResult:
        async with unit_of_work(self._factory) as work:
            await work.protect()
            result = await take_file(
                work.session,
                self._keys,
                line=source.line,
                kind=FeedKind(source.kind),
                business_date=source.business_date,
                mode=FeedMode(source.mode),
                stream=source.open(),
                actor=self._actor,
                expected_rows=source.rows,
            )
        if self._progress is not None:
            name = f"{result.line} {result.kind} {result.business_date}"
            counts = {"rows": result.rows_read, "changed": result.rows_changed, "rejects": result.rows_rejected}
            self._progress(name, counts)
        return result
