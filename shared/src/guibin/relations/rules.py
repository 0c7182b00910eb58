"""Decisions on relations, over plain values."""

from datetime import date
from typing import Final

from guibin.customers.models import PartyType
from guibin.relations.models import LinkKind

OF_PERSONS: Final = frozenset({LinkKind.LEGAL_REPRESENTATIVE, LinkKind.FINANCE_HEAD, LinkKind.EMPLOYEE})
"""What a person alone can be."""


def can_be_linked(kind: LinkKind, holder: PartyType, other: PartyType) -> bool:
    """Tell whether one party can be that to the other: companies have owners and staff, anybody may guarantee."""
    if kind is LinkKind.GUARANTOR:
        return True
    return other is PartyType.COMPANY and (kind not in OF_PERSONS or holder is PartyType.PERSON)


def overlap(one: tuple[date, date | None], other: tuple[date, date | None]) -> bool:
    """Tell whether two periods share a day; each runs from its first day until the day before its end."""
    (one_from, one_to), (other_from, other_to) = one, other
    return (one_to is None or other_from < one_to) and (other_to is None or one_from < other_to)
