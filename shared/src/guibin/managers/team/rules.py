"""Who may serve a customer beside the primary manager, and in which role."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from guibin.managers.models import CoverageRole

OF_THE_BRANCH: Final = frozenset({CoverageRole.BACKUP, CoverageRole.SECOND, CoverageRole.BRANCH_LEADER})
"""Roles of people who can be there when the customer comes; specialists and corporate managers may sit elsewhere."""


class Unfit(StrEnum):
    """Why somebody cannot have a role."""

    INACTIVE = "inactive"
    OTHER_BRANCH = "other_branch"
    IS_PRIMARY = "is_primary"
    HAS_ROLE = "has_role"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who shall serve a customer, and what is known of both."""

    manager_id: UUID
    role: CoverageRole
    is_active: bool
    is_of_branch: bool


def unfit(member: Member, serving: Collection[tuple[UUID, CoverageRole]]) -> Unfit | None:
    """Tell why somebody cannot have the role beside those who serve already; None: nothing stands against it."""
    if not member.is_active:
        return Unfit.INACTIVE
    if member.role in OF_THE_BRANCH and not member.is_of_branch:
        return Unfit.OTHER_BRANCH
    if (member.manager_id, CoverageRole.PRIMARY) in serving:
        return Unfit.IS_PRIMARY
    return Unfit.HAS_ROLE if (member.manager_id, member.role) in serving else None
