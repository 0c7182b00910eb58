"""What happened with the demo bank's customers in the last eighty days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

from guibin.core.lines import Line
from guibin_tools.demo.dice import chance, pick, span
from guibin_tools.demo.people import MIDDLE, PREFIX, Person

EVENT_DAYS = 80
RETIRED = 60

_SHOPS = ("supermarket", "dining", "apparel", "electronics", "travel", "fuel", "medical", "education", "entertainment")
_BILLS = ("utilities", "telecom", "property", "education", "medical")
_CARD_CHANNELS = ("pos", "pos", "online", "mini_program")
_PAY_CHANNELS = ("mobile_app", "mobile_app", "mini_program", "counter")


@dataclass(frozen=True, slots=True)
class Happening:
    """An event before it has a day: its amount in CNY (None without one) and the words that go with it."""

    event_type: str
    amount: float | None
    merchant_category: str = ""
    channel: str = ""
    inflow_class: str = ""


def _times(rng: Random, low: int, high: int) -> range:
    return range(int(span(rng, low, high + 1)))


def _income(rng: Random, person: Person, age: int) -> Iterator[Happening]:
    """Two months of salary, or of pension for those who have retired."""
    monthly = span(rng, 3_500, 9_000) + person.wealth**0.5 * span(rng, 4, 14)
    for _ in range(2):
        if age >= RETIRED:
            yield Happening("pension", monthly * 0.6, inflow_class="pension")
        else:
            yield Happening("salary", monthly, inflow_class="payroll")


def _personal_finance(rng: Random, person: Person, age: int) -> Iterator[Happening]:
    standing = person.wealth**0.5
    if Line.CORPORATE_INDIVIDUAL not in person.lines and chance(rng, 75):
        yield from _income(rng, person, age)
    for _ in _times(rng, 1, 3):
        yield Happening("payment", span(rng, 60, 500) + standing * span(rng, 0.2, 1.2), pick(rng, _BILLS), "mobile_app")
    yield Happening("login", None, channel="mobile_app")
    if person.wealth >= MIDDLE and chance(rng, 50):
        yield Happening("transfer_in", person.wealth * span(rng, 0.01, 0.08), "", "mobile_app", "own_transfer")
    if person.wealth >= MIDDLE and chance(rng, 20):
        yield Happening("deposit", person.wealth * span(rng, 0.02, 0.1), "", "counter", "maturity_rollover")
    if person.wealth >= MIDDLE and chance(rng, 30):
        kind = "fund_redemption" if chance(rng, 30) else "fund_purchase"
        yield Happening(kind, person.wealth * span(rng, 0.01, 0.05), "", "mobile_app")
    if person.wealth >= MIDDLE and chance(rng, 15):
        yield Happening("insurance_premium", standing * span(rng, 4, 20), "", "counter")
    if chance(rng, 25):
        yield Happening("withdrawal", span(rng, 1, 20) * 100, "", "atm")
    if chance(rng, 20):
        yield Happening("transfer_out", span(rng, 100, 1_000) + standing * span(rng, 1, 6), "", "mobile_app")
    if chance(rng, 3):
        yield Happening("referral", None, channel="mini_program")


def _credit_card(rng: Random, person: Person, _age: int) -> Iterator[Happening]:
    for _ in _times(rng, 3, 8):
        amount = span(rng, 40, 400) + person.wealth**0.5 * span(rng, 0.2, 1.6)
        yield Happening("card_spend", amount, pick(rng, _SHOPS), pick(rng, _CARD_CHANNELS))


def _e_finance(rng: Random, person: Person, _age: int) -> Iterator[Happening]:
    for _ in _times(rng, 1, 2):
        yield Happening("login", None, channel="mobile_app")
    for _ in _times(rng, 1, 3):
        amount = span(rng, 20, 300) + person.wealth**0.5 * span(rng, 0.1, 0.5)
        yield Happening("payment", amount, pick(rng, _SHOPS), pick(rng, _PAY_CHANNELS))
    if person.company:
        yield Happening("transfer_in", span(rng, 2_000, 30_000), "", "pos", "merchant_acquiring")


def _consumer_credit(rng: Random, _person: Person, _age: int) -> Iterator[Happening]:
    for _ in range(2):
        yield Happening("loan_repayment", span(rng, 600, 4_000), "", "mobile_app")


def _agri_credit(rng: Random, person: Person, _age: int) -> Iterator[Happening]:
    if chance(rng, 50):
        yield Happening("loan_repayment", span(rng, 500, 3_000), "", "counter")
    if chance(rng, 15):
        yield Happening("loan_drawdown", span(rng, 5_000, 50_000), "", "counter", "loan_drawdown")
    yield Happening("deposit", span(rng, 500, 3_000) + person.wealth * 0.01, "", "counter", "other")
    yield Happening("payment", span(rng, 100, 900), "farm_supplies", pick(rng, _PAY_CHANNELS))


def _small_enterprise(rng: Random, person: Person, _age: int) -> Iterator[Happening]:
    standing = person.wealth**0.5
    for _ in _times(rng, 1, 3):
        yield Happening("transfer_in", standing * span(rng, 10, 80), "", "pos", "merchant_acquiring")
    for _ in _times(rng, 1, 2):
        yield Happening("payment", span(rng, 200, 1_500) + standing * span(rng, 0.5, 2), "wholesale", "online")


def _corporate_individual(rng: Random, person: Person, _age: int) -> Iterator[Happening]:
    yield from _income(rng, person, 0)
    if chance(rng, 40):
        yield Happening("deposit", span(rng, 300, 1_500), "", "counter", "collection_payment")
    yield Happening("payment", span(rng, 60, 600), pick(rng, _BILLS), "mobile_app")


_STORIES = {
    Line.PERSONAL_FINANCE: _personal_finance,
    Line.CREDIT_CARD: _credit_card,
    Line.E_FINANCE: _e_finance,
    Line.CONSUMER_CREDIT: _consumer_credit,
    Line.AGRI_CREDIT: _agri_credit,
    Line.SMALL_ENTERPRISE: _small_enterprise,
    Line.CORPORATE_INDIVIDUAL: _corporate_individual,
}


class EventBook:
    """Writes the event rows of one record after another, references counted per line."""

    def __init__(self, rng: Random, business_date: date, *, days: int = EVENT_DAYS, numbered_after: int = 0) -> None:
        """Write those of the last `days` days only; the others happen too, so that the rest of the bank is the same."""
        self._rng = rng
        self._business_date = business_date
        self._written = days
        today = business_date.toordinal()
        self.first_day = date.fromordinal(today - days)
        self._days = [date.fromordinal(today - back).isoformat() for back in range(EVENT_DAYS + 1)]
        self._numbers = dict.fromkeys(Line, numbered_after)

    def write(self, person: Person, line: Line, record_id: str, rows: list[str]) -> None:
        """Append what happened with one record of a line."""
        rng, age = self._rng, person.age_on(self._business_date)
        for happening in _STORIES[line](rng, person, age):
            self._numbers[line] += 1
            amount = "" if happening.amount is None else f"{happening.amount:.2f}"
            minute, back = int(rng.random() * 1_440), int(rng.random() * len(self._days))
            if back > self._written:
                continue
            rows.append(
                f"{PREFIX[line]}E{self._numbers[line]:09d},{record_id},{happening.event_type},"
                f"{self._days[back]}T{minute // 60:02d}:{minute % 60:02d}:00+08:00,"
                f"{amount},{happening.merchant_category},{happening.channel},{happening.inflow_class}\n"
            )
