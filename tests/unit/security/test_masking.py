import logging
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from guibin.security.masking import (
    CertificateNo,
    PersonalValue,
    PersonName,
    Phone,
    mask_certificate,
    mask_name,
    mask_phone,
)

digits = st.text("0123456789", max_size=24)
alphanumerics = st.text("0123456789ABCXYZabcxyz", max_size=24)
noise = st.text("- .()/\u3000\u200b+#王é\u0301", max_size=4)
han = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=12)
any_name = st.one_of(han, st.text(max_size=12))


def shown(masked: str) -> str:
    return masked.replace("*", "").replace(" ", "")


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13812341234", "138****1234"),
        ("+8613812341234", "138****1234"),
        ("0086 138-1234-1234", "138****1234"),
        ("86 138 1234 1234", "138****1234"),
        ("１３８１２３４１２３４", "138****1234"),
        ("+1 310 555 0123", "****0123"),
        ("+852 9123 4567", "****4567"),
        ("010-62345678", "****5678"),
        ("0755-2345678", "****5678"),
        ("62345678", "****"),
        ("110", "****"),
        ("", "****"),
        ("no phone", "****"),
        ("13812341234 转 5", "****2345"),
    ],
)
def test_a_phone_shows_its_ends_or_nothing(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


@given(phone=st.one_of(digits, st.builds("".join, st.lists(digits | noise)), st.text()))
def test_a_phone_never_shows_more_than_its_first_three_and_last_four_digits(phone: str) -> None:
    masked = mask_phone(phone)
    assert re.fullmatch(r"1[0-9]{2}\*{4}[0-9]{4}|\*{4}(?:[0-9]{4})?", masked)
    hidden = len(re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", phone))) - len(shown(masked))
    assert hidden >= 4 or not shown(masked)


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("11010119900307123X", "110***********123X"),
        ("11010119900307123x", "110***********123X"),
        ("110101 19900307 1234", "110***********1234"),
        ("１１０１０１１９９００３０７１２３４", "110***********1234"),
        ("110101900307123", "110********7123"),
        ("91110000MA01ABCD2X", "911***********CD2X"),
        ("E12345678", "****78"),
        ("C1234567", "****67"),
        ("A123456(7)", "****67"),
        ("1234567", "****"),
        ("", "****"),
        ("证件", "****"),
        ("1101011990030712345", "****45"),
    ],
)
def test_a_certificate_shows_its_ends_or_less(number: str, masked: str) -> None:
    assert mask_certificate(number) == masked


@given(number=st.one_of(digits, alphanumerics, st.builds("".join, st.lists(alphanumerics | noise)), st.text()))
def test_a_certificate_never_shows_more_than_its_first_three_and_last_four_characters(number: str) -> None:
    masked = mask_certificate(number)
    assert re.fullmatch(r"[0-9A-Z]{3}\*{11}[0-9A-Z]{4}|[0-9]{3}\*{8}[0-9]{4}|\*{4}(?:[0-9A-Z]{2})?", masked)
    hidden = len(re.sub(r"[^0-9A-Za-z]", "", unicodedata.normalize("NFKC", number))) - len(shown(masked))
    assert hidden >= 6 or not shown(masked)


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王明", "王*"),
        ("王小明", "王*明"),
        ("王小明明", "王**"),
        ("欧阳明", "欧阳*"),
        ("歐陽明", "歐陽*"),
        ("欧阳小明", "欧阳**"),
        ("司马懿", "司马*"),
        ("诸葛孔明", "诸葛**"),
        ("欧阳", "欧*"),
        ("王", "*"),
        ("", "*"),
        ("   ", "*"),
        ("王 明", "王*"),
        ("王\u3000小\u3000明", "王*明"),
        ("王\u200b", "*"),
        ("阿卜杜拉·买买提", "阿**"),
        ("John Smith", "J**"),
        ("E\u0301ve", "É*e"),
        ("𠮷明", "𠮷*"),
        ("葛\U000e0100明", "葛*"),
        ("贵州某某酒业有限公司", "贵**"),
    ],
)
def test_a_name_shows_its_surname_and_stars(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@given(name=any_name)
@example(name="欧阳")
@example(name="e\u0301\u0301")
def test_a_name_never_shows_more_than_two_characters_and_always_hides_one(name: str) -> None:
    masked = mask_name(name)
    visible = [letter for letter in unicodedata.normalize("NFC", name) if unicodedata.category(letter)[0] not in "MZ"]
    kept = masked.replace("*", "", 1) if "*" in visible else shown(masked)
    assert "*" in masked
    assert len(kept.replace("*", "")) <= 2
    assert len(masked) <= 4
    assert not visible or len(kept.replace("*", "")) < len(visible)


@given(name=han.filter(lambda name: len(name) > 3), tail=han)
def test_the_mask_of_a_long_name_does_not_tell_its_length(name: str, tail: str) -> None:
    assert mask_name(name) == mask_name(name + tail)


VALUES: list[tuple[PersonalValue, str]] = [
    (PersonName("王小明"), "王*明"),
    (Phone("13812341234"), "138****1234"),
    (CertificateNo("11010119900307123X"), "110***********123X"),
]


@pytest.mark.parametrize(("value", "masked"), VALUES)
def test_a_personal_value_prints_masked_and_keeps_its_value(value: PersonalValue, masked: str) -> None:
    assert repr(value) == f"{type(value).__name__}('{masked}')"
    assert f"{value} {value!s} {[value]}" == f"{masked} {masked} [{value!r}]"
    assert value.value not in f"{value} {value!r}"


def test_personal_values_compare_by_kind_and_value() -> None:
    assert PersonName("王") == PersonName("王")
    assert PersonName("王小明") != PersonName("王大明")
    assert len({Phone("1"), Phone("1"), PersonName("1")}) == 2


def test_a_personal_value_is_logged_masked(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("called %s", Phone("13812341234"))
    assert caplog.messages == ["called 138****1234"]


class Answer(BaseModel):
    name: PersonName
    phone: Phone | None


def test_an_output_model_serialises_personal_values_masked() -> None:
    answer = Answer(name=PersonName("王小明"), phone=Phone("13812341234"))
    assert answer.model_dump_json() == '{"name":"王*明","phone":"138****1234"}'
    assert answer.model_dump() == {"name": "王*明", "phone": "138****1234"}
    assert "王小明" not in repr(answer)


def test_the_schema_of_an_answer_shows_personal_values_as_text() -> None:
    assert Answer.model_json_schema(mode="serialization")["properties"]["name"]["type"] == "string"
