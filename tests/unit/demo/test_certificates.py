import re
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from guibin_tools.demo.certificates import (
    MOST_PEOPLE,
    business_licence_number,
    card_check_digit,
    credit_code_check,
    id_card_number,
    organisation_check,
    phone_number,
)

PROVINCES = {11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54}
PROVINCES |= {61, 62, 63, 64, 65, 71, 81, 82, 83}
indexes = st.integers(min_value=0, max_value=MOST_PEOPLE - 1)


def test_the_check_digit_agrees_with_the_example_of_the_standard() -> None:
    assert card_check_digit("11010519491231002") == "X"
    assert card_check_digit("44052418800101001") == "4"


def test_the_checks_of_a_credit_code_agree_with_the_example_of_the_standard() -> None:
    assert credit_code_check("91350100M000100Y4") == "3"
    assert organisation_check("M000100Y") == "4"


@given(index=indexes, born=st.dates(date(1930, 1, 1), date(2020, 12, 31)), male=st.booleans())
def test_an_identity_card_is_valid_but_of_no_place(index: int, born: date, *, male: bool) -> None:
    number = id_card_number(index, born, male=male)
    assert re.fullmatch(r"\d{17}[\dX]", number)
    assert card_check_digit(number[:17]) == number[17]
    assert int(number[:2]) not in PROVINCES
    assert int(number[1:3]) not in PROVINCES, "the second and third digit of a residence card name a province"
    assert number[6:14] == f"{born:%Y%m%d}"
    assert int(number[16]) % 2 == male


def test_identity_cards_of_people_born_on_one_day_are_distinct() -> None:
    born = date(1980, 1, 1)
    cards = {id_card_number(index, born, male=male) for index in range(3_000) for male in (True, False)}
    assert len(cards) == 6_000


@given(index=indexes)
def test_a_business_licence_has_both_checks_right(index: int) -> None:
    number = business_licence_number(index)
    assert len(number) == 18
    assert organisation_check(number[8:16]) == number[16]
    assert credit_code_check(number[:17]) == number[17]
    assert int(number[2:4]) not in PROVINCES


@given(index=indexes)
def test_a_phone_number_has_the_form_of_a_mobile_number_of_no_operator(index: int) -> None:
    assert re.fullmatch(r"1[3-9]\d{9}", phone_number(index))
    assert phone_number(index).startswith("154")
