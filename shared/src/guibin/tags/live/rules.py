"""Which definitions can follow at once: those that read nothing but what changes at once."""

from dataclasses import fields, is_dataclass
from typing import Final

from guibin.tags.kinds import Definition
from guibin.tags.rules import FactAgo, Held, HoldingAggregate, Related
from guibin.tags.vocabulary import Fact

LIVE_FACTS: Final = frozenset({"branch", "gender", "city_code", "lines", "tier"})
"""Facts of customers whose changes are told at once; of all others only a night finds out."""

_LIVE_FAMILIES: Final = ("event.", "bucket.")
_OF_NIGHTS: Final[dict[type, str]] = {
    FactAgo: "days_ago",
    Held: "held",
    HoldingAggregate: "holding",
    Related: "related",
}


def not_live(definition: Definition) -> list[str]:
    """Name what a definition reads that changes with the night alone: facts, and forms of conditions; sorted."""
    found: set[str] = set()
    _search(definition, found)
    return sorted(found)


def _search(part: object, found: set[str]) -> None:
    if type(part) in _OF_NIGHTS:
        found.add(_OF_NIGHTS[type(part)])
    elif isinstance(part, Fact):
        if part.name not in LIVE_FACTS and not part.name.startswith(_LIVE_FAMILIES):
            found.add(part.name)
    elif isinstance(part, tuple | list | frozenset):
        for one in part:
            _search(one, found)
    elif is_dataclass(part):
        for one in fields(part):
            _search(getattr(part, one.name), found)
