"""What a validator of our own says about an input that it refuses: in Chinese and in English, where it refuses it."""

from typing import Final

from pydantic_core import PydanticCustomError

IN_CHINESE: Final = "zh"
"""Where an error's context holds the Chinese words; the English ones are its message."""


def invalid_input(kind: str, zh: str, en: str, **known: str | int) -> PydanticCustomError:
    """Return the error of an input, to be raised by its validator.

    `{name}` in the words stands for `known[name]`: a bound or a prefix of ours, and never what the caller sent.
    """
    return PydanticCustomError(kind, en, {**known, IN_CHINESE: zh.format_map(known)})
