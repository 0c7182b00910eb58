"""What may be passed on, and the code by which somebody takes it: plain values."""

from datetime import UTC, datetime
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guibin.core.ids import new_id
from guibin.points.transfer_rules import (
    Bound,
    Exceeded,
    ReceivingCode,
    TransferLimits,
    exceeded_by,
    read_receiving_code,
    write_receiving_code,
)
from guibin.security.ciphers import KeyRing
from guibin.security.key_file import KeyMaterial

KEYS: Final = KeyRing(KeyMaterial.generate())
CODE: Final = ReceivingCode(new_id(), new_id(), "reward", datetime(2026, 11, 26, 8, 0, tzinfo=UTC))
LIMITS: Final = TransferLimits(each=100, day=150, month=200)


@pytest.mark.parametrize(
    ("points", "day", "month", "expected"),
    [
        (100, 0, 0, None),
        (101, 0, 0, Exceeded(Bound.EACH, 100, 100)),
        (50, 100, 100, None),
        (51, 100, 100, Exceeded(Bound.DAY, 150, 50)),
        (50, 0, 150, None),
        (51, 0, 150, Exceeded(Bound.MONTH, 200, 50)),
        (1, 170, 170, Exceeded(Bound.DAY, 150, 0)),
    ],
)
def test_the_first_bound_that_a_transfer_breaks_is_named(
    points: int, day: int, month: int, expected: Exceeded | None
) -> None:
    assert exceeded_by(points, LIMITS, day=day, month=month) == expected


def test_a_code_is_read_as_it_was_written() -> None:
    assert read_receiving_code(KEYS, write_receiving_code(KEYS, CODE)) == CODE


@settings(max_examples=30)
@given(place=st.integers(0, 200), letter=st.sampled_from("ABCxyz019-_.=é"))
def test_a_code_that_was_altered_is_nobodys(place: int, letter: str) -> None:
    text = write_receiving_code(KEYS, CODE)
    altered = text[: place % len(text)] + letter + text[place % len(text) + 1 :]
    assert (read_receiving_code(KEYS, altered) is None) == (altered != text)


@settings(max_examples=30)
@given(st.text(max_size=200))
def test_no_text_is_a_code_by_chance(text: str) -> None:
    assert read_receiving_code(KEYS, text) is None


def test_a_code_of_other_keys_is_nobodys() -> None:
    other = KeyRing(KeyMaterial.generate())
    assert read_receiving_code(other, write_receiving_code(KEYS, CODE)) is None
