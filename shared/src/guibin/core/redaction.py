"""The last net under the logs: what looks like a personal value or a secret does not get into a line.

Events are written with ids, codes and counts only; this is for the day on which somebody forgets it, and for what
libraries write. Names of people have no form that a program could see: those only the first rule keeps out.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

REDACTED: Final = "[redacted]"

_DEEPEST: Final = 6
_SECRET_NAMES: Final = re.compile(
    r"(?:^|_)(?:phone|mobile|name|names|certificate|certificate_no|customer_no|address|birth_date|account_no|email|"
    r"openid|unionid|password|secret|token|authorization|cookie|otp|voucher_code|session_key|js_code)$",
    re.IGNORECASE,
)
_SUSPECT: Final = re.compile(r"\d{4}|@|eyJ|bearer|basic", re.IGNORECASE)
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?",  # a token
        r"(?i:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}",
        r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",  # an address of mail
        # an id card
        r"(?<![A-Za-z0-9_-])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![A-Za-z0-9])",
        r"(?<![A-Za-z0-9_-])(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?![A-Za-z0-9_-])",  # a mobile number
        r"(?<![A-Za-z0-9_.-])\d(?:[ -]?\d){12,18}(?![A-Za-z0-9_-])",  # a bank card, an account, an old id card
        r"://[^/\s:@]+:[^/\s@]+@",  # user and password in an address
    )
)


def redact(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event without what looks personal or secret, however deep it stands."""
    return {name: _redact(name, value, 1) for name, value in event.items()}


def redact_text(text: str) -> str:
    """Return a text with everything replaced that has the form of a personal value or a secret."""
    if _SUSPECT.search(text) is None:
        return text
    for form in _FORMS:
        text = form.sub(REDACTED, text)
    return text


def _redact(name: str, value: Any, depth: int) -> Any:
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _redact_all(name, value, depth) if depth < _DEEPEST else REDACTED
    if isinstance(value, bool | float) or value is None:
        return value
    if isinstance(value, int):
        return value if redact_text(str(value)) == str(value) else REDACTED
    return REDACTED if _SECRET_NAMES.search(name) else redact_text(str(value))


def _redact_all(name: str, values: Mapping[Any, Any] | Iterable[Any], depth: int) -> Any:
    if isinstance(values, Mapping):
        return {redact_text(str(inner)): _redact(str(inner), item, depth + 1) for inner, item in values.items()}
    return [_redact(name, item, depth + 1) for item in values]
