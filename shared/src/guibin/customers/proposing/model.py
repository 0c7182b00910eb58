"""How much each agreement or difference of two records says about their being one person's (Fellegi and Sunter).

A comparison has levels, from equal to different; `m` is how often a level is met between two records of one person, `u`
between records of two. log2(m / u) is the level's weight in bits. People of one surname with unlike given names are
taken for relatives: they share a telephone and an address, and twins a birthday, so that these say little between them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log2
from types import MappingProxyType
from typing import Any, Final, Self


class Says(StrEnum):
    """What a level is in one word."""

    EQUAL = "equal"
    SIMILAR = "similar"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Level:
    """One outcome of a comparison: its name in the model, its word for people, and its condition in SQL."""

    name: str
    says: Says
    sql: str


_LIKE_NAMES: Final = (
    "(name_l = name_r OR sound_l = sound_r OR letters_l = letters_r OR damerau_levenshtein(sound_l, sound_r) <= 1"
    " OR (levenshtein(name_l, name_r) = 1 AND length(name_l) <> length(name_r))"
    # Names in Latin letters are long: near ones are slips, while one character of three is another person.
    " OR (name_l = sound_l AND name_r = sound_r AND jaro_winkler_similarity(sound_l, sound_r) >= 0.88))"
)
_RELATIVES: Final = f"(surname_l = surname_r AND NOT {_LIKE_NAMES} AND coalesce(certificate_l <> certificate_r, true))"
_ELSE: Final = "ELSE"

COMPARISONS: Final[Mapping[str, Sequence[Level]]] = MappingProxyType(
    {
        "name": (
            Level("equal", Says.EQUAL, "name_l = name_r"),
            Level("sounds_equal", Says.SIMILAR, "sound_l = sound_r"),
            Level("other_order", Says.SIMILAR, "letters_l = letters_r"),
            Level("nearly_equal", Says.SIMILAR, _LIKE_NAMES),
            Level("same_surname", Says.DIFFERENT, "surname_l = surname_r"),
            Level("different", Says.DIFFERENT, _ELSE),
        ),
        "certificate": (
            Level("equal", Says.EQUAL, "certificate_l = certificate_r"),
            Level(
                "other_kind", Says.DIFFERENT, "split_part(certificate_l, '|', 1) <> split_part(certificate_r, '|', 1)"
            ),
            Level("different", Says.DIFFERENT, _ELSE),
        ),
        "phone": (
            Level("of_relatives", Says.EQUAL, f"phone_l = phone_r AND {_RELATIVES}"),
            Level("equal", Says.EQUAL, "phone_l = phone_r"),
            Level("one_digit_off", Says.SIMILAR, "damerau_levenshtein(phone_l, phone_r) <= 1"),
            Level("different", Says.DIFFERENT, _ELSE),
        ),
        "birth_date": (
            Level("of_relatives", Says.EQUAL, f"birth_date_l = birth_date_r AND {_RELATIVES}"),
            Level("equal", Says.EQUAL, "birth_date_l = birth_date_r"),
            Level(
                "digits_off",
                Says.SIMILAR,
                "damerau_levenshtein(birth_date_l, birth_date_r) <= 1 OR (birth_date_l[1:4] = birth_date_r[1:4]"
                " AND birth_date_l[5:6] = birth_date_r[7:8] AND birth_date_l[7:8] = birth_date_r[5:6])",
            ),
            Level("different", Says.DIFFERENT, _ELSE),
        ),
        "address": (
            Level("of_relatives", Says.EQUAL, f"address_l = address_r AND {_RELATIVES}"),
            Level("equal", Says.EQUAL, "address_l = address_r"),
            Level("similar", Says.SIMILAR, "jaro_winkler_similarity(address_l, address_r) >= 0.93"),
            Level("different", Says.DIFFERENT, _ELSE),
        ),
        "employer": (
            Level("equal", Says.EQUAL, "employer_l = employer_r"),
            Level("similar", Says.SIMILAR, "jaro_winkler_similarity(employer_l, employer_r) >= 0.92"),
            Level("different", Says.DIFFERENT, _ELSE),
        ),
        "gender": (
            Level("equal", Says.EQUAL, "gender_l = gender_r"),
            Level("different", Says.DIFFERENT, _ELSE),
        ),
    }
)
"""What is compared, and its levels: the first whose condition holds. A field that one of the two lacks says nothing."""

RARE_VALUES_SAY_MORE: Final = MappingProxyType({"name": "equal"})
"""The levels in which the frequency of the value takes the place of `u`: a rare name says more than a common one."""

_STRENGTH: Final = 400.0
"""How many decided pairs the parameters of before are worth when decisions are learnt from."""


@dataclass(frozen=True, slots=True)
class MatchModel:
    """The parameters: (m, u) of each level by comparison."""

    parameters: Mapping[str, Mapping[str, tuple[float, float]]]

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Read a model from its JSON form."""
        read = {
            name: {level.name: tuple(stored["parameters"][name][level.name]) for level in levels}
            for name, levels in COMPARISONS.items()
        }
        return cls(read)

    def as_json(self) -> dict[str, Any]:
        """Write the model as it is stored."""
        return {
            "parameters": {
                name: {of: list(pair) for of, pair in levels.items()} for name, levels in self.parameters.items()
            },
        }

    def bits(self, comparison: str, level: str) -> float:
        """Return the weight of a level."""
        m, u = self.parameters[comparison][level]
        return log2(m / u)


