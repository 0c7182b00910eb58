"""Failures that are injected on purpose: rules say which calls fail and how."""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Effect = Literal[
    "errcode",  # answers `errcode`; the call is not carried out
    "http",  # answers `status` with an HTML page; the call is not carried out
    "supersede",  # the account's tokens die before the call, as another cluster's refresh kills them
    "hang",  # the call is carried out, and nothing is answered for `seconds`
    "slow",  # the call is carried out, and answered after `seconds`
    "reset",  # the call is carried out, and the connection breaks in the middle of the answer
    "empty",  # the call is carried out; the answer has no body
    "html",  # ... is a page
    "truncated",  # ... is JSON that ends too early
    "oversized",  # ... is right, and a megabyte long
    "strange_errcode",  # ... has an errcode that is no number
    "unknown_fields",  # ... has fields that nobody knows
    "numbers_as_strings",  # ... writes numbers as text
    "no_errcode",  # ... lacks errcode and errmsg
    "country_code_number",  # ... writes countryCode as a number
    "expires_in",  # ... has `expires_in` of the given value, or none
    "session_key_replaced",  # ... is right, and the session_key in it dead: another login has replaced it
]
EFFECTS: tuple[str, ...] = get_args(Effect)
Fields = dict[str, Any]
_MEGABYTE = 1 << 20
REFUSING = frozenset({"errcode", "http"})
"""Effects under which the call is not carried out."""


@dataclass
class FailureRule:
    """Calls whose path matches fail; `nth` means only that one (from 1), `count` the first so many, else all."""

    match: re.Pattern[str]
    effect: str
    values: dict[str, Any]
    appid: str | None = None
    openid: str | None = None
    nth: int | None = None
    count: int | None = None
    probability: float = 1.0
    seen: int = 0
    dice: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - runs repeat

    @classmethod
    def of(cls, given: dict[str, Any]) -> "FailureRule":
        """Read a rule as it is posted to the control interface.

        Raises:
            ValueError: there is no such effect, or the path is no regular expression.
        """
        effect = dict(given["effect"])
        kind = effect.pop("kind")
        if kind not in EFFECTS:
            raise ValueError(f"there is no effect {kind}")
        try:
            match = re.compile(given["match"])
        except re.error as error:
            raise ValueError(str(error)) from None
        return cls(
            match=match,
            effect=kind,
            values=effect,
            appid=given.get("appid"),
            openid=given.get("openid"),
            nth=given.get("nth"),
            count=given.get("count"),
            probability=given.get("probability", 1.0),
            dice=random.Random(given.get("seed", 0)),  # noqa: S311 - runs repeat
        )

    def strikes(self, path: str, fields: dict[str, Any]) -> bool:
        """Tell whether a call fails by this rule; asking counts the call."""
        if self.match.search(path) is None:
            return False
        if any(wanted is not None and fields.get(name) != wanted for name, wanted in self._narrowed()):
            return False
        self.seen += 1
        if self.nth is not None and self.seen != self.nth:
            return False
        if self.count is not None and self.seen > self.count:
            return False
        return self.dice.random() < self.probability

    def _narrowed(self) -> tuple[tuple[str, str | None], ...]:
        return ("appid", self.appid), ("openid", self.openid)


def bent(rule: FailureRule, body: bytes) -> bytes:
    """Return the body of an answer as a rule leaves it."""
    if rule.effect in _BODIES:
        return _BODIES[rule.effect](body)
    change = _CHANGES.get(rule.effect)
    if change is None:
        return body
    try:
        fields = json.loads(body)
    except ValueError:
        return body
    return json.dumps(change(rule, fields), ensure_ascii=False).encode()


def _number_as_country_code(_rule: FailureRule, fields: Fields) -> Fields:
    if "phone_info" not in fields:
        return fields
    info = fields["phone_info"]
    return {**fields, "phone_info": {**info, "countryCode": int(info["countryCode"])}}


def _other_life(rule: FailureRule, fields: Fields) -> Fields:
    kept = {name: value for name, value in fields.items() if name != "expires_in"}
    return kept if rule.values.get("value") is None else {**kept, "expires_in": rule.values["value"]}


def _numbers_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _numbers_as_text(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_numbers_as_text(inner) for inner in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_BODIES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _body: b"",
    "html": lambda _body: b"<html><body>502 Bad Gateway</body></html>",
    "truncated": lambda body: body[: len(body) // 2],
}
_CHANGES: dict[str, Callable[[FailureRule, Fields], Fields]] = {
    "oversized": lambda _rule, fields: {**fields, "padding": "x" * _MEGABYTE},
    "strange_errcode": lambda _rule, fields: {**fields, "errcode": "soon"},
    "unknown_fields": lambda _rule, fields: {**fields, "brand_new": {"nested": [1, 2]}, "expires_at": "soon"},
    "numbers_as_strings": lambda _rule, fields: _numbers_as_text(fields),
    "no_errcode": lambda _rule, fields: {k: v for k, v in fields.items() if k not in {"errcode", "errmsg"}},
    "country_code_number": _number_as_country_code,
    "expires_in": _other_life,
}
