"""The steps of a segment's rule: what each part of it takes away or adds."""

from dataclasses import dataclass
from enum import StrEnum

from guibin.tags.rules import ROOT, AllOf, AnyOf, Node, Not


class StepKind(StrEnum):
    """What a step does with the customers of the steps before: the operations on sets."""

    START = "start"
    INTERSECT = "intersect"
    SUBTRACT = "subtract"
    UNITE = "unite"


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a rule, and the rule up to and with it."""

    place: str
    kind: StepKind
    so_far: Node


def steps_of(rule: Node) -> list[Step]:
    """Cut a rule into steps: `all` narrows part by part, where a `not` subtracts; `any` unites; else there is one."""
    match rule:
        case AllOf(nodes):
            return [
                Step(f"{ROOT}/all/{i}", _narrowing(node, first=i == 0), AllOf(nodes[: i + 1]))
                for i, node in enumerate(nodes)
            ]
        case AnyOf(nodes):
            kinds = (StepKind.START if i == 0 else StepKind.UNITE for i in range(len(nodes)))
            return [Step(f"{ROOT}/any/{i}", kind, AnyOf(nodes[: i + 1])) for i, kind in enumerate(kinds)]
        case _:
            return [Step(ROOT, StepKind.START, rule)]


def _narrowing(node: Node, *, first: bool) -> StepKind:
    if first:
        return StepKind.START
    return StepKind.SUBTRACT if isinstance(node, Not) else StepKind.INTERSECT
