"""The rows of a report put apart by what they have in common."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

Row = TypeVar("Row")


def figures_apart(
    rows: Iterable[Row],
    name: str,
    key: Callable[[Row], Hashable],
    figures: Callable[[list[Row]], Mapping[str, object]],
) -> list[dict[str, object]]:
    """Return for each value of `key`, in the order of the rows, `figures` of its rows and the value as `name`."""
    groups: dict[Hashable, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return [{name: value, **figures(found)} for value, found in groups.items()]
