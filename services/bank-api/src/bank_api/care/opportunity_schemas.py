"""What the bank port takes and says of opportunities."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from guibin.care.models import NeedCategory
from guibin.care.opportunities.models import OpportunityResult, OpportunitySource, OpportunityState, Proof
from guibin.care.opportunities.rules import belongs
from guibin.care.opportunities.terms import MOST_FEN
from guibin.care.service import Chance, Outcome
from guibin.core.ids import CustomerId, HoldingId, ManagerId, OpportunityId, StaffId, TouchId
from guibin.core.invalid import invalid_input
from guibin.core.money import Cny, between
from guibin.core.reasons import LONGEST
from guibin.core.text import Code, Note
from guibin.web import Day, StrictModel

from .views import RecordOut

Amount = Annotated[Cny, between(0, MOST_FEN)]
_OF_A_PRODUCT: Any = {"product_code": "WM-STABLE-90", "amount": "500000.00", "due_on": "2099-12-18"}
_OF_A_NEED: Any = {
    "need": "education",
    "due_on": "2099-12-18",
    "wished": True,
    "note": "女儿留学，想了解换汇与学费支付",
}


class OpportunityIn(StrictModel):
    """What a customer may take next: a product, or what answers a kind of need."""

    model_config = ConfigDict(json_schema_extra={"examples": [_OF_A_PRODUCT, _OF_A_NEED]})

    product_code: Code | None = Field(default=None, description="The product; null: it is about a need")
    need: NeedCategory | None = Field(default=None, description="The kind of need; null: it is about a product")
    amount: Amount | None = Field(default=None, description="What is expected", examples=["500000.00"])
    due_on: Day = Field(description="By when something is to come of it")
    wished: bool = Field(default=False, description="The customer asked for it")
    note: Annotated[str, Note(1000)] | None = Field(default=None, description="Kept encrypted")

    @model_validator(mode="after")
    def _about_one_thing(self) -> Self:
        if (self.product_code is None) == (self.need is None):
            raise invalid_input("about_one_thing", "产品与需求须且只能填写一项", "names either a product or a need")
        return self

    def chance(self) -> Chance:
        """Return the command's opportunity."""
        return Chance(self.due_on, self.product_code, self.need, self.amount, self.note, self.wished)


class OpportunityEndIn(StrictModel):
    """What became of an opportunity."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"state": "won", "result": "bought", "amount": "500000.00"},
                {"state": "refused", "result": "risk", "reason": "客户近期不愿承担净值波动"},
            ]
        }
    )

    state: Literal["won", "refused", "lost"] = Field(
        description="`refused`: the customer said no; `lost`: anything else"
    )
    result: OpportunityResult = Field(
        description="Of won: bought, need_met; of refused: no_need, terms, risk, not_now, no_offers; "
        "of lost: competitor, not_eligible, not_available, unreachable"
    )
    reason: Annotated[str, Note(LONGEST)] | None = Field(default=None, description="Needed where it was refused")
    amount: Amount | None = Field(default=None, description="What was won; null: what was expected")

    @model_validator(mode="after")
    def _result_of_its_state(self) -> Self:
        if not belongs(self.result, OpportunityState(self.state)):
            raise invalid_input("result_of_its_state", "该结果与状态不符", "the result is none of this state")
        if self.amount is not None and self.state != "won":
            raise invalid_input("amount_is_won", "仅成交（won）时可填写金额", "an amount goes with the state won alone")
        return self

    def outcome(self) -> Outcome:
        """Return the command's outcome."""
        return Outcome(OpportunityState(self.state), self.result, self.reason, self.amount)


class OpportunityEndedIn(OpportunityEndIn):
    """What became of an opportunity in a touch."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "opportunity_id": "opp_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4",
                    "state": "won",
                    "result": "bought",
                }
            ]
        }
    )

    opportunity_id: OpportunityId


class OpportunityOut(RecordOut):
    """An opportunity and what became of it."""

    id: OpportunityId
    customer_id: CustomerId
    manager_id: ManagerId | None = Field(description="Whose it is now; null: nobody's")
    source: OpportunitySource = Field(description="From where it is known")
    reference: str = Field(description="The rule, the trigger, or the public id of what it is known from")
    product_code: str | None
    need: NeedCategory | None
    amount: Cny | None = Field(description="What is expected")
    due_on: date
    note: str | None
    state: OpportunityState
    result: OpportunityResult | None
    reason: str | None
    won: Cny | None = Field(description="What was won")
    proof: Proof | None = Field(
        description="Of a product that was won: whether a holding opened since shows it; null: nothing is to be seen"
    )
    proved_on: date | None
    holding_id: HoldingId | None = Field(description="The holding that shows it")
    sleeps_until: date | None = Field(description="Of a refused one: the first day on which it may be opened again")
    handed_over: int = Field(description="How often it went to another manager")
    touch_id: TouchId | None = Field(description="The touch in which it came up")
    ended_in: TouchId | None = Field(description="The touch in which it ended")
    opened_on: date
    created_by: StaffId | None = Field(description="Who opened it; null: the night")
    created_at: datetime
    ended_at: datetime | None
    revision: int
