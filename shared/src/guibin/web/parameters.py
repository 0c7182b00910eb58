"""Path and query parameters: which there are, once each, and written in one way only."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final, get_args
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic import BeforeValidator

from guibin.core.errors import ValidationFailed
from guibin.core.invalid import invalid_input
from guibin.web.errors import DuplicateParameter, RangeTooLarge, SensitiveInUrl, UnknownParameter

LONGEST_RANGE_DAYS: Final = 366

_SENSITIVE_NAMES: Final = frozenset(
    {
        *("name", "customer_name", "phone", "mobile", "tel", "telephone", "email", "address", "birthday", "birth_date"),
        *("certificate", "certificate_no", "id_no", "id_card", "identity_no", "customer_no", "ecif", "record_id"),
        *("card_no", "account", "account_no", "holding_id", "openid", "unionid"),
    }
)
_SENSITIVE_VALUE: Final = re.compile(r"(?:\+?86)?1[3-9]\d{9}|\d{17}[\dXx]|\d{15}")
_INTEGER: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_BOOLEAN: Final = re.compile(r"true|false")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd]")
_DAY: Final = re.compile(r"(?:19|20|21)\d\d-\d\d-\d\d")
_INSTANT: Final = re.compile(
    r"(?:19|20|21)\d\d-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)"
)


def _day(value: object) -> object:
    """Read a written day here: the strict bodies take no text for a date once a validator has touched it."""
    if not isinstance(value, str):
        return value
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise invalid_input(
        "date", "须为 YYYY-MM-DD 格式的日期，年份为 1900 至 2199", "must be a date YYYY-MM-DD from 1900 to 2199"
    )


def _instant(value: object) -> object:
    """Read a written instant here, for the same reason."""
    if not isinstance(value, str):
        return value
    try:
        if _INSTANT.fullmatch(value):
            return datetime.fromisoformat(value)
    except ValueError:
        pass
    raise invalid_input("instant", "须为带时区的 RFC 3339 时间", "must be an RFC 3339 instant with an offset")


Day = Annotated[date, BeforeValidator(_day)]
"""A day of business as `YYYY-MM-DD`, in queries and bodies: no timestamps, no times, years 1900 to 2199."""

Instant = Annotated[datetime, BeforeValidator(_instant)]
"""An RFC 3339 instant with an offset, in queries and bodies."""


def check_range(start: date | None, end: date | None) -> None:
    """Hold a range of days, both ends included, or of instants, to its order and length.

    Raises:
        ValidationFailed: it begins after its end (type `range`).
        RangeTooLarge: it is longer than `LONGEST_RANGE_DAYS`.
    """
    if start is None or end is None:
        return
    if start > end:
        raise ValidationFailed.of(["query", "from"], "range", "起始不能晚于结束", "must not begin after its end")
    if (end - start).days >= LONGEST_RANGE_DAYS:
        raise RangeTooLarge(max_days=LONGEST_RANGE_DAYS)


@dataclass(frozen=True, slots=True)
class ParameterRules:
    """What a route knows of its path and query parameters, taken once from its signature."""

    query: tuple[str, ...]
    query_forms: dict[str, re.Pattern[str]]
    path_forms: dict[str, re.Pattern[str]]

    @classmethod
    def of(cls, dependant: Dependant) -> "ParameterRules":
        """Collect the parameters of an endpoint and of all its dependencies."""
        fields = list(_flat(dependant))
        query = {field.alias: field for one in fields for field in one.query_params}
        path = {field.alias: field for one in fields for field in one.path_params}
        return cls(
            query=tuple(sorted(query)),
            query_forms=_forms((name, field.field_info.annotation) for name, field in query.items()),
            path_forms=_forms((name, field.field_info.annotation) for name, field in path.items()),
        )

    def check(self, request: Request) -> None:
        """Hold a request to the rules.

        Raises:
            SensitiveInUrl, UnknownParameter, DuplicateParameter, ValidationFailed.
        """
        for name, value in request.path_params.items():
            self._check_path(request, name, str(value))
        seen: set[str] = set()
        for part in filter(None, request.scope["query_string"].decode("latin-1").split("&")):
            name, value = _decoded(part)
            self._check_name(name, seen)
            self._check_value(name, value, written=part.partition("=")[2])

    def _check_path(self, request: Request, name: str, value: str) -> None:
        form = self.path_forms.get(name)
        if form is not None and (form.fullmatch(value) is None or f"/{value}" not in _written_path(request)):
            raise _wrong_form("path", name, form)
        if _CONTROL.search(value):
            raise ValidationFailed.of(
                ["path", name], "control_character", "不能含有控制字符", "must not contain control characters"
            )

    def _check_name(self, name: str, seen: set[str]) -> None:
        if name not in self.query:
            if name.lower() in _SENSITIVE_NAMES:
                raise SensitiveInUrl
            raise UnknownParameter(allowed=self.query)
        if name in seen:
            raise DuplicateParameter(parameter=name)
        seen.add(name)

    def _check_value(self, name: str, value: str, *, written: str) -> None:
        form = self.query_forms.get(name)
        if form is not None:
            if form.fullmatch(written) is None:
                raise _wrong_form("query", name, form)
        elif _SENSITIVE_VALUE.fullmatch(value.strip()):
            raise SensitiveInUrl
        elif _CONTROL.search(value):
            raise ValidationFailed.of(
                ["query", name], "control_character", "不能含有控制字符", "must not contain control characters"
            )


def _flat(dependant: Dependant) -> Iterable[Dependant]:
    yield dependant
    for dependency in dependant.dependencies:
        yield from _flat(dependency)


def _forms(annotations: Iterable[tuple[str, Any]]) -> dict[str, re.Pattern[str]]:
    found = {}
    for name, annotation in annotations:
        kinds = (annotation, *get_args(annotation))
        if int in kinds:
            found[name] = _INTEGER
        elif bool in kinds:
            found[name] = _BOOLEAN
    return found


def _decoded(part: str) -> tuple[str, str]:
    pairs = parse_qsl(part, keep_blank_values=True)
    return pairs[0] if pairs else ("", "")


def _written_path(request: Request) -> str:
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return raw.decode("latin-1")


def _wrong_form(where: str, name: str, form: re.Pattern[str]) -> ValidationFailed:
    if form is _INTEGER:
        return ValidationFailed.of([where, name], "integer", "须为整数", "must be a plain integer")
    return ValidationFailed.of([where, name], "boolean", "须为 true 或 false", "must be true or false")
