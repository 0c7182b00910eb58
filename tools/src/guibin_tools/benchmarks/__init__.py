"""What `make bench` measures: each bench prints its figures and the machine, and fails below its floor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from guibin_tools.benchmarks.accrual import bench_accrual
from guibin_tools.benchmarks.assignment import CUSTOMERS as ASSIGNED
from guibin_tools.benchmarks.assignment import bench_assignment
from guibin_tools.benchmarks.balance import bench_balance
from guibin_tools.benchmarks.demo import bench_demo
from guibin_tools.benchmarks.killed import bench_killed
from guibin_tools.benchmarks.matching.bench import bench_matching
from guibin_tools.benchmarks.memory import bench_memory
from guibin_tools.benchmarks.nightly import bench_nightly, bench_ordinary
from guibin_tools.benchmarks.reads import bench_reads
from guibin_tools.benchmarks.redeem import bench_redeem
from guibin_tools.benchmarks.tags import bench_tags
from guibin_tools.benchmarks.tiers import bench_tiers

DEMO, MILLION = 20_000, 1_000_000
"""Customers of the demo bank, and of the benches of the night."""


@dataclass(frozen=True)
class Options:
    """What some benches take: how many customers if not as many as usual, the SQL of pgledger, FEBRL's folder."""

    customers: int | None
    pgledger: Sequence[Path] = ()
    febrl: Path | None = None


BENCHES: Mapping[str, Callable[[Options], bool]] = MappingProxyType(
    {
        "demo": lambda options: bench_demo(options.customers or DEMO),
        "balance": lambda _options: bench_balance(),
        "redeem": lambda options: bench_redeem(options.pgledger),
        "accrual": lambda _options: bench_accrual(),
        "tiers": lambda options: bench_tiers(options.customers or DEMO),
        "matching": lambda options: bench_matching(options.customers or DEMO, options.febrl),
        "nightly": lambda options: bench_nightly(options.customers or DEMO),
        "ordinary": lambda options: bench_ordinary(options.customers or DEMO),
        "assignment": lambda options: bench_assignment(options.customers or ASSIGNED),
        "killed": lambda options: bench_killed(options.customers or DEMO),
        "reads": lambda options: bench_reads(options.customers or DEMO),
        "memory": lambda _options: bench_memory(),
        "tags": lambda options: bench_tags(options.customers or MILLION),
    }
)
"""Each bench by name; it says whether its floor was kept."""
