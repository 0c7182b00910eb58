"""Who the demo bank's customers are, and what each of its lines says of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random

from guibin.core.lines import Line
from guibin_tools.bank_data import BranchData
from guibin_tools.demo.certificates import business_licence_number, id_card_number, phone_number
from guibin_tools.demo.dice import Urn, chance, pick, span
from guibin_tools.demo.names import company_name, mistyped, person_name
from guibin_tools.demo.organisation import BRANCH_WEIGHTS, BRANCHES, CITY_NAMES
from guibin_tools.demo.wealth import wealths

PREFIX = {
    Line.PERSONAL_FINANCE: "PF",
    Line.AGRI_CREDIT: "AC",
    Line.CREDIT_CARD: "CC",
    Line.CONSUMER_CREDIT: "CR",
    Line.E_FINANCE: "EF",
    Line.SMALL_ENTERPRISE: "SE",
    Line.CORPORATE_INDIVIDUAL: "CI",
}
"""Record, holding and event numbers start with their line's letters."""

ASSET_LINES = (Line.PERSONAL_FINANCE, Line.AGRI_CREDIT, Line.SMALL_ENTERPRISE, Line.CORPORATE_INDIVIDUAL)
"""The lines in which people keep their assets; e-finance keeps them where it is the only one."""

WEALTHY, MIDDLE = 1_000_000, 50_000

_ONE_COMPANY_IN = 25
_OTHER_BRANCH_PERCENT = 6
_LINE_COUNTS = Urn((1, 45), (2, 30), (3, 17), (4, 8))

_POOR_PRIMARY = Urn(
    (Line.PERSONAL_FINANCE, 42), (Line.AGRI_CREDIT, 16), (Line.E_FINANCE, 12), (Line.CREDIT_CARD, 12),
    (Line.CONSUMER_CREDIT, 8), (Line.CORPORATE_INDIVIDUAL, 10),
)  # fmt: skip
_MIDDLE_PRIMARY = Urn(
    (Line.PERSONAL_FINANCE, 62), (Line.AGRI_CREDIT, 10), (Line.CORPORATE_INDIVIDUAL, 18),
    (Line.SMALL_ENTERPRISE, 5), (Line.E_FINANCE, 5),
)  # fmt: skip
_WEALTHY_PRIMARY = Urn((Line.PERSONAL_FINANCE, 90), (Line.SMALL_ENTERPRISE, 10))
_FURTHER = Urn(
    (Line.PERSONAL_FINANCE, 30), (Line.CREDIT_CARD, 30), (Line.E_FINANCE, 24), (Line.CONSUMER_CREDIT, 12),
    (Line.CORPORATE_INDIVIDUAL, 12), (Line.AGRI_CREDIT, 5), (Line.SMALL_ENTERPRISE, 2),
)  # fmt: skip
_OF_COMPANIES = Urn((Line.E_FINANCE, 60), (Line.AGRI_CREDIT, 20))
_MOST_LINES_OF_COMPANIES = 3

_LEAF = {branch.code: branch for branch in BRANCHES if branch.kind == "branch"}
_LEAVES = Urn(*((_LEAF[code], weight) for code, weight in BRANCH_WEIGHTS.items()))
_STREETS = ("示范路", "桂香路", "学林街", "望江路", "听涛巷", "百花街", "长青路", "书院弄")


@dataclass(frozen=True, slots=True)
class Person:
    """A customer as the bank would know it if all lines knew the same; `wealth` is the planned average in CNY."""

    index: int
    company: bool
    name: str
    certificate_no: str
    born: date | None
    male: bool
    branch: BranchData
    wealth: int
    lines: tuple[Line, ...]

    def age_on(self, day: date) -> int:
        """Return the age in full years; a company's is 0."""
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day)) if self.born else 0


def _lines(rng: Random, wealth: int, *, company: bool) -> tuple[Line, ...]:
    count = _LINE_COUNTS.draw(rng)
    if company:
        count = min(count, _MOST_LINES_OF_COMPANIES)
        further, lines = _OF_COMPANIES, [Line.SMALL_ENTERPRISE]
    else:
        primary = _WEALTHY_PRIMARY if wealth >= WEALTHY else _MIDDLE_PRIMARY if wealth >= MIDDLE else _POOR_PRIMARY
        further, lines = _FURTHER, [primary.draw(rng)]
    while len(lines) < count:
        line = further.draw(rng)
        if line not in lines:
            lines.append(line)
    return tuple(lines)


