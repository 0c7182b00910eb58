import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guibin.core.strict_json import StrictJsonError, read, read_object

DEPTH = 5


def refusal(raw: bytes, *, max_depth: int = DEPTH) -> StrictJsonError:
    with pytest.raises(StrictJsonError) as caught:
        read(raw, max_depth=max_depth)
    return caught.value


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**39), 10**39)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(value=json_values)
def test_whatever_json_can_say_once_is_read_as_written(value: object) -> None:
    assert read(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"), max_depth=100) == value


@pytest.mark.parametrize(
    ("raw", "position"),
    [
        pytest.param(b"", 0, id="nothing"),
        pytest.param(b'{"points":1}x', 12, id="trailing junk"),
        pytest.param(b'{"points":1} {}', 13, id="two documents"),
        pytest.param(b"{'a':1}", 1, id="single quotes"),
        pytest.param(b'{"a":1,}', 7, id="trailing comma"),
        pytest.param(b'{"a":1 /* one */}', 7, id="comment"),
        pytest.param(b'\xef\xbb\xbf{"a":1}', 0, id="byte order mark"),
        pytest.param('{"a":1}'.encode("utf-16-le"), 1, id="UTF-16"),
        pytest.param('{"客":"'.encode() + b'\xff"}', 6, id="not UTF-8, position in characters"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', 6, id="a surrogate as bytes"),
        pytest.param(b'{"a":"\x00"}', 6, id="a raw control character"),
        pytest.param(b'{"a":01}', 6, id="leading zero"),
        pytest.param(b'{"a', 1, id="an unfinished string"),
    ],
)
def test_what_is_not_json_is_refused_with_its_position(raw: bytes, position: int) -> None:
    error = refusal(raw)
    assert (error.kind, error.position) == ("malformed_json", position)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_without_a_finite_value_are_refused(number: str) -> None:
    assert refusal(f'{{"points":{number}}}'.encode()).kind == "malformed_json"


def test_an_integer_of_forty_digits_is_read() -> None:
    assert read(b"-" + b"9" * 40, max_depth=DEPTH) == -(10**40 - 1)


@pytest.mark.parametrize("digits", [41, 5_000])
def test_a_longer_integer_is_refused(digits: int) -> None:
    assert refusal(b"9" * digits).kind == "malformed_json"


@pytest.mark.parametrize("raw", [b'{"points":1,"points":999}', b'[{"a":{"b":1,"c":2,"b":1}}]', b'{"a":1,"\\u0061":2}'])
def test_a_name_twice_in_one_object_is_refused(raw: bytes) -> None:
    error = refusal(raw)
    assert (error.kind, error.position) == ("duplicate_json_key", None)


def test_the_same_name_in_two_objects_is_read() -> None:
    assert read(b'[{"a":1},{"a":2}]', max_depth=DEPTH) == [{"a": 1}, {"a": 2}]


def test_the_deepest_allowed_nesting_is_read() -> None:
    assert read(b'[[[[{"a":1}]]],[[]]]', max_depth=DEPTH) == [[[[{"a": 1}]]], [[]]]


@pytest.mark.parametrize(
    "raw", [b"[" * 6 + b"]" * 6, b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000]
)
def test_deeper_nesting_is_refused_at_the_first_bracket_too_many(raw: bytes) -> None:
    error = refusal(raw)
    assert error.kind == "malformed_json"
    assert error.position == (5 if raw[:1] == b"[" else 25)


@pytest.mark.parametrize("text", ["[[[[[[[[", '\\"[[[[[[', "\\\\", "}}}}}}}{{{{{{{"])
def test_brackets_inside_text_do_not_count_as_nesting(text: str) -> None:
    assert read(json.dumps([text, [[[]]]]).encode(), max_depth=DEPTH) == [text, [[[]]]]


def test_brackets_after_text_that_ends_in_a_backslash_do_count() -> None:
    assert refusal(b'["\\\\",' + b"[" * 10 + b"]" * 11).kind == "malformed_json"


def test_escapes_of_nul_and_lone_surrogates_pass() -> None:
    assert read(rb'["\u0000","\ud800"]', max_depth=DEPTH) == ["\x00", "\ud800"]


@pytest.mark.parametrize("raw", [b"null", b"[]", b'"x"', b"1"])
def test_where_an_object_is_asked_for_anything_else_is_malformed(raw: bytes) -> None:
    with pytest.raises(StrictJsonError) as caught:
        read_object(raw, max_depth=DEPTH)
    assert (caught.value.kind, caught.value.position) == ("malformed_json", 0)


def test_an_object_is_read_where_an_object_is_asked_for() -> None:
    assert read_object(b' {"a":[1,2.5,null,true]} ', max_depth=DEPTH) == {"a": [1, 2.5, None, True]}


def test_a_refusal_never_carries_the_text() -> None:
    error = refusal(b'{"phone":"13800000000"')
    assert "138" not in str(error)
    assert error.__cause__ is None


@given(raw=st.binary(max_size=64))
def test_any_bytes_are_either_read_or_refused(raw: bytes) -> None:
    position: int | None = None
    try:
        read(raw, max_depth=DEPTH)
    except StrictJsonError as error:
        position = error.position
    assert position is None or 0 <= position <= len(raw)
