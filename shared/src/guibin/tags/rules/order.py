"""Which tags a rule rests on, and in which order rules run: those that are referred to come first."""

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from guibin.tags.errors import RuleCycle
from guibin.tags.rules.tree import HasTag, Held, Node, Scaled, TagNumber, TagValues, operands_of


def tags_in(node: Node) -> frozenset[str]:
    """Return the codes of the tags that a rule refers to, by who has them or by their values."""
    return frozenset(_codes(node))


def _codes(node: Node) -> Iterator[str]:
    for operand in operands_of(node):
        match operand:
            case HasTag(code=code) | TagNumber(code=code) | TagValues(code=code):
                yield code
            case Scaled(operand=TagNumber(code=code)):
                yield code
            case Held(node=inner):
                yield from _codes(inner)


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
