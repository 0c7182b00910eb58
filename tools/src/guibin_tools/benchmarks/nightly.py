"""The night of a large bank: each step with its seconds, the memory of this process, and the growth from a tenth (G13).

The bank is kept between runs (`kept.py`). The first night posts what the feeds brought; the second, of the same day
asked for again, has nothing to do and is timed as that.
"""

import asyncio
import os
import resource
import time
from dataclasses import dataclass, field

import typer

from guibin_tools.benchmarks.kept import KeptBank, kept_bank
from guibin_tools.benchmarks.machine import describe_machine
from guibin_tools.nightly import run_nightly

MOST_GIB: float = 1.0


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
        typer.echo(f"  {step:14} {self.seconds[step]:8.1f} s  {told}  (load {os.getloadavg()[0]:.0f})")


def bench_nightly(customers: int) -> bool:
    """Print a night step by step and the memory that this process took; say whether it stayed below 1 GiB."""
    with kept_bank(customers) as bank:
        seconds = _night(bank)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    typer.echo(f"nightly: {customers:,} customers in {seconds:.0f} s, memory of this process {peak:.2f} GiB at most")
    typer.echo(f"nightly: goal below {MOST_GIB} GiB; {describe_machine()}")
    return peak < MOST_GIB


def _night(bank: KeptBank) -> float:
    steps = _Steps()
    began = time.monotonic()
    asyncio.run(run_nightly(bank.settings, day=bank.business_date, progress=steps.show))
    return time.monotonic() - began
