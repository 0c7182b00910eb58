"""When a manager may claim a customer, and when somebody may say that a claim is theirs."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from guibin.managers.claims.models import ClaimEnd


class Unclaimable(StrEnum):
    """Why a manager cannot claim a customer, in the order in which it is looked at."""

    GONE = "gone"
    SERVED = "served"
    INACTIVE = "inactive"
    OTHER_BRANCH = "other_branch"
    COOLING_DOWN = "cooling_down"
    CLAIMED = "claimed"


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand between a customer and a manager on a day.

    `claimed_by` has the claim of the day; `blocked_until` is of the manager who asks.
    """

    is_here: bool
    is_served: bool
    works: bool
    reaches: bool
    claimed_by: UUID | None = None
    blocked_until: date | None = None


def unclaimable(standing: Standing, *, day: date) -> Unclaimable | None:
    """Return what stands first against a claim; None: nothing does."""
    found = {
        Unclaimable.GONE: not standing.is_here,
        Unclaimable.SERVED: standing.is_served,
        Unclaimable.INACTIVE: not standing.works,
        Unclaimable.OTHER_BRANCH: not standing.reaches,
        Unclaimable.COOLING_DOWN: standing.blocked_until is not None and standing.blocked_until > day,
        Unclaimable.CLAIMED: standing.claimed_by is not None,
    }
    return next((reason for reason, stands in found.items() if stands), None)


class Indisputable(StrEnum):
    """Why somebody cannot dispute a claim, in the order in which it is looked at."""

    NOT_A_MANAGER = "not_a_manager"
    OWN_CLAIM = "own_claim"
    CLAIM_OVER = "claim_over"
    TOO_LATE = "too_late"
    DISPUTED = "disputed"
    INACTIVE = "inactive"
    OTHER_BRANCH = "other_branch"
    COOLING_DOWN = "cooling_down"


_OF_THE_MANAGER: Final = {
    Unclaimable.GONE: Indisputable.CLAIM_OVER,
    Unclaimable.INACTIVE: Indisputable.INACTIVE,
    Unclaimable.OTHER_BRANCH: Indisputable.OTHER_BRANCH,
    Unclaimable.COOLING_DOWN: Indisputable.COOLING_DOWN,
}


@dataclass(frozen=True, slots=True)
class Disputed:
    """A claim as somebody disputes it; `served_by` is the customer's primary manager."""

    claimant_id: UUID
    claimed_on: date
    valid_to: date
    end_reason: str | None
    served_by: UUID | None
    is_disputed: bool


def indisputable(
    claim: Disputed, disputant_id: UUID, standing: Standing, *, day: date, dispute_days: int
) -> Indisputable | None:
    """Return what stands first against a dispute; None: nothing does.

    A claim can be disputed while it counts, and once the claimant serves the customer by it, for so many days from the
    first.
    """
    if claim.claimant_id == disputant_id:
        return Indisputable.OWN_CLAIM
    if not is_contestable(claim, day=day):
        return Indisputable.CLAIM_OVER
    if day >= claim.claimed_on + timedelta(days=dispute_days):
        return Indisputable.TOO_LATE
    if claim.is_disputed:
        return Indisputable.DISPUTED
    against = unclaimable(standing, day=day)
    return None if against is None else _OF_THE_MANAGER.get(against)


def is_contestable(claim: Disputed, *, day: date) -> bool:
    """Tell whether there is still something to decide about: a claim that counts, or the customer whom it brought."""
    if claim.end_reason == ClaimEnd.PLACED:
        return claim.served_by == claim.claimant_id
    return claim.end_reason is None and claim.valid_to > day and claim.served_by is None
