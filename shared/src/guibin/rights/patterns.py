"""The bank's own pattern for codes that it makes: which symbols, how many, what stands in front, and a check symbol.

The check symbol is that of the Luhn algorithm modulo the number of symbols: it finds every single wrong symbol and
nearly every swap of neighbours, so that a typing error is told from a code that is not valid, and is no guess.
"""

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

LEAST_BITS: Final = 80
"""What a code of ours is hard to guess by."""

MOST_SYMBOLS: Final = 40
_GROUP: Final = 4


class Symbols(StrEnum):
    """Of which symbols a code is made; never I, L, O or U, which are read as others."""

    DIGITS = "digits"
    LETTERS = "letters"
    BASE32 = "base32"

    @property
    def alphabet(self) -> str:
        """The symbols in their order, an even number of them, as the check symbol needs it."""
        return _ALPHABETS[self]


_DIGITS: Final = "0123456789"
_LETTERS: Final = "ABCDEFGHJKMNPQRSTVWXYZ"
_ALPHABETS: Final[Mapping[str, str]] = {
    Symbols.DIGITS: _DIGITS,
    Symbols.LETTERS: _LETTERS,
    Symbols.BASE32: _DIGITS + _LETTERS,
}


@dataclass(frozen=True, slots=True)
class CodePattern:
    """`length` random symbols after a prefix, with a check symbol at the end where that is wanted."""

    symbols: Symbols = Symbols.BASE32
    length: int = 16
    prefix: str = ""
    check: bool = False

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Read what `document` writes."""
        return cls(Symbols(document["symbols"]), document["length"], document["prefix"], document["check"])

    def document(self) -> dict[str, object]:
        """Return the pattern in JSON values."""
        return {"symbols": self.symbols.value, "length": self.length, "prefix": self.prefix, "check": self.check}

    @property
    def bits(self) -> float:
        """How many random bits a code has."""
        return self.length * math.log2(len(self.symbols.alphabet))

    def write(self, drawn: str) -> str:
        """Write a code of symbols that were drawn at random, in groups of four after the prefix."""
        body = drawn + check_symbol(drawn, self.symbols.alphabet) if self.check else drawn
        groups = (body[start : start + _GROUP] for start in range(0, len(body), _GROUP))
        return "-".join([*([self.prefix] if self.prefix else []), *groups])

    def is_mistyped(self, code: str) -> bool:
        """Tell whether a code looks like one of this pattern and cannot be one."""
        written, prefix, alphabet = normal_form(code), normal_form(self.prefix), self.symbols.alphabet
        body = written.removeprefix(prefix)
        if not self.check or not written.startswith(prefix) or len(body) != self.length + 1:
            return False
        return not set(body) <= set(alphabet) or check_symbol(body[:-1], alphabet) != body[-1]


def check_symbol(body: str, alphabet: str) -> str:
    """Return the symbol that follows a body of symbols of an alphabet, whose number is even."""
    size = len(alphabet)
    total = 0
    for place, symbol in enumerate(reversed(body)):
        value = alphabet.index(symbol) * (2 if place % 2 == 0 else 1)
        total += value // size + value % size
    return alphabet[-total % size]


def normal_form(code: str) -> str:
    """Return the form by which a voucher code is compared: half-width capitals without blanks and dashes, 0 for O."""
    folded = unicodedata.normalize("NFKC", code).upper()
    return "".join(letter for letter in folded if letter.isalnum()).replace("O", "0")
