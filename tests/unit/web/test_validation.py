from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from guibin.core.errors import ValidationFailed
from guibin.core.ids import RightId
from guibin.core.invalid import invalid_input
from guibin.core.money import Cny, between
from guibin.core.text import Code
from guibin.web import Day, Instant, StrictModel
from guibin.web.problems import problem_body
from guibin.web.validation import localise, translate


class Inner(StrictModel):
    number: float


class Given(StrictModel):
    right_id: RightId | None = None
    amount: Cny | None = None
    price: Annotated[Cny, between(1, 100_00)] | None = None
    code: Code | None = None
    at: Instant | None = None
    day: Day | None = None
    inner: Inner | None = None
    kind: Literal["a", "b", "c"] | None = None
    size: Literal[1, 2] = 1
    few: Annotated[list[int], Field(min_length=1)] = Field(default=[1])
    short: Annotated[str, Field(min_length=2, max_length=3)] = "abc"
    own: int = 0

    @field_validator("own")
    @classmethod
    def _own(cls, value: int) -> int:
        if value == 1:
            raise invalid_input("not_one", "不能为 {no}", "must not be {no}", no=1)
        if value == 3:
            raise invalid_input("duplicate_item", "同一权益不能重复", "must not name a right twice")
        if value:
            raise ValueError(f"secret {value}")
        return value


def refusal(model: type[BaseModel], text: str) -> ValidationFailed:
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json(text)
    return translate(caught.value.errors(), within=("body",))


def first_error(text: str, language: str = "en") -> dict[str, Any]:
    errors = refusal(Given, text).facts["errors"]
    assert isinstance(errors, list)
    return localise(errors[0], language)


def words(text: str) -> tuple[str, str]:
    return first_error(text, "zh")["message"], first_error(text)["message"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"right_id": "cus_1"}', "id"),
        ('{"amount": 1}', "text"),
        ('{"amount": "1.234"}', "money"),
        ('{"price": "0.00"}', "amount"),
        ('{"code": "a b"}', "pattern"),
        ('{"at": "2026-01-01T00:00:00"}', "instant"),
        ('{"at": "2026-01-01"}', "instant"),
        ('{"at": "2026-02-30T00:00:00Z"}', "instant"),
        ('{"at": 1700000000}', "instant"),
        ('{"day": "2026-02-30"}', "date"),
        ('{"day": "2026-02-28T00:00:00"}', "date"),
        ('{"day": 20260228}', "date"),
        ('{"inner": 1}', "object"),
        ('{"inner": {"number": "1"}}', "number"),
        ('{"kind": "d"}', "not_allowed_value"),
        ('{"few": []}', "too_few_items"),
        ('{"few": {}}', "list"),
        ('{"short": "a"}', "too_short"),
        ('{"short": "abcd"}', "too_long"),
        ('{"own": null}', "null_forbidden"),
        ('{"own": 1}', "not_one"),
        ('{"own": 2}', "invalid"),
    ],
)
def test_every_error_has_a_type_of_ours(text: str, kind: str) -> None:
    error = first_error(text)
    assert error["type"] == kind
    assert set(error) == {"loc", "type", "message"}
    assert "secret" not in error["message"]
    assert "{" not in error["message"]


def test_days_and_instants_are_taken_as_they_are_written() -> None:
    given = Given.model_validate_json('{"day": "2026-02-28", "at": "2026-02-28T08:00:00.5+08:00"}')
    assert given.day == date(2026, 2, 28)
    assert given.at == datetime(2026, 2, 28, 0, 0, 0, 500_000, tzinfo=UTC)


def test_messages_come_in_two_languages() -> None:
    assert words('{"few": []}') == ("少于最少 1 项", "must have at least 1 items")
    assert words('{"price": "100.01"}') == ("须在 0.01 至 100.00 元之间", "must be between 0.01 and 100.00 CNY")
    assert words('{"right_id": "cus_1"}') == ("须为以 rgt_ 开头的编号", "must be an id that begins with rgt_")


def test_what_an_own_validator_says_comes_in_two_languages_and_before_what_its_type_says() -> None:
    assert words('{"own": 1}') == ("不能为 1", "must not be 1")
    assert words('{"own": 3}') == ("同一权益不能重复", "must not name a right twice")
    assert words('{"own": 2}') == ("不符合要求", "is not valid")
    assert words('{"right_id": null, "own": null}') == ("不能为 null", "must not be null")


def test_allowed_values_are_listed_as_each_language_lists() -> None:
    assert words('{"kind": "d"}') == ("不在允许的取值之内：a、b、c", "must be one of: 'a', 'b' or 'c'")
    assert words('{"size": 3}') == ("不在允许的取值之内：1、2", "must be one of: 1 or 2")


def test_names_that_a_caller_made_up_are_not_shown() -> None:
    for number in ("138 1234 5678", "13812345678", "ECIF7713004299", "6222771300427713"):
        assert first_error(f'{{"{number}": 1}}')["loc"] == ["body", "?"]
    assert first_error('{"unknown_name": 1}')["loc"] == ["body", "unknown_name"]


def test_a_refusal_of_a_domain_says_its_own_words_in_both_languages_alone() -> None:
    refused = ValidationFailed.of(["body", "points"], "too_big", "不能大于余额", "must not be above the balance")
    zh, en = (problem_body(refused, request_id="r", language=language).decode() for language in ("zh", "en"))
    assert ("不能大于余额" in zh, "must not" in zh) == (True, False)
    assert ("不能大于余额" in en, "must not be above the balance" in en) == (False, True)
