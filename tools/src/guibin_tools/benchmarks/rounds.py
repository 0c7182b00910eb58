"""Measuring things against each other: in rounds of one run, the order turned round in every other one."""

import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import typer

ROUNDS = 5
SECONDS = 2.0


@dataclass(frozen=True)
class Sample:
    """What one side did in one round: operations a second, and by operation the CPU of its port and of Postgres."""

    rate: float
    port_us: float = 0.0
    postgres_us: float = 0.0

    @property
    def cpu_us(self) -> float:
        """Processor time of the server in all."""
        return self.port_us + self.postgres_us


Side = Callable[[float], Awaitable[Sample]]
"""Works for so many seconds."""

Samples = Mapping[str, Sequence[Sample]]


async def interleaved(sides: Mapping[str, Side], *, rounds: int = ROUNDS, seconds: float = SECONDS) -> Samples:
    """Let every side work once in every round, after one short round that does not count."""
    for side in sides.values():
        await side(seconds / 4)
    found: dict[str, list[Sample]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in list(sides) if number % 2 == 0 else list(sides)[::-1]:
            found[name].append(await sides[name](seconds))
    return found


def show(samples: Samples) -> None:
    """Print the median of each side, its processor time, and its rounds."""
    for name, rounds in samples.items():
        port, postgres = (statistics.median(figures) for figures in zip(*map(_cpu_of, rounds), strict=True))
        cpu = f", {port:.0f} us of CPU each and {postgres:.0f} us of Postgres'" if port or postgres else ""
        each = " ".join(f"{one.rate:.0f}" for one in rounds)
        typer.echo(f"  {name}: {statistics.median(one.rate for one in rounds):.0f} a second{cpu} (rounds: {each})")


def _cpu_of(sample: Sample) -> tuple[float, float]:
    return sample.port_us, sample.postgres_us


def ratio(samples: Samples, one: str, other: str) -> float:
    """Return the median over the rounds of how many times as fast one side is as the other."""
    pairs = zip(samples[one], samples[other], strict=True)
    return statistics.median(mine.rate / theirs.rate for mine, theirs in pairs)


def cpu_ratio(samples: Samples, one: str, other: str) -> float:
    """Return how many times as much processor time an operation of one side takes, by the medians."""
    mine, theirs = (statistics.median(round_.cpu_us for round_ in samples[name]) for name in (one, other))
    return mine / theirs
