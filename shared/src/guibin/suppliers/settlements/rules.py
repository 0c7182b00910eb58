"""The arithmetic of a month with a supplier, and how two statements of it are laid side by side."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

ONE_PERCENT: Final = 100
"""Basis points in one percent."""

WHOLE: Final = 100 * ONE_PERCENT


class LineKind(StrEnum):
    """Why a line is there: supplied, counted in an earlier month and given back, a code that nobody used, a dispute."""

    SUPPLY = "supply"
    CORRECTION = "correction"
    UNUSED = "unused"
    DISPUTE = "dispute"


class Finding(StrEnum):
    """What the two sides say of the same thing."""

    EQUAL = "equal"
    ONLY_OURS = "only_ours"
    ONLY_THEIRS = "only_theirs"
    PRICE_DIFFERS = "price_differs"
    QUANTITY_DIFFERS = "quantity_differs"
    BOTH_DIFFER = "both_differ"
    DOUBLED = "doubled"
    UNREADABLE = "unreadable"


class DisputeState(StrEnum):
    """Whose figure counts: open, or one side's."""

    OPEN = "open"
    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Key:
    """What both sides call the same: the redemption, and the code of the right."""

    reference: str
    right_code: str


@dataclass(frozen=True, slots=True)
class Figures:
    """A quantity at a price of so many fen, tax included."""

    quantity: int
    price_fen: int

    @property
    def amount_fen(self) -> int:
        """What it comes to."""
        return self.quantity * self.price_fen


@dataclass(frozen=True, slots=True)
class Line:
    """A line of one side: its number there, what it is about, its figures (None where they could not be read)."""

    number: int
    key: Key
    figures: Figures | None


@dataclass(frozen=True, slots=True)
class Match:
    """Two lines side by side, or one with nothing beside it."""

    finding: Finding
    ours: Line | None
    theirs: Line | None


def match_lines(ours: Iterable[Line], theirs: Iterable[Line]) -> list[Match]:
    """Lay two statements side by side; each line of both stands in exactly one match.

    Of the lines about the same thing those with the same figures come together first, then the rest in their order.
    What theirs has beyond that is `doubled` where they name the thing more often than we do, `only_theirs` where we do
    not know it.
    """
    by_key: dict[Key, tuple[list[Line], list[Line]]] = defaultdict(lambda: ([], []))
    found: list[Match] = []
    for line in ours:
        by_key[line.key][0].append(line)
    for line in theirs:
        if line.figures is None:
            found.append(Match(Finding.UNREADABLE, None, line))
        else:
            by_key[line.key][1].append(line)
    for mine, other in by_key.values():
        found += _side_by_side(mine, other)
    return found


def _side_by_side(ours: Sequence[Line], theirs: Sequence[Line]) -> Iterator[Match]:
    left = list(theirs)
    unlike: list[Line] = []
    for line in ours:
        same = next((one for one in left if one.figures == line.figures), None)
        if same is None:
            unlike.append(line)
            continue
        left.remove(same)
        yield Match(Finding.EQUAL, line, same)
    pairs = min(len(unlike), len(left))
    for line, other in zip(unlike[:pairs], left[:pairs], strict=True):
        yield Match(_difference(line.figures, other.figures), line, other)
    for line in unlike[pairs:]:
        yield Match(Finding.ONLY_OURS, line, None)
    for place, other in enumerate(left[pairs:]):
        known = bool(ours) or place > 0
        yield Match(Finding.DOUBLED if known else Finding.ONLY_THEIRS, None, other)


def _difference(ours: Figures | None, theirs: Figures | None) -> Finding:
    if ours is None or theirs is None:
        raise ValueError("lines that were not read are not compared")
    if ours.quantity == theirs.quantity:
        return Finding.PRICE_DIFFERS
    return Finding.QUANTITY_DIFFERS if ours.price_fen == theirs.price_fen else Finding.BOTH_DIFFER


@dataclass(frozen=True, slots=True)
class TaxLine:
    """All of one rate: what it comes to with tax, the tax in it, and the rest. `gross = net + tax` to the fen."""

    rate_bp: int
    gross_fen: int
    tax_fen: int

    @property
    def net_fen(self) -> int:
        """What it comes to without tax."""
        return self.gross_fen - self.tax_fen


def tax_in(gross_fen: int, rate_bp: int) -> int:
    """Return the tax in an amount that includes it, rounded half up (away from zero) to the fen.

    `rate_bp` is in basis points: 600 is 6 %.
    """
    sign = -1 if gross_fen < 0 else 1
    divisor = WHOLE + rate_bp
    return sign * ((2 * abs(gross_fen) * rate_bp + divisor) // (2 * divisor))


def tax_lines(amounts: Iterable[tuple[int, int]]) -> list[TaxLine]:
    """Sum amounts, each with its rate, by rate: tax is reckoned once on the sum, as an invoice has it."""
    sums: dict[int, int] = defaultdict(int)
    for rate_bp, amount_fen in amounts:
        sums[rate_bp] += amount_fen
    return [TaxLine(rate, gross, tax_in(gross, rate)) for rate, gross in sorted(sums.items())]


@dataclass(frozen=True, slots=True)
class PriceSpan:
    """What one unit costs from a day on until before another; None has no end. Tax is included."""

    first_day: date
    until: date | None


class SpanFault(StrEnum):
    """What keeps a price from following the others of the same supplier and right."""

    OVERLAP = "overlap"
    GAP = "gap"


def span_fault(spans: Sequence[PriceSpan], new: PriceSpan) -> SpanFault | None:
    """Return why a price cannot follow others; None when it begins where the last one ends, or ends it.

    A last price without an end ends where the new one begins: so the days of a contract have one price each.
    """
    if not spans:
        return None
    last = max(spans, key=lambda span: span.first_day)
    if new.first_day <= last.first_day or (last.until is not None and new.first_day < last.until):
        return SpanFault.OVERLAP
    return SpanFault.GAP if last.until is not None and last.until < new.first_day else None


def month_after(month: date) -> date:
    """Return the first day of the month after one, given by any of its days."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def months_before(month: date, count: int) -> date:
    """Return the first day of the month so many months before one, given by its first day."""
    years, place = divmod(month.year * 12 + month.month - 1 - count, 12)
    return month.replace(year=years, month=place + 1)


def settled(ours: Figures | None, theirs: Figures | None, state: DisputeState) -> int:
    """Return by how much a dispute changes what is paid, in fen; our figures stand in the statement already."""
    if state is not DisputeState.THEIRS:
        return 0
    return (theirs.amount_fen if theirs else 0) - (ours.amount_fen if ours else 0)


def drawn_down(prepaid_fen: int, gross_fen: int) -> int:
    """Return how much of a prepayment pays a statement: never more than either, nothing of one that is owed to us."""
    return max(0, min(prepaid_fen, gross_fen))


def count_by_finding(matches: Iterable[Match]) -> Mapping[Finding, int]:
    """Count matches by what was found; every finding is in it."""
    counts = dict.fromkeys(Finding, 0)
    for match in matches:
        counts[match.finding] += 1
    return counts
