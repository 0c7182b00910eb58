"""Decisions on relations, over plain values."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Final

from guibin.customers.models import PartyType
from guibin.relations.models import HouseholdRole, LinkKind

OF_PERSONS: Final = frozenset({LinkKind.LEGAL_REPRESENTATIVE, LinkKind.FINANCE_HEAD, LinkKind.EMPLOYEE})
"""What a person alone can be."""


MOST_MEMBERS: Final = 20
"""Members of one household."""

ADULT_YEARS: Final = 18
"""From this age on a member decides alone who knows of the household."""

WHOLE: Final = 100
"""All that a customer has, in per cent."""


def can_be_linked(kind: LinkKind, holder: PartyType, other: PartyType) -> bool:
    """Tell whether one party can be that to the other: companies have owners and staff, anybody may guarantee."""
    if kind is LinkKind.GUARANTOR:
        return True
    return other is PartyType.COMPANY and (kind not in OF_PERSONS or holder is PartyType.PERSON)


def overlap(one: tuple[date, date | None], other: tuple[date, date | None]) -> bool:
    """Tell whether two periods share a day; each runs from its first day until the day before its end."""
    (one_from, one_to), (other_from, other_to) = one, other
    return (one_to is None or other_from < one_to) and (other_to is None or one_from < other_to)


def has_one_head(roles: Iterable[HouseholdRole]) -> bool:
    """Tell whether there is one head, no more and no fewer."""
    return list(roles).count(HouseholdRole.HEAD) == 1


def left_of(shares: Collection[int]) -> int:
    """Return how much of a customer is in no household yet, in per cent."""
    return WHOLE - sum(shares)


def weighed(amounts: Iterable[tuple[int | None, int]]) -> int | None:
    """Sum amounts in fen by their shares in per cent, each rounded down to a fen; None where one is unknown.

    So the households of a customer never come to more together than the customer has.
    """
    total = 0
    for fen, percent in amounts:
        if fen is None:
            return None
        total += fen * percent // WHOLE
    return total
