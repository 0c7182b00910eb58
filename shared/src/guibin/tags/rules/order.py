"""Which tags a rule rests on, and in which order rules run: those that are referred to come first."""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from guibin.tags.errors import RuleCycle
from guibin.tags.rules.tree import HasTag, Node, operands_of


def tags_in(node: Node) -> frozenset[str]:
    """Return the codes of the tags that a rule refers to."""
    return frozenset(operand.code for operand in operands_of(node) if isinstance(operand, HasTag))


def levels_of(references: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Order what refers to each other by level: each refers only to those of the levels before its own.

    `references` gives for each code what it refers to; what is no key of it (a tag set by hand, for example) holds
    nobody up. Within a level the codes stand in their order.

    Raises:
        RuleCycle: some refer to each other in a ring.
    """
    sorter = TopologicalSorter(
        {code: [other for other in others if other in references] for code, others in references.items()}
    )
    try:
        sorter.prepare()
    except CycleError as error:
        raise RuleCycle(path=_from_the_first(error.args[1][::-1])) from error
    levels: list[list[str]] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        levels.append(ready)
        sorter.done(*ready)
    return levels


def _from_the_first(ring: list[str]) -> list[str]:
    """Let a ring, whose first stands at its end again, begin at the code that comes first."""
    codes = ring[:-1]
    start = codes.index(min(codes))
    return [*codes[start:], *codes[: start + 1]]
