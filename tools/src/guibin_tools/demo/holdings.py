"""What the demo bank's customers hold: products by line and wealth, and how the planned wealth is spread over them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random

from guibin.core.lines import Line
from guibin_tools.demo.dice import Urn, chance, pick, span
from guibin_tools.demo.people import ASSET_LINES, MIDDLE, PREFIX, WEALTHY, Person, Record
from guibin_tools.demo.products import PRODUCTS

CURRENT, MARKET, FIXED, CARD, LOAN, EMPTY = "current", "market", "fixed", "card", "loan", "empty"
"""How a balance moves: like an account, with prices, not at all, spent and paid, repaid monthly, always nothing."""

PLATINUM, VERY_WEALTHY = 200_000, 6_000_000


@dataclass(frozen=True, slots=True)
class Choice:
    """A product that people of a line choose, how its balance moves, its yearly rate, its term in days."""

    code: str
    movement: str
    rate: str = ""
    longest_term: int = 0


_BASE = {
    Line.PERSONAL_FINANCE: Choice("PF101", CURRENT, "0.001000"),
    Line.AGRI_CREDIT: Choice("AC101", CURRENT, "0.001000"),
    Line.SMALL_ENTERPRISE: Choice("SE101", CURRENT, "0.001000"),
    Line.CORPORATE_INDIVIDUAL: Choice("CI101", CURRENT, "0.001000"),
    Line.E_FINANCE: Choice("EF301", MARKET),
}
"""The holding that everyone with assets in the line has."""

_PF_MODEST = Urn(
    (Choice("PF102", FIXED, "0.014500", 720), 34),
    (Choice("PF201", MARKET, "", 360), 22),
    (Choice("PF401", MARKET), 20),
    (Choice("PF601", MARKET), 8),
    (Choice("PF701", FIXED, "0.018000", 1080), 16),
)
_PF_AFFLUENT = Urn(
    (Choice("PF102", FIXED, "0.015500", 720), 18),
    (Choice("PF103", FIXED, "0.019000", 1080), 16),
    (Choice("PF201", MARKET, "", 360), 16),
    (Choice("PF202", MARKET, "", 360), 12),
    (Choice("PF203", MARKET, "", 180), 14),
    (Choice("PF301", FIXED, "0.020000", 180), 8),
    (Choice("PF402", MARKET), 10),
    (Choice("PF501", FIXED, "0.022000", 3600), 8),
)
_PF_PRIVATE = Urn(
    (Choice("PF103", FIXED, "0.020000", 1080), 20),
    (Choice("PF202", MARKET, "", 360), 18),
    (Choice("PF203", MARKET, "", 180), 22),
    (Choice("PF402", MARKET), 12),
    (Choice("PF501", FIXED, "0.022000", 3600), 10),
    (Choice("PF801", FIXED, "", 3600), 18),
)
_FURTHER = {
    Line.AGRI_CREDIT: Urn((Choice("AC102", FIXED, "0.015000", 720), 70), (Choice("AC103", FIXED, "", 3600), 30)),
    Line.SMALL_ENTERPRISE: Urn((Choice("SE102", FIXED, "0.014000", 360), 60), (Choice("SE103", CURRENT), 40)),
    Line.CORPORATE_INDIVIDUAL: Urn((Choice("CI102", MARKET, "", 360), 100)),
    Line.E_FINANCE: Urn((Choice("EF102", CURRENT), 100)),
}
_CUSTODY = Choice("PF901", MARKET)
_MOBILE_BANKING = Choice("EF101", EMPTY)
_WALLET = Choice("EF102", CURRENT)
_TRADER = Choice("EF201", CURRENT)
_CARDS = (Choice("CC101", CARD, "0.182500"), Choice("CC102", CARD, "0.182500"), Choice("CC103", CARD, "0.146000"))
_LOANS = {
    Line.AGRI_CREDIT: (Choice("AC201", LOAN, "0.045000", 1080), Choice("AC202", LOAN, "0.042000", 1800)),
    Line.CONSUMER_CREDIT: (Choice("CR101", LOAN, "0.048000", 1080), Choice("CR102", LOAN, "0.052000", 1800)),
    Line.SMALL_ENTERPRISE: (Choice("SE201", LOAN, "0.041000", 1080), Choice("SE202", LOAN, "0.046000", 720)),
}
_LOAN_PERCENT = {Line.AGRI_CREDIT: 55, Line.CONSUMER_CREDIT: 100, Line.SMALL_ENTERPRISE: 35}
_SIDE = {product.code: product.side for product in PRODUCTS}


@dataclass(frozen=True, slots=True)
class Holding:
    """A holding with the amount in CNY around which its balance moves (for a loan: what is owed today)."""

    holding_id: str
    line: Line
    movement: str
    amount: float
    opened: int
    closed: int | None
    row: str


def holding_number(line: Line, number: int) -> str:
    """Write the number of a line's holding."""
    return f"{PREFIX[line]}H{number:08d}"


