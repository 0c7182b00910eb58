"""What `make bench` measures: each bench prints its figures and the machine, and fails below its floor."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from guibin_tools.benchmarks.accrual import bench_accrual
from guibin_tools.benchmarks.balance import bench_balance
from guibin_tools.benchmarks.demo import bench_demo
from guibin_tools.benchmarks.memory import bench_memory
from guibin_tools.benchmarks.redeem import bench_redeem

BENCHES: Mapping[str, Callable[[int], bool]] = MappingProxyType(
    {
        "demo": bench_demo,
        "balance": lambda _customers: bench_balance(),
        "redeem": lambda _customers: bench_redeem(),
        "accrual": lambda _customers: bench_accrual(),
        "memory": lambda _customers: bench_memory(),
    }
)
"""Each bench by name; it takes the number of customers of a demo bank and says whether its floor was kept."""
