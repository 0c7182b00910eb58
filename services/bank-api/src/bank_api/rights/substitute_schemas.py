"""What the bank offers in place of a right that could not be delivered, as its operators write and read it."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from guibin.core.invalid import invalid_input
from guibin.core.text import Code
from guibin.rights.substitutes import MOST_SUBSTITUTES, PriceRule, Substitute
from guibin.web import OutModel, StrictModel

EXAMPLE: dict[str, Any] = {
    "substitutes": [{"right": "tea_gift_box", "price": "capped"}, {"right": "coffee_voucher", "price": "not_above"}]
}


class SubstituteIn(StrictModel):
    """A right that customers can have instead."""

    right: Code = Field(description="Code of another right of the same category", examples=["tea_gift_box"])
    price: PriceRule = Field(
        default=PriceRule.NOT_ABOVE,
        description="not_above: offered where it costs no more than came back. capped: offered to everybody, for no"
        " more points than came back; what a quota or package had paid for counts as not_above. own: at its own price",
    )


class SubstitutesIn(StrictModel):
    """What customers can have in place of a right that could not be delivered."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    substitutes: list[SubstituteIn] = Field(max_length=MOST_SUBSTITUTES, description="The first is offered first")

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        refuse_twin_rights(self.substitutes)
        return self


class SubstituteOut(OutModel):
    """A right that customers can have instead."""

    right: str = Field(description="Its code")
    price: PriceRule

    @classmethod
    def of(cls, one: Substitute) -> "SubstituteOut":
        """Describe a substitute."""
        return cls(right=one.right, price=one.price)


class SubstitutesOut(OutModel):
    """The list in force; what a new one will say stands in the terms that wait for approval."""

    substitutes: list[SubstituteOut]


Substitutes = Annotated[list[SubstituteIn], Field(min_length=1, max_length=MOST_SUBSTITUTES)]


def refuse_twin_rights(substitutes: list[SubstituteIn]) -> None:
    """Refuse a list that names a right twice."""
    if len({one.right for one in substitutes}) != len(substitutes):
        raise invalid_input("duplicate_item", "同一权益不能重复", "must not name a right twice")


def written(substitutes: list[SubstituteIn] | None) -> list[dict[str, Any]] | None:
    """Write a list as the terms hold it; None without one."""
    return [one.model_dump(mode="json") for one in substitutes] if substitutes else None