DEFAULT: Final = MatchModel(
    {
        "name": {
            "equal": (0.80, 0.0005), "sounds_equal": (0.07, 0.0008), "other_order": (0.02, 0.0003),
            "nearly_equal": (0.09, 0.004), "same_surname": (0.005, 0.03), "different": (0.015, 0.9644),
        },
        "certificate": {"equal": (0.97, 0.00001), "other_kind": (0.026, 0.05), "different": (0.004, 0.94999)},
        "phone": {
            "of_relatives": (0.004, 0.002), "equal": (0.746, 0.0005), "one_digit_off": (0.05, 0.0001),
            "different": (0.2, 0.9974),
        },
        "birth_date": {
            "of_relatives": (0.004, 0.001), "equal": (0.926, 0.00008), "digits_off": (0.045, 0.0012),
            "different": (0.025, 0.99772),
        },
        "address": {
            "of_relatives": (0.004, 0.002), "equal": (0.446, 0.001), "similar": (0.25, 0.01), "different": (0.3, 0.987),
        },
        "employer": {"equal": (0.55, 0.005), "similar": (0.15, 0.02), "different": (0.3, 0.975)},
        "gender": {"equal": (0.985, 0.5), "different": (0.015, 0.5)},
    },
)  # fmt: skip
"""What a bank starts from."""


@dataclass(frozen=True, slots=True)
class Label:
    """A pair that people decided about, by the levels that were met; nothing of the two is needed to learn from it."""

    levels: Mapping[str, str]
    is_one: bool


def learn(before: MatchModel, labels: Iterable[Label]) -> MatchModel:
    """Return the model that decided pairs give: what was believed before counts as so many decided pairs.

    Only `m` is learnt: pairs that people were asked about are no sample of the pairs of different people.
    """
    ones = [label.levels for label in labels if label.is_one]
    learnt = {}
    for name, levels in before.parameters.items():
        met = [levels_of[name] for levels_of in ones if name in levels_of]
        learnt[name] = {level: (_share(met, level, m), u) for level, (m, u) in levels.items()}
    return MatchModel(learnt)


def _share(met: Sequence[str], level: str, before: float) -> float:
    """Return how often a level was met, what was believed before counted in."""
    return (met.count(level) + _STRENGTH * before) / (len(met) + _STRENGTH) if met else before
