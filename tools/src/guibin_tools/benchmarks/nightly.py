"""Nights of a large bank: each step with its seconds, rows and memory, and the growth from a tenth of it (G13).

The first night of a bank places, tags and counts everybody; the ordinary one after it has one day's events and changes.
The bank is kept between runs (`kept.py`). What a night took is kept beside it, so that the bank of ten times as many
customers can be held against it; a night that is broken off has told by then what its steps took.
"""

import asyncio
import json
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import typer

from guibin.runs.steps import STEPS
from guibin_tools.benchmarks.kept import SEED, KeptBank, kept_bank, kept_morning
from guibin_tools.benchmarks.machine import describe_machine
from guibin_tools.errors import OperatorError
from guibin_tools.loading.next_day import load_next_day
from guibin_tools.nightly import run_nightly

MOST_GIB: Final = 1.0
GROWTH: Final = 10
GROWTH_GOAL, GROWTH_FLOOR = 11, 13
TELLING_SECONDS: Final = 1.0
"""A step of a tenth that took less says nothing about growth: most of it is the same for every bank."""

_NOTE: Final = "night.json"


def peak_gib() -> float:
    """Return the most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


@dataclass
class _Steps:
    """Shows each step of a night as it ends."""

    began: float = field(default_factory=time.monotonic)
    seconds: dict[str, float] = field(default_factory=dict)

    def show(self, step: str, counts: dict[str, int]) -> None:
        now = time.monotonic()
        self.seconds[step] = now - self.began
        self.began = now
        told = ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)
        load = os.getloadavg()[0]
        typer.echo(f"  {step:14} {self.seconds[step]:8.1f} s  {peak_gib():.2f} GiB  load {load:2.0f}  {told}")

    @property
    def broken_off(self) -> str | None:
        """Name the step that has not ended, None after the last one."""
        return next((step.name for step in STEPS if step.name not in self.seconds), None)


def bench_nightly(customers: int) -> bool:
    """Print a night step by step; say whether its memory stayed below 1 GiB and its growth from a tenth in bounds."""
    with kept_bank(customers) as bank:
        with _told("nightly", customers) as steps:
            asyncio.run(run_nightly(bank.settings, day=bank.business_date, progress=steps.show))
        (bank.folder / _NOTE).write_text(json.dumps(steps.seconds), encoding="utf-8")
    return _grew_in_bounds(bank, steps.seconds) and peak_gib() < MOST_GIB


def bench_ordinary(customers: int) -> bool:
    """Print the night after the one that `bench nightly` kept, step by step; say whether its memory stayed in bounds.

    The lines send a day before it: what moved and happened, and who has come.
    """
    with kept_morning(customers) as bank:
        began = time.monotonic()
        day = asyncio.run(load_next_day(bank.settings, seed=SEED, show=lambda _line: None))
        if day is None:
            raise OperatorError(
                "Every closed day was sent: measure a night of a new bank first, or come back tomorrow."
            )
        typer.echo(f"ordinary: {day} was sent and loaded in {time.monotonic() - began:.0f} s")
        with _told("ordinary", customers) as steps:
            asyncio.run(run_nightly(bank.settings, day=day, progress=steps.show))
    return peak_gib() < MOST_GIB


@contextmanager
def _told(name: str, customers: int) -> Iterator[_Steps]:
    """Tell at the end what a night took, also where it is broken off."""
    steps = _Steps()
    try:
        yield steps
    finally:
        ended = "" if steps.broken_off is None else f", broken off in {steps.broken_off}"
        typer.echo(
            f"{name}: {customers:,} customers in {sum(steps.seconds.values()):.0f} s{ended}, memory of this"
            f" process {peak_gib():.2f} GiB at most (goal below {MOST_GIB} GiB); {describe_machine()}"
        )


def _grew_in_bounds(bank: KeptBank, seconds: dict[str, float]) -> bool:
    """Hold a night against the latest one of a tenth of the customers, if one was measured (G13)."""
    note: Path = bank.folder.parent / f"bank-{bank.customers // GROWTH}" / _NOTE
    if not note.exists():
        typer.echo(f"nightly: no growth is told, for no night of {bank.customers // GROWTH:,} customers was measured")
        return True
    tenth: dict[str, float] = json.loads(note.read_text(encoding="utf-8"))
    grown = {step: took / tenth[step] for step, took in seconds.items() if tenth.get(step, 0.0) >= TELLING_SECONDS}
    whole = sum(seconds.values()) / sum(tenth.values())
    told = ", ".join(f"{step} {times:.1f}" for step, times in grown.items())
    typer.echo(
        f"nightly: {whole:.1f} times the night of a tenth (G13, goal {GROWTH_GOAL}, floor {GROWTH_FLOOR}); {told}"
    )
    return whole <= GROWTH_FLOOR
