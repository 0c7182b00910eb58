"""How names, certificates, phones and numbers are written before they are compared."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guibin.customers.identifiers import (
    born_by_card,
    card_check_digit,
    credit_code_check,
    gender_by_card,
    is_blocked,
    normalise_certificate,
    normalise_name,
    normalise_number,
    normalise_phone,
)
from guibin.customers.models import CertificateType, Gender

TODAY = date(2026, 11, 24)
ID, PASSPORT, LICENCE = CertificateType.ID_CARD, CertificateType.PASSPORT, CertificateType.BUSINESS_LICENCE
CARD = "99000019800229001" + card_check_digit("99000019800229001")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("欧阳明", "欧阳明"),
        (" 欧 阳　明\t", "欧阳明"),
        ("ｊｏｈｎ  Smith", "JOHNSMITH"),
        ("买买提·艾力", "买买提·艾力"),
        ("买买提•艾力", "买买提·艾力"),
        ("买买提・艾力", "买买提·艾力"),
        ("买买提･艾力", "买买提·艾力"),
        ("王\u200b明", "王明"),
    ],
)
def test_names_that_look_alike_are_written_alike(name: str, written: str) -> None:
    assert normalise_name(name) == written


@given(st.text())
def test_a_written_name_is_written_the_same_again(name: str) -> None:
    assert normalise_name(normalise_name(name)) == normalise_name(name)


@pytest.mark.parametrize("number", [CARD, CARD.lower(), f" {CARD[:6]} {CARD[6:]} ", "９" + CARD[1:]])
def test_an_identity_card_is_written_in_one_way(number: str) -> None:
    assert normalise_certificate(ID, number, on=TODAY) == CARD


def test_an_old_identity_card_gets_its_century_and_check_digit() -> None:
    assert normalise_certificate(ID, CARD[:6] + CARD[8:17], on=TODAY) == CARD


@pytest.mark.parametrize(
    "number",
    [
        CARD[:-1],
        CARD + "1",
        CARD[:-1] + ("0" if CARD[-1] != "0" else "1"),
        "99000019800230001" + card_check_digit("99000019800230001"),
        "99000018991231001" + card_check_digit("99000018991231001"),
        "99000020261125001" + card_check_digit("99000020261125001"),
        "X" * 18,
        "",
        "²" * 18,
    ],
)
def test_what_cannot_be_an_identity_card_is_none(number: str) -> None:
    assert normalise_certificate(ID, number, on=TODAY) is None


@given(st.integers(0, 9), st.integers(0, 16))
def test_one_wrong_digit_is_always_found(digit: int, at: int) -> None:
    changed = CARD[:at] + str(digit) + CARD[at + 1 :]
    assert (normalise_certificate(ID, changed, on=TODAY) is None) == (changed != CARD)


def test_a_person_born_today_has_a_card_and_one_born_tomorrow_has_none() -> None:
    today = "99000020261124001"
    assert normalise_certificate(ID, today + card_check_digit(today), on=TODAY) is not None
    assert normalise_certificate(ID, today + card_check_digit(today), on=date(2026, 11, 23)) is None


def test_a_credit_code_needs_its_check_character_and_an_old_licence_has_none() -> None:
    first_17 = "91990101900000010"
    right = first_17 + credit_code_check(first_17)
    assert normalise_certificate(LICENCE, right, on=TODAY) == right
    assert normalise_certificate(LICENCE, first_17 + ("0" if right[-1] != "0" else "1"), on=TODAY) is None
    assert normalise_certificate(LICENCE, "310000400000001", on=TODAY) == "310000400000001"


@pytest.mark.parametrize(("number", "written"), [("e12345678", "E12345678"), ("E 123 45678", "E12345678"), ("?", None)])
def test_other_certificates_have_a_form_and_no_check_digit(number: str, written: str | None) -> None:
    assert normalise_certificate(PASSPORT, number, on=TODAY) == written


@pytest.mark.parametrize(
    "phone", ["13800001234", "+86 138-0000-1234", "0086 13800001234", "8613800001234", "１３８００００１２３４"]
)
def test_a_phone_is_written_in_one_way(phone: str) -> None:
    assert normalise_phone(phone) == "13800001234"


@pytest.mark.parametrize(
    ("phone", "written"),
    [("(021) 6432.1000", "02164321000"), ("+44 20 7946 0000", "442079460000"), ("12", None), ("call me", None)],
)
def test_other_phones_are_digits_or_nothing(phone: str, written: str | None) -> None:
    assert normalise_phone(phone) == written


@pytest.mark.parametrize(
    ("number", "written"),
    [(" 6000 0001", "60000001"), ("ab-1", "AB-1"), ("６０", "60"), ("a b#", None), ("1" * 65, None)],
)
def test_a_customer_number_is_written_in_one_way(number: str, written: str | None) -> None:
    assert normalise_number(number) == written


@pytest.mark.parametrize(
    "value",
    ["", "0", "000000", "9999999999", "123456", "1234567890123", "987654321", "TEST", "NULL", "00000000000000000X"],
)
def test_filler_is_blocked(value: str) -> None:
    assert is_blocked(value)


@pytest.mark.parametrize("value", ["60000001", "6000000001", "12345", "1234568", CARD, "13800001234"])
def test_real_values_are_not_blocked(value: str) -> None:
    assert not is_blocked(value)


def test_a_card_tells_birthday_and_gender() -> None:
    assert born_by_card(CARD) == date(1980, 2, 29)
    assert gender_by_card(CARD) is Gender.MALE
    assert gender_by_card("990000198002290025") is Gender.FEMALE
    assert born_by_card("990000198002300015") is None
