"""Records of two sources of which it is known who is one person: made up with faults, or read from the FEBRL files."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

from guibin_tools.demo.certificates import id_card_number, phone_number
from guibin_tools.demo.dice import chance, pick
from guibin_tools.demo.names import company_name, mistyped, person_name

_STREETS: Final = ("示范路", "桂香路", "学林街", "望江路", "听涛巷", "百花街", "长青路", "书院弄")
_BORN: Final = date(1940, 1, 1)


@dataclass(frozen=True, slots=True)
class Told:
    """What one source says of a person; `person` is who it is in truth."""

    person: str
    name: str
    phone: str | None
    birth_date: str | None
    address: str | None
    gender: str
    certificate_no: str | None = None
    employer: str | None = None


@dataclass(frozen=True, slots=True)
class Labelled:
    """Two sources, in each of which a person stands at most once."""

    name: str
    left: list[Told]
    right: list[Told]

    @property
    def truth(self) -> set[tuple[int, int]]:
        """Return which places of both are one person's."""
        at = {told.person: place for place, told in enumerate(self.left)}
        return {(at[told.person], place) for place, told in enumerate(self.right) if told.person in at}


def made_up(people: int, *, seed: int = 7) -> Labelled:
    """Make a source of people, and another that knows two in three of them with a fault or two.

    To one in ten the other source has a twin instead, to one in ten a father under the same roof, to one in ten a
    namesake. A certificate stands in half of the records of the other source.
    """
    rng = Random(seed)  # noqa: S311 - the same bank every time, no secret
    left = [_person(rng, number) for number in range(people)]
    right = [_other(rng, told, people + number) for number, told in enumerate(left)]
    rng.shuffle(right)
    return Labelled("made up", left, right)


def _person(rng: Random, number: int) -> Told:
    male, born = chance(rng, 50), _BORN + timedelta(days=rng.randrange(24_000))
    return Told(
        person=str(number),
        name=person_name(rng, male=male),
        phone=phone_number(number + 1),
        birth_date=born.isoformat(),
        address=_address(rng),
        gender="M" if male else "F",
        certificate_no=id_card_number(number, born, male=male),
        employer=company_name(rng, "") if chance(rng, 40) else None,
    )


def _address(rng: Random) -> str:
    return f"杭州市{pick(rng, _STREETS)}{rng.randrange(1, 300)}号{rng.randrange(1, 30)}幢{rng.randrange(101, 2_000)}室"


def _other(rng: Random, told: Told, number: int) -> Told:
    kind = rng.randrange(30)
    if kind < 3:  # noqa: PLR2004 - one in ten
        return _relative(rng, told, number, is_twin=True)
    if kind < 6:  # noqa: PLR2004 - the same
        return _relative(rng, told, number, is_twin=False)
    if kind < 9:  # noqa: PLR2004 - the same
        return replace(_person(rng, number), name=told.name)
    faulty = told if chance(rng, 50) else replace(told, certificate_no=None)
    for _ in range(rng.randrange(1, 3)):
        faulty = _fault(rng, faulty, number)
    return faulty


def _relative(rng: Random, told: Told, number: int, *, is_twin: bool) -> Told:
    stranger = _person(rng, number)
    own = stranger.name[-2:] if len(stranger.name) > 2 else stranger.name[-1]  # noqa: PLR2004 - one or two characters
    return replace(
        stranger,
        name=told.name[0] + own,
        birth_date=told.birth_date if is_twin else stranger.birth_date,
        address=told.address,
        phone=told.phone if chance(rng, 40) else stranger.phone,
        certificate_no=stranger.certificate_no if chance(rng, 50) else None,
    )


def _fault(rng: Random, told: Told, number: int) -> Told:
    born, phone = told.birth_date or "", told.phone or ""
    match rng.randrange(6):
        case 0:
            return replace(told, name=mistyped(told.name))
        case 1:
            return replace(told, phone=phone_number(number + 1))
        case 2:
            return replace(told, phone=phone[:-1] + str((int(phone[-1:] or "0") + 1) % 10))
        case 3:
            return replace(told, birth_date=born[:-1] + str((int(born[-1:] or "0") + 1) % 10))
        case 4:
            return replace(told, address=_address(rng))
    return replace(told, phone=None, employer=None)


def febrl(folder: Path) -> Labelled:
    """Read FEBRL's fourth data set: 5,000 people, and each once more with up to ten faults; no certificates."""
    sides = (list(_febrl_file(folder / f"dataset4{side}.csv")) for side in "ab")
    return Labelled("FEBRL 4", *sides)


def _febrl_file(path: Path) -> Iterator[Told]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, skipinitialspace=True):
            read = {name.strip(): (value or "").strip() for name, value in row.items() if name}
            born = read["date_of_birth"]
            street = " ".join(read[name] for name in ("street_number", "address_1", "suburb", "postcode"))
            yield Told(
                person=read["rec_id"].split("-")[1],
                name=f"{read['given_name']} {read['surname']}".strip() or "-",
                phone=None,
                birth_date=f"{born[:4]}-{born[4:6]}-{born[6:]}" if len(born) == len("19000101") else None,
                address=street.strip() or None,
                gender="U",
            )
