"""How personal values are shown to those who need not see them whole.

A mask never shows more than its rule, whatever the value is, and values too short for the rule are hidden whole. The
types at the end carry a value that prints, logs and serialises masked, so that no route can forget to mask it.
"""

import re
import unicodedata
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

HIDDEN: Final = "****"

_CHINESE_MOBILE: Final = re.compile(r"(?:\+?86|0086)?(1[0-9]{10})")
_RESIDENT_ID: Final = re.compile(r"[0-9A-Z]{18}|[0-9]{15}")
_LEAST_FOREIGN_PHONE: Final = 10
_LEAST_DOCUMENT: Final = 8
_LONGEST_SHORT_NAME: Final = 3
# Surnames of two characters that are in use, in simplified and traditional writing.
_SURNAMES_OF_TWO: Final = (
    "欧阳 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠 "
    "公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 "
    "宰父 谷梁 拓跋 夹谷 轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 微生 梁丘 左丘 西门 第五 太史 端木 即墨 "
    "达奚 褚师 纳兰 完颜 耶律 叶赫 "
    "歐陽 司馬 東方 獨孤 南宮 萬俟 聞人 諸葛 尉遲 赫連 澹臺 濮陽 公孫 仲孫 鍾離 長孫 鮮于 閭丘 子車 巫馬 "
    "顓孫 壤駟 樂正 穀梁 夾谷 軒轅 東郭 南門 西門 達奚 褚師 納蘭 完顏 葉赫"
)
_COMPOUND_SURNAMES: Final = frozenset(_SURNAMES_OF_TWO.split())


def mask_phone(value: str) -> str:
    """Show a Chinese mobile number as `138****1234`, another number of 10 digits or more as `****1234`, else `****`."""
    compact = re.sub(r"[^0-9+]", "", unicodedata.normalize("NFKC", value))
    mobile = _CHINESE_MOBILE.fullmatch(compact)
    if mobile is not None:
        return f"{mobile[1][:3]}****{mobile[1][-4:]}"
    digits = compact.replace("+", "")
    return HIDDEN + digits[-4:] if len(digits) >= _LEAST_FOREIGN_PHONE else HIDDEN


def mask_certificate(value: str) -> str:
    """Show the number of an identity document.

    Resident ids and credit codes (18 characters, or 15 digits) show the first 3 and last 4 and keep their length;
    other documents of 8 characters or more show the last 2 behind a mask of fixed length; shorter ones nothing.
    """
    compact = _letters_and_digits(value).upper()
    if _RESIDENT_ID.fullmatch(compact):
        return compact[:3] + "*" * (len(compact) - 7) + compact[-4:]
    return HIDDEN + compact[-2:] if len(compact) >= _LEAST_DOCUMENT else HIDDEN


def mask_name(value: str) -> str:
    """Show a name by its surname: `王*`, `王*明`, `欧阳*`, and `王**` for everything longer, whatever its length.

    A single character is hidden whole. Spaces, marks and invisible characters never count and never show.
    """
    name = "".join(letter for letter in unicodedata.normalize("NFC", value) if not _is_unseen(letter))
    if len(name) <= 1:
        return "*"
    compound = len(name) >= _LONGEST_SHORT_NAME and name[:2] in _COMPOUND_SURNAMES
    surname = name[:2] if compound else name[:1]
    if len(name) > _LONGEST_SHORT_NAME:
        return surname + "**"
    if len(name) == _LONGEST_SHORT_NAME and not compound:
        return f"{surname}*{name[-1]}"
    return surname + "*"


def _is_unseen(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category[0] in "MZ" or category in {"Cc", "Cf", "Cs"}


def _letters_and_digits(value: str) -> str:
    return re.sub(r"[^0-9A-Za-z]", "", unicodedata.normalize("NFKC", value))


@dataclass(frozen=True, slots=True, repr=False)
class PersonalValue(ABC):
    """A personal value that shows masked everywhere; whoever needs it whole asks for `value` by name.

    Output models hold the subclasses as field types and serialise them masked.
    """

    value: str

    @abstractmethod
    def masked(self) -> str:
        """Return the text that may be shown."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.masked()!r})"

    def __str__(self) -> str:
        return self.masked()

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema()
        masked = core_schema.plain_serializer_function_ser_schema(cls.masked, return_schema=text)
        return core_schema.is_instance_schema(cls, serialization=masked)


class PersonName(PersonalValue):
    """The name of a natural or legal person."""

    __slots__ = ()

    def masked(self) -> str:
        """Return the surname and stars."""
        return mask_name(self.value)


class Phone(PersonalValue):
    """A phone number."""

    __slots__ = ()

    def masked(self) -> str:
        """Return the number without its middle."""
        return mask_phone(self.value)


class CertificateNo(PersonalValue):
    """The number of an identity document."""

    __slots__ = ()

    def masked(self) -> str:
        """Return the number without its middle."""
        return mask_certificate(self.value)
