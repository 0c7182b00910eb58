"""Whether a customer may be reached: one decision over plain values, for campaigns, managers and machines alike."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from guibin.core.zone import BUSINESS_ZONE, business_day, start_of_day
from guibin.privacy.models import ConsentChannel

MOST_CAP: Final = 1_000
_DAYS_LOOKED_AT: Final = 30
_MONTHS: Final = 12
_OF_A_QUARTER: Final = 3


class Channel(StrEnum):
    """By which way a customer is reached."""

    SMS = "sms"
    PHONE = "phone"
    WECHAT = "wechat"
    WECOM = "wecom"
    APP = "app"
    IN_PERSON = "in_person"

    @property
    def counted_as(self) -> "Channel":
        """Under which channel's cap it counts: to the customer, WeCom is WeChat."""
        return Channel.WECHAT if self is Channel.WECOM else self

    @property
    def is_voice(self) -> bool:
        """Whether a person speaks to the customer, who cannot leave it unread."""
        return self in {Channel.PHONE, Channel.IN_PERSON}


class ContactPurpose(StrEnum):
    """What a contact is for.

    `security`: a one-time password, or word of what was done to a log-in. `service`: about what the customer has,
    ordered or asked. `care`: a greeting, a review, a visit that sells nothing. `selling`: an offer.
    """

    SECURITY = "security"
    SERVICE = "service"
    CARE = "care"
    SELLING = "selling"


class Sender(StrEnum):
    """Who reaches out. All are held to the same policy."""

    MANAGER = "manager"
    CAMPAIGN = "campaign"
    AUTOMATIC = "automatic"


class Reason(StrEnum):
    """Why a customer may not be reached now. `restricted` never says by what."""

    RESTRICTED = "restricted"
    NO_CONSENT = "no_consent"
    NO_CALLS = "no_calls"
    QUIET_HOURS = "quiet_hours"
    CUSTOMERS_QUIET_HOURS = "customers_quiet_hours"
    CHANNEL_CAP = "channel_cap"
    TOTAL_CAP = "total_cap"
    PRODUCT_CAP = "product_cap"


CONSENTED_AS: Final[Mapping[Channel, ConsentChannel]] = {
    Channel.SMS: ConsentChannel.SMS,
    Channel.PHONE: ConsentChannel.PHONE,
    Channel.WECHAT: ConsentChannel.WECHAT,
    Channel.WECOM: ConsentChannel.WECHAT,
    Channel.APP: ConsentChannel.APP,
}
"""Whose consent an offer needs. Two people who meet need none."""

OF_TIME: Final = frozenset(
    {
        Reason.QUIET_HOURS,
        Reason.CUSTOMERS_QUIET_HOURS,
        Reason.CHANNEL_CAP,
        Reason.TOTAL_CAP,
        Reason.PRODUCT_CAP,
    }
)
"""Reasons that pass by themselves; the others end by somebody's word."""

WallTime = Annotated[time, Field(description="Time of day in Asia/Shanghai")]


class Quiet(BaseModel):
    """The part of a day in which nobody is disturbed, over midnight where `start` is the later; equal: none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: WallTime
    end: WallTime

    def holds(self, at: time) -> bool:
        """Tell whether a time of day is quiet."""
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


class Terms(BaseModel):
    """The policy of a version; a month and a quarter are those of the calendar in Asia/Shanghai.

    `caps`: offers to a customer in a month by channel, where a bank caps one; `cap_in_all` over all channels.
    `product_pushes`: offers of one product or right in a quarter. `held_minutes`: how long a place that was taken
    waits for the sending.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quiet: Quiet = Quiet(start=time(20), end=time(9))
    holiday_quiet: Quiet = Quiet(start=time(20), end=time(10))
    caps: Mapping[Channel, Annotated[int, Field(ge=0, le=MOST_CAP)]] = {
        Channel.WECHAT: 4,
        Channel.SMS: 2,
        Channel.PHONE: 2,
    }
    cap_in_all: Annotated[int, Field(ge=0, le=MOST_CAP)] = 6
    product_pushes: Annotated[int, Field(ge=0, le=MOST_CAP)] = 2
    held_minutes: Annotated[int, Field(ge=1, le=1_440)] = 30


