"""What a rule does for a customer beside giving points: a closed union by kind, and who carries each kind out.

An effect happens once for an event, in the transaction of the posting, and only where its rule gave points: caps,
cool-down, budgets and stops hold it without rules of its own. It hangs on the first entry that its rule made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.text import Code
from guibin.points.earning.models import EarningEffect, EffectState

MOST_UNITS: Final = 10
"""Units of a right that one effect gives."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class TagEffect(_Part):
    """Gives the customer a tag that is set by hand, as an attribute that stays."""

    kind: Literal["tag"]
    tag: Code = Field(description="A published tag of the kind `manual`", examples=["salary_customer"])

    @property
    def subject(self) -> str:
        """What it is about, in a word."""
        return self.tag


class RightEffect(_Part):
    """Gives the customer units of a right, which cost neither points nor quota."""

    kind: Literal["right"]
    right: Code = Field(description="Of a published right that asks for no slot and no address", examples=["lounge"])
    quantity: Annotated[int, Field(ge=1, le=MOST_UNITS)] = 1

    @property
    def subject(self) -> str:
        """What it is about, in a word."""
        return self.right


Effect = Annotated[TagEffect | RightEffect, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Given:
    """A rule gave points for an event: what an effect hangs on."""

    customer_id: UUID
    entry_id: UUID
    place: int
    rule: str
    name_zh: str
    actor_id: UUID
    at: datetime
    effect: Effect


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an effect; `reference` is how its kind finds again what it made."""

    state: EffectState
    reference: str | None = None


class EffectHandler(Protocol):
    """Carries out one kind of effect."""

    kind: str

    async def unknown(self, session: AsyncSession, effects: Sequence[Effect]) -> list[str]:
        """Return what some effects name that there is not."""

    async def carry_out(self, session: AsyncSession, given: Sequence[Given]) -> list[Done]:
        """Let effects happen; says of each, in order, what became of it."""

    async def end(self, session: AsyncSession, effect: EarningEffect) -> None:
        """Take back what an effect did; its points were taken back in full."""


_HANDLERS: dict[str, EffectHandler] = {}


def register(handler: EffectHandler) -> None:
    """Let a kind of effect be carried out; again changes nothing."""
    _HANDLERS[handler.kind] = handler


def handler_of(kind: str) -> EffectHandler:
    """Return who carries out a kind."""
    return _HANDLERS[kind]
