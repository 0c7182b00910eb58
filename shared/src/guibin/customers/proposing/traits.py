"""What of a record is compared: names by their sound, everything in the one form in which equal values are equal.

`pypinyin` is imported when the first name is heard: only the worker compares, and only then pays for it.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from guibin.customers.identifiers import is_blocked, normalise_name
from guibin.customers.models import Gender, PartyType

_COMPOUND_SURNAMES: Final = frozenset({
    "欧阳", "太史", "端木", "上官", "司马", "东方", "独孤", "南宫", "万俟", "闻人", "夏侯", "诸葛", "尉迟", "公羊",
    "赫连", "澹台", "皇甫", "宗政", "濮阳", "公冶", "太叔", "申屠", "公孙", "慕容", "仲孙", "钟离", "长孙", "宇文",
    "司徒", "鲜于", "司空", "闾丘", "子车", "亓官", "司寇", "令狐", "呼延", "西门", "百里", "东郭", "南门", "轩辕",
})  # fmt: skip
_OF_COMPANIES: Final = re.compile(r"(有限责任公司|股份有限公司|有限公司|集团|公司|CO\.?,?LTD\.?)$")
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_NUMBERS: Final = re.compile(r"\d+")
_LEAST_OF_A_HOUSE: Final = 4
"""Digits in an address from which they say where in the city it is: 12号3幢501室, not 12号."""
_NO_LETTER: Final = re.compile(r"[^0-9A-Z\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Traits:
    """A record as it is compared; None is what it does not say. All of it is personal: it stays in memory."""

    name: str | None
    sound: str | None
    letters: str | None
    surname: str | None
    given: str | None
    phone: str | None
    birth_date: str | None
    address: str | None
    house: str | None
    employer: str | None
    gender: str | None
    certificate: str | None


def traits_of(
    values: Mapping[str, str | None], *, party_type: str, gender: str, certificate_type: str | None
) -> Traits:
    """Read the traits in the personal fields of a record, opened."""
    is_company = party_type == PartyType.COMPANY
    name = _name(values["name"], is_company=is_company)
    sound = None if name is None else _sound(name)
    surname = None if is_company else _surname(values["name"])
    number, born = _told(values["certificate_no"]), values["birth_date"]
    return Traits(
        name=name,
        sound=sound,
        letters=None if sound is None else "".join(sorted(sound)),
        surname=surname,
        given=_given(sound, surname),
        phone=_told(values["phone"]),
        birth_date=None if born is None else born.replace("-", ""),
        address=_plain(values["address"]),
        house=_house(values["address"]),
        employer=_plain(values["employer"]),
        gender=None if gender == Gender.UNKNOWN else gender,
        certificate=None if number is None or certificate_type is None else f"{certificate_type}|{number}",
    )


def _name(name: str | None, *, is_company: bool) -> str | None:
    if name is None:
        return None
    normal = normalise_name(name)
    return (_OF_COMPANIES.sub("", normal) or normal) if is_company else normal


def _sound(name: str) -> str:
    """Write a name in Latin letters without tones; 王明 and WANG MING sound alike."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415 - see above

    return _NO_LETTER.sub("", "".join(lazy_pinyin(name)).upper()) or name


def _surname(name: str | None) -> str | None:
    """Return the sound of the surname: the first characters of a Chinese name, the last word of another."""
    if name is None:
        return None
    normal = normalise_name(name)
    if _HAN.match(normal):
        return _sound(normal[:2] if normal[:2] in _COMPOUND_SURNAMES else normal[:1])
    return _sound(normalise_name(name.split()[-1])) if name.split() else None


def _given(sound: str | None, surname: str | None) -> str | None:
    """Return the sound of what the surname leaves of a name, wherever the surname stands."""
    if sound is None or surname is None:
        return None
    return (sound.removeprefix(surname) if sound.startswith(surname) else sound.removesuffix(surname)) or None


def _house(address: str | None) -> str | None:
    """Return the numbers of an address: they stay when its words are written in another way."""
    numbers = _NUMBERS.findall(address or "")
    return "|".join(numbers) if len("".join(numbers)) >= _LEAST_OF_A_HOUSE else None


def _told(value: str | None) -> str | None:
    return None if value is None or is_blocked(value) else value


def _plain(text: str | None) -> str | None:
    if text is None:
        return None
    return _NO_LETTER.sub("", unicodedata.normalize("NFKC", text).upper()) or None
