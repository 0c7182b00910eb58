"""The language of titles and messages: Chinese unless the caller prefers English."""

from functools import lru_cache
from typing import Final, Literal

Language = Literal["zh", "en"]

_LONGEST: Final = 200


def preferred_language(accept_language: str) -> Language:
    """Choose between zh (default) and en from an Accept-Language header."""
    return _preferred(accept_language[:_LONGEST])


@lru_cache(maxsize=256)
def _preferred(accept_language: str) -> Language:
    best: tuple[float, Language] = (0.0, "zh")
    for item in accept_language.split(","):
        name, _, parameters = item.strip().partition(";")
        language = _supported(name)
        weight = _weight(parameters)
        if language is not None and weight > best[0]:
            best = (weight, language)
    return best[1]


def _supported(name: str) -> Language | None:
    primary = name.strip().lower().partition("-")[0]
    if primary == "en":
        return "en"
    return "zh" if primary in {"zh", "*"} else None


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
