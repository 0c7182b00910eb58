"""Processor time and memory of processes, from the process table: steadier on a shared machine than any throughput."""

import os
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MICROSECONDS = 1_000_000
_PARENT, _OWN, _OF_CHILDREN = 1, slice(11, 13), slice(11, 15)


def cpu_us(pid: int) -> int:
    """Return the processor time of a process so far, in microseconds."""
    return sum(map(int, _fields(pid)[_OWN])) * _MICROSECONDS // _TICKS


def tree_cpu_us(root: int) -> int:
    """Return the processor time of a process, of its children, and of those that have ended, in microseconds."""
    ticks = sum(map(int, _fields(root)[_OF_CHILDREN]))
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = _fields(int(entry.name))
                ticks += sum(map(int, fields[_OWN])) if int(fields[_PARENT]) == root else 0
    return ticks * _MICROSECONDS // _TICKS


def parent_of(pid: int) -> int:
    """Return the parent of a process."""
    return int(_fields(pid)[_PARENT])


def resident_mb(pid: int) -> float:
    """Return how much memory a process holds, in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE / 2**20


def _fields(pid: int) -> list[str]:
    """Return what the process table says of a process after its name, which may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
