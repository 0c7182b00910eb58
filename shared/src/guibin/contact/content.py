"""What a text may say that leaves the house: nothing of assets, gaps, tier amounts; figures are read after the log-in.

A template names what is filled in as `{place}`. Only the harmless places below exist, so what a customer has or needs
cannot be filled in at all.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Placeholder(StrEnum):
    """What may be filled in: who is written to and by whom, when and where, a one-time password, the way in."""

    SURNAME = "surname"
    TITLE = "title"
    BANK = "bank"
    BRANCH = "branch"
    MANAGER = "manager"
    DAY = "day"
    TIME = "time"
    ADDRESS = "address"
    CODE = "code"
    LINK = "link"


class ContentFault(StrEnum):
    """What a text may not hold.

    `amount`: a sum of money, or a count by the ten thousand. `holdings`: a word for what somebody has, lacks or must
    reach. `placeholder`: a place that is not of the closed list. `brace`: one that belongs to no place.
    """

    AMOUNT = "amount"
    HOLDINGS = "holdings"
    PLACEHOLDER = "placeholder"
    BRACE = "brace"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of a text, and where: `start` counts characters from nought."""

    fault: ContentFault
    start: int
    length: int


_WIDE: Final[dict[int, int | str]] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    0xFFE5: "¥",
    0x3000: " ",
}
"""Full-width forms as the plain ones, one for one: places stay what they were."""

_FIGURES: Final = r"(?:\d[\d,.]*|\{[^{}]*\})"
_BY_WORDS: Final = "[〇零一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟]"
_UNITS: Final = r"(?:元|圆|块钱|人民币|美元|港元|港币|欧元|rmb\b|cny\b|usd\b|hkd\b|yuan\b)"
_SIGNS: Final = r"(?:[¥$€£]|人民币|\brmb|\bcny|\busd|\bhkd)"
_MULTIPLES: Final = "[十百千万亿]"

# "一元复始" is a greeting: in words a sum has two numerals at least.
_AMOUNT: Final = re.compile(
    rf"{_SIGNS}\s*{_FIGURES}(?:\s*{_MULTIPLES}+)?"
    rf"|{_FIGURES}\s*{_MULTIPLES}*\s*{_UNITS}"
    rf"|{_FIGURES}\s*[万亿]"
    rf"|{_BY_WORDS}{{2,}}\s*{_UNITS}",
    re.IGNORECASE,
)
_HOLDINGS: Final = re.compile(
    r"资产|余额|持仓|市值|存款额|净值|差额|缺口|还差|尚差|达标"
    r"|\b(?:assets?|balances?|holdings?|net worth|aum|shortfall|gap)\b",
    re.IGNORECASE,
)
_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_BRACE: Final = re.compile(r"[{}]")
_NAMES: Final = frozenset(Placeholder)


def findings(text: str) -> tuple[Finding, ...]:
    """Return all that a text may not say, in the order of the text; nothing: it may leave the house."""
    return tuple(sorted(_all_of(text.translate(_WIDE)), key=lambda one: (one.start, one.fault)))


def _all_of(plain: str) -> Iterator[Finding]:
    around = _PLACE.sub(lambda match: " " * len(match[0]), plain)
    yield from (_finding(ContentFault.AMOUNT, match) for match in _AMOUNT.finditer(plain))
    yield from (_finding(ContentFault.HOLDINGS, match) for match in _HOLDINGS.finditer(around))
    yield from (_finding(ContentFault.PLACEHOLDER, match) for match in _PLACE.finditer(plain) if match[1] not in _NAMES)
    yield from (_finding(ContentFault.BRACE, match) for match in _BRACE.finditer(around))


def _finding(fault: ContentFault, match: re.Match[str]) -> Finding:
    return Finding(fault, match.start(), match.end() - match.start())
