import re
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from guibin.core.text import Code, Note, OneLine


class Texts(BaseModel):
    line: Annotated[str, OneLine(5)] = "a"
    note: Annotated[str, Note(5)] = "a"
    code: Code = "a"


def error_of(**given_texts: str) -> str | None:
    try:
        Texts(**given_texts)
    except ValidationError as error:
        return error.errors()[0]["type"]
    return None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("王小明", None),
        ("a b", None),
        (" a ", None),
        ("\U00020000" * 5, None),
        ("\U0001f600", None),
        ("a" * 6, "too_long"),
        ("", "blank"),
        ("\u3000\u00a0 ", "blank"),
        ("a\x00", "control_character"),
        ("a\x85", "control_character"),
        ("a\tb", "control_character"),
        ("a\u2066b", "control_character"),
        ("\ufeffa", "control_character"),
        ("a\U000e0041", "control_character"),
        ("\ud800", "bad_unicode"),
        ("a\udfffb", "bad_unicode"),
    ],
)
def test_a_line_takes_what_can_be_seen(text: str, kind: str | None) -> None:
    assert error_of(line=text) == kind


@pytest.mark.parametrize(("text", "kind"), [("a\r\n\tb", None), ("a\x0bb", "control_character"), ("\n", "blank")])
def test_a_note_may_have_several_lines(text: str, kind: str | None) -> None:
    assert error_of(note=text) == kind


@pytest.mark.parametrize("code", ["a", "T1", "aum_over.1m-x", "9" * 64])
def test_codes(code: str) -> None:
    assert error_of(code=code) is None


@pytest.mark.parametrize("code", ["", "_a", "a b", "a" * 65, "a\n", "码", "a/b"])
def test_what_is_no_code(code: str) -> None:
    assert error_of(code=code) == "string_pattern_mismatch"


@pytest.mark.parametrize("field", ["line", "note"])
@given(text=st.text(max_size=6))
def test_the_described_pattern_takes_exactly_what_the_check_takes(field: str, text: str) -> None:
    schema = Texts.model_json_schema()["properties"][field]
    described = re.search(schema["pattern"].replace("$", r"\Z"), text) is not None and len(text) <= 5
    hidden_tag = any("\U000e0000" <= character <= "\U000e007f" for character in text)
    assert (error_of(**{field: text}) is None) == (described and not hidden_tag)
