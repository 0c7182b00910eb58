"""What the operator sees while a command works: a line per step with its time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.status import Status


@dataclass
class Step:
    """A step under way; set `done` to the sentence that its line shall end with."""

    doing: str
    done: str
    status: Status

    def show(self, detail: str) -> None:
        """Show what the step is at; a terminal shows it in place, anything else not at all."""
        self.status.update(f"{self.doing}: {detail}")


@contextmanager
def step(console: Console, doing: str) -> Iterator[Step]:
    """Show that something is being done, and at its end what was done and how long it took."""
    begun = time.monotonic()
    if not console.is_terminal:
        console.print(f"  ... {doing}", markup=False, highlight=False)
    with console.status(doing) as status:
        made = Step(doing, doing, status)
        yield made
    console.print(f"  ok  {made.done} ({time.monotonic() - begun:.1f} s)", markup=False, highlight=False)
