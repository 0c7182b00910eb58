"""What the bank port says and takes of budgets and kill switches."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from guibin.core.ids import BranchId, BudgetId, RightId, StaffId, to_public
from guibin.core.invalid import invalid_input
from guibin.core.lines import Line
from guibin.core.money import Cny, out_of_bounds
from guibin.core.reasons import LONGEST
from guibin.core.text import Code, Note
from guibin.programme.models import Budget, KillSwitch, Target
from guibin.programme.service import BudgetLimits, Switching
from guibin.web import OutModel, StrictModel

MOST_POINTS = 10**15
MOST_FEN = 10**15
FIRST_YEAR, LAST_YEAR = 2020, 2100


class BudgetIn(StrictModel):
    """What a branch may spend for a line in a year: in points, in CNY, or both."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "branch_id": "brn_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4",
                    "year": 2026,
                    "line": "personal_finance",
                    "cny": "500000.00",
                }
            ]
        }
    )

    branch_id: BranchId
    year: Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]
    line: Line
    points: Annotated[int, Field(ge=0, le=MOST_POINTS)] | None = Field(default=None, description="null: no bound")
    cny: Cny | None = Field(default=None, description="null: no bound")

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.points is None and self.cny is None:
            raise invalid_input("one_of", "points 与 cny 至少提供一项", "needs points, cny or both")
        if self.cny is not None and not 0 <= self.cny <= MOST_FEN:
            raise out_of_bounds(0, MOST_FEN)
        return self

    def limits(self) -> BudgetLimits:
        """Return the command's budget."""
        return BudgetLimits(
            branch_id=self.branch_id,
            year=self.year,
            line=self.line.value,
            points_limit=self.points,
            fen_limit=self.cny,
        )


class BudgetOut(OutModel):
    """A budget and what was spent of it; what is given back is no longer spent."""

    id: BudgetId
    branch_id: BranchId
    branch_code: str
    year: int
    line: Line
    points: int | None = Field(description="null: no bound")
    points_spent: int
    cny: Cny | None = Field(description="null: no bound")
    cny_spent: Cny
    created_at: datetime

    @classmethod
    def of(cls, row: tuple[Budget, str]) -> "BudgetOut":
        """Describe a budget of a branch."""
        budget, code = row
        return cls(
            id=budget.id,
            branch_id=budget.branch_id,
            branch_code=code,
            year=budget.year,
            line=Line(budget.line),
            points=budget.points_limit,
            points_spent=budget.points_spent,
            cny=budget.fen_limit,
            cny_spent=budget.fen_spent,
            created_at=budget.created_at,
        )


class KillSwitchIn(StrictModel):
    """What stops, or goes on: everything, one kind of points, or one right."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "target": "wallet",
                    "wallet": "reward",
                    "earning": False,
                    "spending": True,
                    "reason": "供应商系统异常，暂停兑换",
                }
            ]
        }
    )

    target: Target
    wallet: Code | None = Field(default=None, description="Of the target `wallet`")
    right_id: RightId | None = Field(default=None, description="Of the target `right`")
    earning: bool = Field(description="true: nothing is earned")
    spending: bool = Field(description="true: nothing is redeemed")
    reason: Annotated[str, Note(LONGEST)]

    @model_validator(mode="after")
    def _names_its_target(self) -> Self:
        named = {Target.WALLET: self.wallet is not None, Target.RIGHT: self.right_id is not None}
        if any(given is not (self.target is target) for target, given in named.items()):
            raise invalid_input(
                "target",
                "须且只能提供与 target 相应的 wallet 或 right_id",
                "names the wallet or the right of its target, and nothing else",
            )
        return self

    def switching(self) -> Switching:
        """Return the command."""
        right = to_public("rgt", self.right_id) if self.right_id is not None else ""
        subject = self.wallet or right
        return Switching(self.target, subject, self.earning, self.spending, self.reason)


class KillSwitchOut(OutModel):
    """A switch: on where something is stopped."""

    target: Target
    subject: str = Field(description="Code of the wallet or id of the right; empty for the whole programme")
    earning: bool
    spending: bool
    reason: str
    set_by: StaffId
    set_at: datetime

    @classmethod
    def of(cls, row: KillSwitch) -> "KillSwitchOut":
        """Describe a switch."""
        return cls.model_validate(row)


class KillSwitchesOut(OutModel):
    """Everything that is stopped or ever was."""

    items: list[KillSwitchOut]