def _extra_assets(rng: Random, wealth: int) -> int:
    if wealth >= WEALTHY:
        return 2 + int(span(rng, 0, 3))
    if wealth >= PLATINUM:
        return 1 + int(span(rng, 0, 2))
    return int(wealth >= MIDDLE and chance(rng, 55))


def _asset_choices(rng: Random, person: Person) -> list[tuple[Line, Choice]]:
    """Choose the holdings that share a person's wealth; none for those who only borrow."""
    lines = [line for line in person.lines if line in ASSET_LINES]
    if not lines and Line.E_FINANCE in person.lines:
        lines = [Line.E_FINANCE]
    chosen = [(line, _BASE[line]) for line in lines]
    for _ in range(_extra_assets(rng, person.wealth) if lines else 0):
        line = Line.PERSONAL_FINANCE if Line.PERSONAL_FINANCE in lines and chance(rng, 80) else pick(rng, lines)
        urn = _FURTHER.get(line) or (
            _PF_PRIVATE if person.wealth >= VERY_WEALTHY else _PF_AFFLUENT if person.wealth >= PLATINUM else _PF_MODEST
        )
        chosen.append((line, urn.draw(rng)))
    return chosen


def _side_choices(rng: Random, person: Person) -> Iterator[tuple[Line, Choice, float]]:
    """Choose what is held beside the planned wealth: cards, loans, channels, custody; with their amounts."""
    wealth, standing = person.wealth, person.wealth**0.5
    for line in person.lines:
        if line is Line.CREDIT_CARD:
            card = _CARDS[(wealth >= PLATINUM) + (wealth >= VERY_WEALTHY)]
            yield line, card, span(rng, 300, 4_000) + standing * span(rng, 2, 8)
        elif line is Line.E_FINANCE:
            yield line, _MOBILE_BANKING, 0
            if chance(rng, 20):
                yield line, _WALLET, span(rng, 20, 600)
            if person.company or chance(rng, 6):
                yield line, _TRADER, span(rng, 200, 3_000)
        if line in _LOANS and chance(rng, _LOAN_PERCENT[line]):
            yield line, pick(rng, _LOANS[line]), span(rng, 8_000, 90_000) + standing * span(rng, 50, 300)
    if wealth >= VERY_WEALTHY and Line.PERSONAL_FINANCE in person.lines and chance(rng, 40):
        yield Line.PERSONAL_FINANCE, _CUSTODY, wealth * span(rng, 0.2, 0.8)


class HoldingBook:
    """Makes the holdings of the records of one person after another.

    One further fixed holding in forty has matured and is closed; one base account in a hundred of personal finance is
    joint with the record before it.
    """

    def __init__(self, rng: Random, business_date: date, *, numbered_after: Mapping[Line, int] | None = None) -> None:
        self._rng = rng
        self._today = business_date.toordinal()
        self._numbers = dict.fromkeys(Line, 0) | dict(numbered_after or {})
        self._previous = ""

    def holdings(self, person: Person, records: list[Record]) -> list[Holding]:
        """Make all holdings of a person; assets without `custody` add up to the planned wealth."""
        rng, by_line = self._rng, {record.line: record for record in records}
        chosen = _asset_choices(rng, person)
        shares = [span(rng, 0.4, 1.0) if choice is _BASE[line] else span(rng, 0.8, 2.4) for line, choice in chosen]
        unit = person.wealth / (sum(shares) or 1)
        made = [
            self._make(by_line[line], choice, share * unit, base=choice is _BASE[line])
            for (line, choice), share in zip(chosen, shares, strict=True)
        ]
        made += [self._make(by_line[line], choice, amount) for line, choice, amount in _side_choices(rng, person)]
        if Line.PERSONAL_FINANCE in by_line:
            self._previous = by_line[Line.PERSONAL_FINANCE].record_id
        return made

    def _make(self, record: Record, choice: Choice, amount: float, *, base: bool = False) -> Holding:
        rng, line = self._rng, record.line
        self._numbers[line] += 1
        holding_id = holding_number(line, self._numbers[line])
        opened = record.opened.toordinal()
        if not base:
            longest = min(choice.longest_term or 3_000, 3_000)
            opened = max(opened, self._today - 20 - int(span(rng, 0, min(900, longest - 21))))
        matures = self._today + 1 + int(span(rng, 0, min(700, choice.longest_term))) if choice.longest_term else None
        closed = None
        if choice.movement is FIXED and chance(rng, 2.5):
            closed = matures = self._today - int(span(rng, 1, 18))
        limit = f"{(int(amount) // 5_000 + 2) * 10_000}.00" if choice.movement is CARD else ""
        joint = self._previous if base and line is Line.PERSONAL_FINANCE and chance(rng, 1) else ""
        row = ",".join((
            record.record_id, holding_id, choice.code, _SIDE[choice.code], "CNY", date.fromordinal(opened).isoformat(),
            date.fromordinal(closed).isoformat() if closed else "",
            date.fromordinal(matures).isoformat() if matures else "",
            limit, choice.rate, joint, "closed" if closed else "active",
        ))  # fmt: skip
        return Holding(holding_id, line, choice.movement, amount, opened, closed, row + "\n")
