"""The rule tree of tags: bounded, typed, checked as a whole before anything runs.

A node is `{"all": [...]}`, `{"any": [...]}`, `{"not": node}` or a condition: `{"fact", "op", "value"}`, or one that
says yes or no by itself, such as `{"tag": code}`. Whatever a rule says beyond the words of `guibin.tags.vocabulary` is
refused with its place in the tree and never with its text.
"""

from guibin.tags.rules.order import levels_of, tags_in
from guibin.tags.rules.reader import parse_rule
from guibin.tags.rules.text import parse_text
from guibin.tags.rules.tree import (
    ROOT,
    AllOf,
    AnyOf,
    Condition,
    EventAggregate,
    FactAgo,
    HasTag,
    Held,
    HoldingAggregate,
    LastEvent,
    Modifier,
    Node,
    Not,
    Operand,
    Related,
    Scalar,
    Scaled,
    Sequence,
    TagNumber,
    TagValues,
    conditions_of,
    node_at,
    operands_of,
)
from guibin.tags.rules.windows import (
    BeforeDays,
    BetweenDates,
    InPeriod,
    LastDays,
    Period,
    RelativeDay,
    Window,
)
from guibin.tags.rules.writer import write_text

__all__ = [
    "ROOT",
    "AllOf",
    "AnyOf",
    "BeforeDays",
    "BetweenDates",
    "Condition",
    "EventAggregate",
    "FactAgo",
    "HasTag",
    "Held",
    "HoldingAggregate",
    "InPeriod",
    "LastDays",
    "LastEvent",
    "Modifier",
    "Node",
    "Not",
    "Operand",
    "Period",
    "Related",
    "RelativeDay",
    "Scalar",
    "Scaled",
    "Sequence",
    "TagNumber",
    "TagValues",
    "Window",
    "conditions_of",
    "levels_of",
    "node_at",
    "operands_of",
    "parse_rule",
    "parse_text",
    "tags_in",
    "write_text",
]
