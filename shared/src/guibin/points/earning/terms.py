"""The terms of a rule of earning: the document that is drafted, submitted, approved and kept as one.

It is the same in the database, in an approval and over HTTP. Conditions are rule trees of `guibin.tags.rules` over
`event.*`, the facts of customers, and `tags`.
"""

from collections.abc import Mapping
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator

from guibin.core.invalid import invalid_input
from guibin.core.lines import Line
from guibin.core.money import Cny
from guibin.core.text import Code, OneLine
from guibin.holdings.models import OWN_EVENTS, EventType
from guibin.points.earning.effects import Effect
from guibin.points.earning.models import EarningPeriod

MOST_CASES: Final = 20
MOST_GIFTS: Final = 5
MOST_EFFECTS: Final = 5
MOST_BOUNDS: Final = 10
MOST_DAYS: Final = 400
MOST_POINTS: Final = 10**9
MOST_PER_CENT: Final = 10_000
MOST_TIMES: Final = 1_000_000


def _in_a_year(day: str) -> str:
    """Hold MM-DD to days that there are; 29 February is one."""
    try:
        date.fromisoformat(f"2000-{day}")
    except ValueError as error:
        raise invalid_input("day", "没有这一天", "no such day") from error
    return day


def _of_a_line(kind: EventType) -> EventType:
    """Hold what a line sends to what lines know."""
    if kind in OWN_EVENTS:
        raise invalid_input("event_type", "业务条线不报送此类事件", "no line sends this kind of event")
    return kind