DEFAULT_TERMS: Final = Terms()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be told, whoever is to hear it. `subject` names the product or right that is offered."""

    channel: Channel
    purpose: ContactPurpose
    sender: Sender
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """How a customer stands at the moment asked about.

    `gone`: deceased, erased or part of another customer. `extra`: offers beyond the caps that a second person allowed.
    Counts are of offers that went out or hold a place: by the plan's channel and over all in the month, of the plan's
    subject in the quarter.
    """

    gone: bool = False
    blocks_message: bool = False
    blocks_call: bool = False
    blocks_service: bool = False
    consented: bool = False
    no_calls: bool = False
    quiet: Quiet | None = None
    on_channel: int = 0
    in_all: int = 0
    of_subject: int = 0
    extra: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """The month and the quarter in which a moment lies: first instants, and the first after them."""

    month: datetime
    month_end: datetime
    quarter: datetime
    quarter_end: datetime

    @classmethod
    def of(cls, at: datetime) -> Self:
        """Return those of an instant."""
        day = business_day(at)
        first = (day.month - 1) // _OF_A_QUARTER * _OF_A_QUARTER
        return cls(
            start_of_day(day.replace(day=1)),
            start_of_day(_first_of(day.year, day.month)),
            start_of_day(date(day.year, first + 1, 1)),
            start_of_day(_first_of(day.year, first + _OF_A_QUARTER)),
        )


def _first_of(year: int, months: int) -> date:
    """Return the first day after so many months of a year."""
    return date(year + months // _MONTHS, months % _MONTHS + 1, 1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a customer may be reached; all reasons why not.

    `possible_at`: the first moment at which it becomes possible if nothing but time passes; None while it is possible,
    and where a restriction, a missing consent or the customer's wish is in the way.
    """

    reasons: tuple[Reason, ...] = ()
    possible_at: datetime | None = field(default=None)

    @property
    def allowed(self) -> bool:
        """Whether nothing is in the way."""
        return not self.reasons


YES: Final = Verdict()


def decide(
    plan: Plan, facts: Facts, *, at: datetime, terms: Terms = DEFAULT_TERMS, holidays: Collection[date] = frozenset()
) -> Verdict:
    """Decide whether a plan may reach a customer at a moment; `holidays` are days off of the next weeks.

    Security messages pass always: who loses a log-in must hear of it.
    """
    if plan.purpose is ContactPurpose.SECURITY:
        return YES
    reasons = (*_lasting(plan, facts), *_quiet(plan, facts, at, terms, holidays), *_caps(plan, facts, terms))
    if not reasons:
        return YES
    if not OF_TIME.issuperset(reasons):
        return Verdict(reasons)
    return Verdict(reasons, _possible_at(plan, facts, reasons, at=at, terms=terms, holidays=holidays))


def _lasting(plan: Plan, facts: Facts) -> Iterator[Reason]:
    """Yield what does not pass by itself."""
    if facts.gone or facts.blocks_service or _is_blocked(plan, facts):
        yield Reason.RESTRICTED
    if plan.purpose is ContactPurpose.SELLING and plan.channel in CONSENTED_AS and not facts.consented:
        yield Reason.NO_CONSENT
    if plan.purpose is not ContactPurpose.SERVICE and plan.channel is Channel.PHONE and facts.no_calls:
        yield Reason.NO_CALLS


def _is_blocked(plan: Plan, facts: Facts) -> bool:
    """Tell whether a restriction is in the way: an offer is made only to whom one may both write and call."""
    if plan.purpose is ContactPurpose.SELLING:
        return facts.blocks_message or facts.blocks_call
    if plan.purpose is ContactPurpose.CARE:
        return facts.blocks_call if plan.channel.is_voice else facts.blocks_message
    return False


