"""Whose points a member of a household may spend, and how many: pure decisions over plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from guibin.points.household.models import PoolRole
from guibin.relations.models import HouseholdRole


@dataclass(frozen=True, slots=True)
class PoolMember:
    """A member whose place may be used. `puts_in` is the member's own word; `stopped`: a restriction keeps points."""

    customer_id: UUID
    place_id: UUID
    household_role: HouseholdRole
    named: PoolRole | None
    month_limit: int | None
    puts_in: bool
    stopped: bool

    @property
    def gives(self) -> bool:
        """Whether others may spend what the member has."""
        return self.puts_in and not self.stopped

    @property
    def role(self) -> PoolRole:
        """The head owns, others are what the head named them, and see until then."""
        if self.household_role is HouseholdRole.HEAD:
            return PoolRole.OWNER
        return self.named or PoolRole.VIEWER


@dataclass(frozen=True, slots=True)
class Pool:
    """What a customer finds in the household that counts first."""

    household_id: UUID
    me: PoolMember
    members: Sequence[PoolMember]

    def givers(self) -> list[UUID]:
        """Return those whose points the customer may spend beside own ones, by id: nobody's for who only looks."""
        if self.me.role is PoolRole.VIEWER:
            return []
        others = (one for one in self.members if one.customer_id != self.me.customer_id)
        return sorted(one.customer_id for one in others if one.gives)


WORDS: Final = {
    HouseholdRole.HEAD: ("户主", "head"),
    HouseholdRole.SPOUSE: ("配偶", "spouse"),
    HouseholdRole.CHILD: ("子女", "child"),
    HouseholdRole.PARENT: ("父母", "parent"),
    HouseholdRole.SIBLING: ("兄弟姐妹", "sibling"),
    HouseholdRole.PARTNER: ("合伙人", "partner"),
    HouseholdRole.OTHER: ("成员", "member"),
}
"""What a member is called in entries, in Chinese and English: names stand in none."""


def reasons_of(pool: Pool) -> tuple[list[str], list[str]]:
    """Return what entries say in Chinese and English: the givers' of who spends, then the spender's of each giver."""
    roles = {one.customer_id: one.household_role for one in pool.members}
    spender, givers = WORDS[pool.me.household_role], [WORDS[roles[one]] for one in pool.givers()]
    return (
        [f"家庭成员（{spender[0]}）使用了您共享的积分", *(f"使用家庭成员（{zh}）共享的积分" for zh, _ in givers)],
        [f"Spent by your household's {spender[1]}", *(f"From your household's {en}" for _, en in givers)],
    )


def left_of_month(limit: int | None, used: int) -> int | None:
    """Return how many points of others a member may still spend in a month; None without a limit."""
    return None if limit is None else max(limit - used, 0)


def usable(own: int, others: int, left: int | None) -> int:
    """Return what a member can spend in all, as far as own points and the month's limit go."""
    return own + (others if left is None else min(others, left))