Trigger = Annotated[EventType, WithJsonSchema({"type": "string", "enum": [kind.value for kind in EventType]})]
LineTrigger = Annotated[
    EventType,
    AfterValidator(_of_a_line),
    WithJsonSchema({"type": "string", "enum": [kind.value for kind in EventType if kind not in OWN_EVENTS]}),
]
CampaignCode = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Z0-9]{6,20}$"), Field(examples=["SPRING2027"])
]
Points = Annotated[int, Field(ge=1, le=MOST_POINTS)]
Condition = Annotated[
    dict[str, Any],
    Field(
        description="A rule tree as of tags, over `event.*`, the facts of customers, and the set `tags`",
        examples=[{"fact": "event.amount", "op": ">=", "value": "100.00"}],
    ),
]
YearlyDay = Annotated[
    str, StringConstraints(strict=True, pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"), AfterValidator(_in_a_year)
]
Clock = Annotated[str, StringConstraints(strict=True, pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class EarningKind(StrEnum):
    """How an event becomes points."""

    FIXED = "fixed"
    PROPORTIONAL = "proportional"


class Fraction(StrEnum):
    """What becomes of a part: `steps` counts full amounts only; the others divide exactly and round the points."""

    STEPS = "steps"
    DOWN = "down"
    HALF_UP = "half_up"
    UP = "up"


class Over(StrEnum):
    """What becomes of an earning that would pass a cap."""

    CUT = "cut"
    REFUSE = "refuse"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Gift(_Part):
    """Points into one wallet."""

    wallet: Code = Field(examples=["reward"])
    kind: EarningKind = Field(description="`fixed` for each event, or `proportional` to its amount")
    points: Points = Field(description="For each event, or for each `per` of its amount")
    per: Cny | None = Field(default=None, description="CNY; for proportional points", examples=["20.00"])
    rounding: Fraction = Field(default=Fraction.STEPS, description="`steps`: only each full `per` counts")
    multipliers: dict[Code, Annotated[int, Field(ge=1, le=MOST_PER_CENT)]] = Field(
        default_factory=dict,
        max_length=20,
        json_schema_extra={"additionalProperties": False},
        description="Per cent by tier: 125 gives a quarter more; 100 for tiers that are not named",
        examples=[{"T4": 125, "T5": 150}],
    )
    max_points: Points | None = Field(default=None, description="Most that one event gives")
    expires_on: date | None = Field(default=None, description="Last day of these points, in place of the wallet's")
    expires_in_days: Annotated[int, Field(ge=1, le=3_660)] | None = Field(
        default=None, description="Days after the event, in place of the wallet's expiry"
    )
    pending_days: Annotated[int, Field(ge=0, le=3_660)] | None = Field(
        default=None, description="Days before they can be spent; the wallet's without it"
    )
    pending_dates: list[YearlyDay] = Field(
        default_factory=list,
        max_length=20,
        description="They can be spent from the next of these days of the year on, MM-DD; 02-29 or else 02-28",
        examples=[["01-01", "07-01"]],
    )
    pending_event: Trigger | None = Field(
        default=None,
        description="They can be spent within a minute after the customer's next event of this kind has come in",
    )
    pending_event_days: Annotated[int, Field(ge=1, le=366)] | None = Field(
        default=None, description="Days for that event to occur in; the points are cancelled without it"
    )

    @model_validator(mode="after")
    def _one_release(self) -> Self:
        if [self.pending_days is None, not self.pending_dates, self.pending_event is None].count(False) > 1:
            raise invalid_input(
                "pending",
                "pending_days、pending_dates 与 pending_event 最多提供一项",
                "one of pending_days, pending_dates and pending_event at most",
            )
        if (self.pending_event is None) != (self.pending_event_days is None):
            raise invalid_input(
                "pending",
                "pending_event 与 pending_event_days 须同时提供",
                "pending_event and pending_event_days go together",
            )
        return self

    @model_validator(mode="after")
    def _complete(self) -> Self:
        proportional = self.kind is EarningKind.PROPORTIONAL
        if (self.per is not None) != proportional or (self.per is not None and self.per <= 0):
            raise invalid_input(
                "per",
                "按比例给积分须提供大于 0 的 per，固定给积分不能提供",
                "proportional points need an amount `per`, fixed points have none",
            )
        if self.expires_on is not None and self.expires_in_days is not None:
            raise invalid_input(
                "expiry", "expires_on 与 expires_in_days 最多提供一项", "one of expires_on and expires_in_days at most"
            )
        return self

    @property
    def ends_unspent(self) -> bool:
        """Tell whether its own words let the points end before they can be spent.

        Terms that are kept may say so: it is asked of drafts, not of what is read.
        """
        return self.expires_in_days is not None and (self.pending_days or 0) > self.expires_in_days


class Case(_Part):
    """What is given where a condition holds; without one it always does."""

    when: Condition | None = None
    gives: list[Gift] = Field(min_length=1, max_length=MOST_GIFTS)
    effects: list[Effect] = Field(
        default_factory=list,
        max_length=MOST_EFFECTS,
        description="What happens beside, once for an event and only with the points; it ends when they are taken back",
    )

    @model_validator(mode="after")
    def _each_wallet_once(self) -> Self:
        if len({gift.wallet for gift in self.gives}) < len(self.gives):
            raise invalid_input("wallets", "同一积分类别不能重复", "each wallet once")
        return self


class Window(_Part):
    """When an event earns, by the time at which it occurred, in Asia/Shanghai. What is not set does not bound."""

    starts_on: date | None = None
    ends_on: date | None = Field(default=None, description="The last day")
    weekdays: list[Annotated[int, Field(ge=1, le=7)]] = Field(
        default_factory=list, max_length=7, description="1 is Monday; all days without any"
    )
    opens: Clock | None = Field(default=None, description="From this minute of the day", examples=["09:00"])
    closes: Clock | None = Field(default=None, description="Until before this minute; may be past midnight")
    blackout: list[date] = Field(default_factory=list, max_length=MOST_DAYS, description="Days that earn nothing")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if (self.opens is None) != (self.closes is None) or (self.opens is not None and self.opens == self.closes):
            raise invalid_input(
                "hours", "opens 与 closes 须同时提供，且不能相同", "opens and closes go together and differ"
            )
        if self.starts_on is not None and self.ends_on is not None and self.ends_on < self.starts_on:
            raise invalid_input("days", "ends_on 不能早于 starts_on", "ends_on must not be before starts_on")
        return self

    @property
    def hours(self) -> tuple[time, time] | None:
        """The minutes of the day between which an event earns."""
        if self.opens is None or self.closes is None:
            return None
        return time.fromisoformat(self.opens), time.fromisoformat(self.closes)


class Cap(_Part):
    """Most points that one customer earns by this rule in a period and wallet, by the day of the event."""

    period: EarningPeriod
    points: Points
    over: Over = Over.CUT


class Frequency(_Part):
    """Most events of one customer that earn by this rule in a period, by the day of the event."""

    period: EarningPeriod
    times: Annotated[int, Field(ge=1, le=MOST_TIMES)]


class Goal(_Part):
    """What a customer has to reach in a period before a rule gives: so many events that meet it, or a sum of them.

    The event that reaches it earns, once in each period; those before it and those after it give nothing.
    """

    period: EarningPeriod = Field(description="By the days of the events")
    times: Annotated[int, Field(ge=2, le=MOST_TIMES)] | None = Field(default=None, description="Events", examples=[5])
    amount: Cny | None = Field(default=None, description="CNY, the sum of their amounts")

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if (self.times is None) == (self.amount is None) or (self.amount is not None and self.amount <= 0):
            raise invalid_input("goal", "times 与大于 0 的 amount 须且只能提供一项", "times, or an amount above 0")
        return self


class Ceiling(_Part):
    """A budget of the rule in a period, by the day of the posting, over all wallets; what would pass it gives nothing.

    Everybody's together, or each customer's.
    """

    period: EarningPeriod
    points: Annotated[int, Field(ge=0, le=10**15)] | None = None
    cost: Cny | None = Field(default=None, description="CNY, by what a point of the wallet costs")
    awards: Annotated[int, Field(ge=0, le=10**12)] | None = Field(default=None, description="Number of earnings")
    per_customer: bool = False

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.points is None and self.cost is None and self.awards is None:
            raise invalid_input("ceiling", "points、cost 与 awards 至少提供一项", "points, cost or awards")
        if self.cost is not None and self.cost < 0:
            raise invalid_input("ceiling", "cost 不能为负", "cost must not be negative")
        return self


class EarningTerms(_Part):
    """What a rule says."""

    name_zh: Annotated[str, OneLine(40)] = Field(description="The reason of the entries", examples=["刷卡消费"])
    name_en: Annotated[str, OneLine(40)] = Field(examples=["Card spending"])
    events: list[Trigger] = Field(min_length=1, max_length=len(EventType), description="What triggers it")
    codes: list[CampaignCode] = Field(
        default_factory=list, max_length=50, description="With the event `code`: which codes, typed by customers, earn"
    )
    tags: list[Code] = Field(
        default_factory=list,
        max_length=50,
        description="With the event `tag_entered`: which tags earn when a customer comes to have them, by the"
        " next night or the one after; whoever loses a tag and comes to have it again enters it again, who becomes one"
        " with a customer who had it does not",
    )
    effective_from: date | None = Field(
        default=None,
        description="These terms are for events from this day on, which may lie in the past; from approval without it",
    )
    when: Condition | None = Field(default=None, description="Must hold for anything to be given")
    window: Window = Field(default_factory=Window)
    cases: list[Case] = Field(min_length=1, max_length=MOST_CASES, description="In order: the first that holds gives")
    caps: list[Cap] = Field(default_factory=list, max_length=MOST_BOUNDS)
    frequency: list[Frequency] = Field(default_factory=list, max_length=MOST_BOUNDS)
    cool_down_hours: Annotated[int, Field(ge=1, le=24 * 366)] | None = Field(
        default=None, description="Hours around an event that earned in which no other of the customer earns"
    )
    goal: Goal | None = Field(default=None, description="Gives once a period, with the event that reaches it")
    budgets: list[Ceiling] = Field(default_factory=list, max_length=MOST_BOUNDS)
    budget_line: Line | None = Field(
        default=None, description="The owner's budget of this line and the year pays, and stops what passes it"
    )

    @model_validator(mode="after")
    def _codes_for_codes(self) -> Self:
        by_code = EventType.CODE in self.events
        if by_code != bool(self.codes) or (by_code and len(self.events) > 1):
            raise invalid_input(
                "codes",
                "codes 须与活动码事件同时提供，且不能有其他事件",
                "codes and the event code go together, without other events",
            )
        return self

    @model_validator(mode="after")
    def _tags_for_tags(self) -> Self:
        by_tag = EventType.TAG_ENTERED in self.events
        if by_tag != bool(self.tags) or (by_tag and len(self.events) > 1):
            raise invalid_input(
                "tags",
                "tags 须与进入客群事件同时提供，且不能有其他事件",
                "tags and their event go together, without other events",
            )
        return self

    @property
    def wallets(self) -> frozenset[str]:
        """All wallets that it can give to."""
        return frozenset(gift.wallet for case in self.cases for gift in case.gives)

    @property
    def is_bounded(self) -> bool:
        """Whether what was given before decides about what is given now."""
        return bool(
            self.caps or self.frequency or self.cool_down_hours or self.goal or self.budgets or self.budget_line
        )

    def effect_at(self, place: int, *, kind: str, subject: str) -> Effect:
        """Return an effect by its place in its case and by what it is about; the first where cases say the same."""
        there = (case.effects[place] for case in self.cases if place < len(case.effects))
        return next(one for one in there if (one.kind, one.subject) == (kind, subject))

    def document(self) -> dict[str, Any]:
        """Write them as they are stored."""
        return self.model_dump(mode="json")

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Read what is stored."""
        return cls.model_validate(document, strict=False)
