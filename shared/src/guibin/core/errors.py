"""Refusals: what the product says no to. Each has a category, one stable code, texts in two languages and its facts."""

from enum import StrEnum
from typing import ClassVar


class Category(StrEnum):
    """What kind of no it is; `guibin.web` alone knows which HTTP status that is."""

    UNUSABLE = "unusable"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD = "method"
    NOT_ACCEPTABLE = "not_acceptable"
    TIMEOUT = "timeout"
    CONFLICT = "conflict"
    STALE = "stale"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"
    INVALID = "invalid"
    PRECONDITION_REQUIRED = "precondition_required"
    TOO_MANY = "too_many"
    HEADERS_TOO_LARGE = "headers_too_large"
    UNAVAILABLE = "unavailable"
    FAULT = "fault"


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of the program
    """Base of all refusals.

    Subclasses state `category`, `code` (unique in the product) and the texts; instances carry facts, which are shown to
    the caller and therefore never hold the caller's input or a personal value.
    """

    category: ClassVar[Category]
    code: ClassVar[str]
    zh: ClassVar[str]
    en: ClassVar[str]
    answers_a_guess: ClassVar[bool] = False
    """Whether it says that a code or a password was wrong, so that such answers are counted."""

    def __init__(self, **facts: object) -> None:
        super().__init__(self.code)
        self.facts = facts

    def title(self, language: str) -> str:
        """Return the text for people in `zh` or `en`."""
        return self.en if language == "en" else self.zh


class NotFound(Refusal):
    """The object is missing or lies outside the caller's scope: both answer alike."""

    category = Category.NOT_FOUND
    code = "not_found"
    zh = "未找到"
    en = "Not found"


class ValidationFailed(Refusal):
    """The request is wrong in itself; `errors` lists loc, type and what is said in both languages, never the value."""

    category = Category.INVALID
    code = "validation_failed"
    zh = "请求内容不符合要求"
    en = "The request does not have the right form"

    def __init__(self, errors: list[dict[str, object]]) -> None:
        super().__init__(errors=errors)

    @classmethod
    def of(cls, loc: list[str | int], kind: str, zh: str, en: str) -> "ValidationFailed":
        """Build the refusal of one field."""
        return cls([{"loc": loc, "type": kind, "zh": zh, "en": en}])


class VersionConflict(Refusal):
    """Somebody else changed the object since it was read."""

    category = Category.STALE
    code = "version_conflict"
    zh = "内容已被他人修改，请刷新后重试"
    en = "Changed by somebody else meanwhile: read it again"


class NothingToChange(Refusal):
    """What is asked for is so already."""

    category = Category.CONFLICT
    code = "nothing_to_change"
    zh = "没有需要变更的内容"
    en = "It is so already"


class PreconditionRequired(Refusal):
    """An edit without If-Match."""

    category = Category.PRECONDITION_REQUIRED
    code = "precondition_required"
    zh = "修改时必须带 If-Match"
    en = "Send the ETag that you read as If-Match"


class RetryLater(Refusal):
    """The database was busy or away; nothing happened and the same call may be sent again."""

    category = Category.UNAVAILABLE
    code = "retry_later"
    zh = "系统繁忙，请稍后用同一幂等键重试"
    en = "Nothing happened: send the same call with the same key again"


class ReasonRequired(Refusal):
    """What is to be done needs a reason that says something, in `min_length` to `max_length` characters."""

    category = Category.INVALID
    code = "reason_required"
    zh = "请填写10至200字的原因"
    en = "State a reason of 10 to 200 characters"

    def __init__(self, *, min_length: int, max_length: int) -> None:
        super().__init__(min_length=min_length, max_length=max_length)
