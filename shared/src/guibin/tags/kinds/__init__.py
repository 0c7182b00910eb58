"""The kinds of tags: what the definition of each says, and which values it gives a customer."""

from guibin.tags.kinds.definitions import (
    Case,
    Cases,
    Cell,
    Definition,
    Figure,
    Formula,
    Listed,
    Number,
    Operation,
    Preference,
    Range,
    Rfm,
    Score,
    ScorePart,
    Term,
    tags_of,
    values_of,
)
from guibin.tags.kinds.reading import read_definition

__all__ = [
    "Case",
    "Cases",
    "Cell",
    "Definition",
    "Figure",
    "Formula",
    "Listed",
    "Number",
    "Operation",
    "Preference",
    "Range",
    "Rfm",
    "Score",
    "ScorePart",
    "Term",
    "read_definition",
    "tags_of",
    "values_of",
]
