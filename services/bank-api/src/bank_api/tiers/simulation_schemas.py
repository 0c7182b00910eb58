"""What a scheme would do to the whole book, as the bank port shows it."""

from collections.abc import Mapping, Sequence

from pydantic import Field

from guibin.core.freshness import FigureDay
from guibin.core.ids import SchemeId
from guibin.core.money import Cny
from guibin.rights.service import TierCost
from guibin.tiers.models import Tier
from guibin.tiers.moves_repository import Move
from guibin.web import FreshnessOut, OutModel


class SchemeMoveOut(OutModel):
    """So many customers from a tier to another; null is below all tiers."""

    before: str | None = Field(examples=["T2"])
    after: str | None = Field(examples=["T1"])
    customers: int


class BranchMovesOut(OutModel):
    """What a scheme does to a branch."""

    branch: str = Field(description="Its code", examples=["310101"])
    up: int = Field(description="Customers who rise")
    down: int = Field(description="Customers whose figures give less; they fall after their months of grace")
    managed_before: int = Field(description="Customers who have a tier with a manager of their own")
    managed_after: int = Field(description="Customers who will: the load of the managers")
    moves: list[SchemeMoveOut]


class RightsCostOut(OutModel):
    """What the free rights of the customers cost the bank a year."""

    at_most_before: Cny = Field(description="With the tiers of today, if everybody took all that is free")
    at_most_after: Cny
    usual_before: Cny = Field(description="As each tier's customers had free rights in the last year; no packages")
    usual_after: Cny


class SchemeSimulationOut(OutModel):
    """The whole book under a scheme, by the figures of its last period."""

    scheme_id: SchemeId
    freshness: FreshnessOut = Field(description="Of the figures; whose own are stale is not counted")
    customers: int = Field(description="Whose figures are known, who have or get a tier, and none by hand")
    up: int
    down: int
    managed_before: int
    managed_after: int
    rights_cost: RightsCostOut
    branches: list[BranchMovesOut]

    @classmethod
    def of(
        cls,
        scheme_id: SchemeId,
        day: FigureDay,
        moves: Sequence[Move],
        tiers: Sequence[Tier],
        costs: Mapping[str, TierCost],
    ) -> "SchemeSimulationOut":
        """Add up the moves, in all and by branch; `costs` are those of one customer of each tier."""
        by_branch: dict[str, list[Move]] = {}
        for move in moves:
            by_branch.setdefault(move.branch, []).append(move)
        branches = [
            BranchMovesOut(branch=code, **_sums(rows, tiers), moves=_moves(rows)) for code, rows in by_branch.items()
        ]
        customers = sum(move.customers for move in moves)
        return cls(
            scheme_id=scheme_id,
            freshness=FreshnessOut.of(day),
            customers=customers,
            **_sums(moves, tiers),
            rights_cost=_cost(moves, costs),
            branches=branches,
        )


def _cost(moves: Sequence[Move], costs: Mapping[str, TierCost]) -> RightsCostOut:
    before = [(costs[one.before], one.customers) for one in moves if one.before is not None]
    after = [(costs[one.after], one.customers) for one in moves if one.after is not None]
    return RightsCostOut(
        at_most_before=sum(cost.at_most_fen * customers for cost, customers in before),
        at_most_after=sum(cost.at_most_fen * customers for cost, customers in after),
        usual_before=sum(cost.usual_fen * customers for cost, customers in before),
        usual_after=sum(cost.usual_fen * customers for cost, customers in after),
    )


def _sums(moves: Sequence[Move], tiers: Sequence[Tier]) -> dict[str, int]:
    rank: dict[str | None, int] = {None: -1, **{tier.code: tier.rank for tier in tiers}}
    managed = {tier.code for tier in tiers if tier.managed}
    return {
        "up": sum(one.customers for one in moves if rank[one.after] > rank[one.before]),
        "down": sum(one.customers for one in moves if rank[one.after] < rank[one.before]),
        "managed_before": sum(one.customers for one in moves if one.before in managed),
        "managed_after": sum(one.customers for one in moves if one.after in managed),
    }


def _moves(moves: Sequence[Move]) -> list[SchemeMoveOut]:
    changed = [one for one in moves if one.before != one.after]
    return [SchemeMoveOut(before=one.before, after=one.after, customers=one.customers) for one in changed]