def _keeps_hours(plan: Plan) -> bool:
    """Tell whether a plan keeps quiet hours: all but a message about what the customer has or ordered."""
    return plan.purpose is not ContactPurpose.SERVICE or plan.channel.is_voice


def _quiet(plan: Plan, facts: Facts, at: datetime, terms: Terms, holidays: Collection[date]) -> Iterator[Reason]:
    if not _keeps_hours(plan):
        return
    local = at.astimezone(BUSINESS_ZONE)
    if _hours_of(local.date(), terms, holidays).holds(local.time()):
        yield Reason.QUIET_HOURS
    if facts.quiet is not None and facts.quiet.holds(local.time()):
        yield Reason.CUSTOMERS_QUIET_HOURS


def _hours_of(day: date, terms: Terms, holidays: Collection[date]) -> Quiet:
    return terms.holiday_quiet if day in holidays else terms.quiet


def _caps(plan: Plan, facts: Facts, terms: Terms) -> Iterator[Reason]:
    if plan.purpose is not ContactPurpose.SELLING:
        return
    cap = terms.caps.get(plan.channel.counted_as)
    if cap is not None and facts.on_channel >= cap + facts.extra:
        yield Reason.CHANNEL_CAP
    if facts.in_all >= terms.cap_in_all + facts.extra:
        yield Reason.TOTAL_CAP
    if plan.subject is not None and facts.of_subject >= terms.product_pushes:
        yield Reason.PRODUCT_CAP


def _possible_at(
    plan: Plan,
    facts: Facts,
    reasons: Collection[Reason],
    *,
    at: datetime,
    terms: Terms,
    holidays: Collection[date],
) -> datetime | None:
    """Return the first moment beyond the caps that is not quiet; None where no hour of the next weeks is free.

    A cap of nought never becomes free.
    """
    span, caps = Span.of(at), {**terms.caps}
    month = Reason.TOTAL_CAP in reasons or Reason.CHANNEL_CAP in reasons
    never = (
        (Reason.TOTAL_CAP in reasons and terms.cap_in_all == 0)
        or (Reason.CHANNEL_CAP in reasons and caps.get(plan.channel.counted_as) == 0)
        or (Reason.PRODUCT_CAP in reasons and terms.product_pushes == 0)
    )
    if never:
        return None
    earliest = max(
        at,
        span.month_end if month else at,
        span.quarter_end if Reason.PRODUCT_CAP in reasons else at,
    )
    return _after_quiet(plan, facts, earliest, terms, holidays)


def _after_quiet(plan: Plan, facts: Facts, at: datetime, terms: Terms, holidays: Collection[date]) -> datetime | None:
    for candidate in _candidates(at, facts, terms, holidays):
        if not any(_quiet(plan, facts, candidate, terms, holidays)):
            return candidate
    return None


def _candidates(at: datetime, facts: Facts, terms: Terms, holidays: Collection[date]) -> Iterator[datetime]:
    """Yield an instant and all after it at which quiet hours may end, in their order."""
    yield at
    first = business_day(at)
    for offset in range(_DAYS_LOOKED_AT):
        day = first + timedelta(days=offset)
        ends = {_hours_of(day, terms, holidays).end, *([facts.quiet.end] if facts.quiet else []), time(0)}
        for end in sorted(ends):
            instant = datetime.combine(day, end, BUSINESS_ZONE)
            if instant > at:
                yield instant.astimezone(at.tzinfo)


def calendar_range(at: datetime) -> tuple[date, date]:
    """Return the days whose holidays a decision at a moment may look at: to the end of its quarter, and a month."""
    return business_day(at), business_day(Span.of(at).quarter_end) + timedelta(days=_DAYS_LOOKED_AT)