def people(rng: Random, count: int, business_date: date, *, first: int = 0) -> Iterator[Person]:
    """Yield customers, one in 25 a company; all that follows from them follows from `rng` and the `first` of them."""
    for index, wealth in zip(range(first, first + count), wealths(rng), strict=False):
        company, male, branch = index % _ONE_COMPANY_IN == _ONE_COMPANY_IN // 2, chance(rng, 51), _LEAVES.draw(rng)
        lines = _lines(rng, wealth, company=company)
        if company:
            name = company_name(rng, CITY_NAMES[branch.city_code or ""])
            yield Person(index, True, name, business_licence_number(index), None, False, branch, wealth, lines)
            continue
        days = int((18 + 68 * rng.betavariate(2, 2.6)) * 365.25)
        born = date.fromordinal(business_date.toordinal() - days)
        card = id_card_number(index, born, male=male)
        yield Person(index, False, person_name(rng, male=male), card, born, male, branch, wealth, lines)


@dataclass(frozen=True, slots=True)
class Record:
    """What one line says of one customer: its number there, and the row of the parties feed."""

    record_id: str
    line: Line
    opened: date
    row: str


class RecordBook:
    """Writes each line's record of a person, with the faults that real lines have.

    Of the records after a person's first, counted over the whole bank, one in fifty has a typing error in the name
    and no customer number (it stays apart until somebody decides), one in four hundred carries another customer number
    on the same certificate, one in eight has no customer number (name and certificate join it), one in forty has a
    blank inside the name.
    """

    def __init__(self, rng: Random, business_date: date, *, numbered_after: Mapping[Line, int] | None = None) -> None:
        self._rng = rng
        self._today = business_date.toordinal()
        self._numbers = dict.fromkeys(Line, 0) | dict(numbered_after or {})
        self._further = 0

    def records(self, person: Person) -> list[Record]:
        """Make the records of one person, in the order of its lines."""
        return [self._record(person, line, first=position == 0) for position, line in enumerate(person.lines)]

    def _identity(self, person: Person, *, first: bool) -> tuple[str, str]:
        number, name = customer_number(person.index), person.name
        if first:
            return (number if chance(self._rng, 97) else ""), name
        self._further += 1
        if self._is_nth(50, 11):
            return "", mistyped(name)
        if self._is_nth(400, 37):
            return customer_number(person.index, other=True), name
        if self._is_nth(40, 5):
            name = f"{name[0]} {name[1:]}"
        return ("" if self._is_nth(8, 2) else number), name

    def _is_nth(self, every: int, offset: int) -> bool:
        return self._further % every == offset

    def _record(self, person: Person, line: Line, *, first: bool) -> Record:
        rng = self._rng
        self._numbers[line] += 1
        record_id = record_number(line, self._numbers[line])
        customer_no, name = self._identity(person, first=first)
        oldest = min(7300, self._today - person.born.toordinal() - 5800) if person.born else 4000
        opened = date.fromordinal(self._today - 30 - int(oldest * rng.random()))
        branch = person.branch if first or not chance(rng, _OTHER_BRANCH_PERCENT) else _LEAVES.draw(rng)
        status = "dormant" if chance(rng, 2) else "active"
        row = ",".join((
            record_id, customer_no, "company" if person.company else "person", name,
            "business_licence" if person.company else "id_card", person.certificate_no, phone_number(person.index + 1),
            person.born.isoformat() if person.born else "",
            "U" if person.company else "M" if person.male else "F",
            _address(rng, branch), branch.city_code or "", branch.code,
            company_name(rng, "") if line is Line.CORPORATE_INDIVIDUAL else "",
            opened.isoformat(), status,
        ))  # fmt: skip
        return Record(record_id, line, opened, row + "\n")


def record_number(line: Line, number: int) -> str:
    """Write the number of a line's record."""
    return f"{PREFIX[line]}{number:08d}"


def _address(rng: Random, branch: BranchData) -> str:
    return f"{CITY_NAMES[branch.city_code or '']}市{pick(rng, _STREETS)}{int(span(rng, 1, 300))}号"


def customer_number(index: int, *, other: bool = False) -> str:
    """Make the bank's number of customer `index`: 10 digits, distinct; `other` gives one that nobody has."""
    return f"{'69' if other else '60'}{(index + 1) * 48_271 % 100_000_000:08d}"
