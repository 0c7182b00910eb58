"""What a care plan says: contacts per tier, what sets care off, the clock, the targets."""

from collections import Counter
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from guibin.care.models import TouchChannel, TouchKind, TouchPurpose
from guibin.care.opportunities.terms import MOST_FEN, OpportunityTerms
from guibin.core.text import Code, OneLine

MONTHS_OF_A_YEAR: Final = 12
MOST_TIERS: Final = 20
MOST_CONTACTS: Final = 20
MOST_TRIGGERS: Final = 60

Months = Annotated[int, Field(ge=1, le=MONTHS_OF_A_YEAR)]
Minutes = Annotated[int, Field(ge=1, le=600)]
Offset = Annotated[int, Field(ge=-90, le=180)]
Percent = Annotated[int, Field(ge=0, le=100)]
BusinessDays = Annotated[int, Field(ge=1, le=20)]
Fen = Annotated[int, Field(ge=1, le=MOST_FEN)]
Title = Annotated[str, OneLine(60)]


class CareOccasion(StrEnum):
    """What sets care off.

    Known ahead: `birthday`, `account_anniversary`, `maturity`. Noticed by the night: `new_coverage`, `large_inflow`,
    `large_outflow`, `tier_watch`, `tier_up`, `complaint_closed`, `payroll_missed`, `life_event`, `sale`.
    """

    BIRTHDAY = "birthday"
    ACCOUNT_ANNIVERSARY = "account_anniversary"
    MATURITY = "maturity"
    NEW_COVERAGE = "new_coverage"
    LARGE_INFLOW = "large_inflow"
    LARGE_OUTFLOW = "large_outflow"
    TIER_WATCH = "tier_watch"
    TIER_UP = "tier_up"
    COMPLAINT_CLOSED = "complaint_closed"
    PAYROLL_MISSED = "payroll_missed"
    LIFE_EVENT = "life_event"
    SALE = "sale"


FLOWS: Final = frozenset({CareOccasion.LARGE_INFLOW, CareOccasion.LARGE_OUTFLOW})
"""Those that need to know how much is large."""


class DayUnit(StrEnum):
    """How an offset counts: in days of the calendar, or in days on which the bank works."""

    CALENDAR = "calendar"
    BUSINESS = "business"


class Whose(StrEnum):
    """Whose task it is: the customer's manager's, or the head's of the branch."""

    MANAGER = "manager"
    BRANCH_HEAD = "branch_head"


class _Terms(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CareContact(_Terms):
    """One contact with a customer of a tier in each period of `every_months`, which divide the year.

    `also` are kinds of touches that satisfy it beside its own: who was visited need not be called.
    """

    code: Code
    kind: TouchKind
    channel: TouchChannel | None = None
    also: list[TouchKind] = Field(default_factory=list, max_length=5)
    every_months: Months
    purpose: TouchPurpose = TouchPurpose.CARE
    title_zh: Title
    title_en: Title


class Trigger(_Terms):
    """A task that an occasion sets off, due `offset` days after it (before it, where negative).

    A due day on which the bank is closed moves to the business day before it where the task is due by the occasion, and
    to the one behind it where it follows. `thresholds` say per tier how much is large, in fen; a tier that is not named
    has none. `product_classes` are those of a sale or maturity that count (none named: all).
    """

    code: Code
    on: CareOccasion
    enabled: bool = True
    offset: Offset = 0
    unit: DayUnit = DayUnit.CALENDAR
    kind: TouchKind = TouchKind.CALL
    channel: TouchChannel | None = None
    purpose: TouchPurpose = TouchPurpose.CARE
    whose: Whose = Whose.MANAGER
    thresholds: dict[Code, Fen] = Field(default_factory=dict, max_length=MOST_TIERS)
    product_classes: list[Code] = Field(default_factory=list, max_length=20)
    title_zh: Title
    title_en: Title


class CareClock(_Terms):
    """When a delay is told: to the manager once the due day is over, `leader_after` business days later to the head.

    What is still open `lapses_after` days after its due day is not asked for any more, and stays broken.
    """

    leader_after: BusinessDays = 3
    lapses_after: Annotated[int, Field(ge=5, le=366)] = 90


class PlanTerms(_Terms):
    """All that a plan says."""

    minutes: dict[TouchKind, Minutes]
    contacts: dict[Code, list[CareContact]] = Field(max_length=MOST_TIERS)
    triggers: list[Trigger] = Field(default_factory=list, max_length=MOST_TRIGGERS)
    clock: CareClock = CareClock()
    opportunities: OpportunityTerms = OpportunityTerms()
    ahead_days: Annotated[int, Field(ge=7, le=184)] = 92
    service_percent: Percent = 50
    spread_alarm_percent: Annotated[int, Field(ge=100, le=1000)] = 150

    @classmethod
    def read(cls, stored: Mapping[str, object]) -> Self:
        """Return the terms as they are kept with a plan."""
        return cls.model_validate(stored)

    def minutes_a_year(self, tier_code: str) -> int:
        """Return how many minutes of a manager's year a customer of a tier takes by the calendar of contacts."""
        contacts = self.contacts.get(tier_code, [])
        return sum(self.minutes[one.kind] * MONTHS_OF_A_YEAR // one.every_months for one in contacts)


def faults_of_plan(terms: PlanTerms, tiers: Collection[str]) -> str | None:
    """Say what is wrong with a plan.

    `tier_unknown`; `minutes`: a contact's kind has none; `months`: they do not divide the year; `code`: one is used
    twice in a tier or among the triggers; `thresholds`: of a trigger that is not of flows, or of one that has none.
    """
    named = {*terms.contacts, *(tier for trigger in terms.triggers for tier in trigger.thresholds)}
    if named - set(tiers):
        return "tier_unknown"
    contacts = [one for of_tier in terms.contacts.values() for one in of_tier]
    if any(one.kind not in terms.minutes for one in contacts):
        return "minutes"
    if any(MONTHS_OF_A_YEAR % one.every_months for one in contacts):
        return "months"
    codes = [[one.code for one in of_tier] for of_tier in terms.contacts.values()]
    codes.append([one.code for one in terms.triggers])
    if any(count > 1 for of_list in codes for count in Counter(of_list).values()):
        return "code"
    if any((trigger.on in FLOWS) is not bool(trigger.thresholds) for trigger in terms.triggers):
        return "thresholds"
    return None


def loads_of(terms: PlanTerms, base: str) -> dict[str, float]:
    """Return what a customer of each tier weighs in a manager's load: its minutes a year over those of a base tier.

    Empty where the base tier takes no time.
    """
    whole = terms.minutes_a_year(base)
    return {tier: round(terms.minutes_a_year(tier) / whole, 2) for tier in terms.contacts} if whole else {}
