"""What is stopped: decisions over plain values."""

from collections.abc import Collection
from dataclasses import dataclass

from guibin.programme.models import Target

Stop = tuple[str, str]
"""A target and its subject."""


@dataclass(frozen=True, slots=True)
class Stops:
    """Everything that is stopped on one side, earning or spending."""

    stopped: frozenset[Stop] = frozenset()

    def stop(self, *, wallet: str, right: str | None = None) -> bool:
        """Tell whether a kind of points, or a right that is given by its public id, is stopped; or the programme."""
        concerned = {(Target.PROGRAMME.value, ""), (Target.WALLET.value, wallet)}
        if right is not None:
            concerned.add((Target.RIGHT.value, right))
        return not concerned.isdisjoint(self.stopped)


def stops_of(rows: Collection[Stop]) -> Stops:
    """Return the stops that some switches make."""
    return Stops(frozenset((str(target), subject) for target, subject in rows))
