"""Rules as text that people read and write; it says no more and no less than the tree.

    aum_mda >= 1000000.00 and not (products has_any ["GOLD"] or count(event, last 90 days) >= 2)

The grammar stands in `grammar.lark` beside this file; `且`, `或` and `非` are words for `and`, `or` and `not`.
"""

from functools import cache
from importlib.resources import files
from json import JSONDecodeError, loads
from typing import Any, Final

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken, v_args
from lark.tree import Meta

from guibin.core.errors import Refusal
from guibin.tags.errors import RuleTextInvalid
from guibin.tags.rules.reader import parse_rule
from guibin.tags.rules.tree import ROOT

MAX_LENGTH: Final = 20_000
_MOST_NAMED: Final = 12


class _Placed(dict[str, Any]):
    """A node with the place in the text at which it begins."""

    def __init__(self, meta: Meta, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.line, self.column = meta.line, meta.column


def parse_text(text: str) -> dict[str, Any]:
    """Read a rule from text, check it as a whole and return its tree in JSON values.

    Raises:
        RuleTextInvalid: it is no rule, or what it says is refused; with line and column, and the reason.
    """
    if len(text) > MAX_LENGTH:
        raise RuleTextInvalid(line=1, column=1, reason="too_long", expected=f"at most {MAX_LENGTH} characters")
    try:
        raw: _Placed = _ToTree().transform(_parser().parse(text))
    except UnexpectedInput as error:
        raise _misread(error) from None
    except RecursionError:
        raise RuleTextInvalid(line=1, column=1, reason="rule_too_complex") from None
    try:
        parse_rule(raw)
    except Refusal as refusal:
        node, allowed = _placed_at(raw, str(refusal.facts.get("place", ROOT))), refusal.facts.get("allowed")
        expected = ", ".join(allowed) if isinstance(allowed, list) else refusal.facts.get("expected")
        raise RuleTextInvalid(
            line=node.line,
            column=node.column,
            reason=refusal.code,
            expected=None if expected is None else str(expected),
        ) from refusal
    return _plain(raw)  # type: ignore[no-any-return] # a tree in JSON values


@cache
def _parser() -> Lark:
    grammar = files("guibin.tags.rules").joinpath("grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True)


def _misread(error: UnexpectedInput) -> RuleTextInvalid:
    names = error.accepts if isinstance(error, UnexpectedToken) else getattr(error, "allowed", None)
    known = sorted({_WORDS.get(name, name.lower()) for name in names or () if name != "$END"})
    return RuleTextInvalid(
        line=max(error.line, 1),
        column=max(error.column, 1),
        reason="not_understood",
        expected=", ".join(known[:_MOST_NAMED]) or None,
    )


_WORDS: Final = {
    "_AND": "and",
    "_OR": "or",
    "_NOT": "not",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "COMMA": ",",
    "NAME": "a fact",
    "FUNCTION": "a function (sum, count, ...)",
    "COMPARISON": "a comparison (=, >=, contains, ...)",
    "LISTING": "in, not_in, has_any, has_all, has_none",
    "KNOWING": "exists, missing",
    "DATE": "a date YYYY-MM-DD",
    "AMOUNT": "an amount 0.00",
    "SIGNED_INT": "a whole number",
    "INT": "a whole number",
    "STRING": "a text in quotation marks",
}


def _placed_at(raw: _Placed, place: str) -> _Placed:
    """Return the innermost node with a place in the text on the way to a place in the tree."""
    found: Any = raw
    inner = raw
    for part in place.split("/")[1:]:
        if isinstance(found, list):
            found = found[int(part)]
        elif isinstance(found, dict) and part in found:
            found = found[part]
        else:
            break
        inner = found if isinstance(found, _Placed) else inner
    return inner


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


@v_args(meta=True)
class _ToTree(Transformer[Token, Any]):
    """Makes the tree of what the grammar has found; methods are named as its rules."""

    def start(self, _meta: Meta, parts: list[Any]) -> Any:
        return parts[0]

    def either(self, meta: Meta, parts: list[Any]) -> Any:
        return _Placed(meta, {"any": parts})

    def every(self, meta: Meta, parts: list[Any]) -> Any:
        return _Placed(meta, {"all": parts})

    def negation(self, meta: Meta, parts: list[Any]) -> Any:
        return _Placed(meta, {"not": parts[0]})

    def group(self, meta: Meta, parts: list[Any]) -> Any:
        return _Placed(meta, {str(parts[0]): parts[1:]})

    def compare(self, meta: Meta, parts: list[Any]) -> Any:
        return _Placed(meta, {"fact": parts[0], "op": str(parts[1]), "value": parts[2]})

    def between(self, meta: Meta, parts: list[Any]) -> Any:
        return _Placed(meta, {"fact": parts[0], "op": "between", "value": parts[1:]})

    def listed(self, meta: Meta, parts: list[Any]) -> Any:
        return _Placed(meta, {"fact": parts[0], "op": str(parts[1]), "value": parts[2:]})

    def known(self, meta: Meta, parts: list[Any]) -> Any:
        return _Placed(meta, {"fact": parts[0], "op": str(parts[1])})

    def within(self, meta: Meta, parts: list[Any]) -> Any:
        days = int(parts[2]) if parts[1].type == "NEXT" else -int(parts[2])
        return _Placed(meta, {"fact": parts[0], "op": "within_days", "value": days})

    def in_period(self, meta: Meta, parts: list[Any]) -> Any:
        return _Placed(meta, {"fact": parts[0], "op": "in_period", "value": str(parts[1])})

    def tag(self, meta: Meta, parts: list[Any]) -> Any:
        days = {} if parts[1] is None else {"for_days": int(parts[1])}
        return _Placed(meta, {"tag": _string(parts[0])} | days)

    def last_event(self, meta: Meta, parts: list[Any]) -> Any:
        where, window, satisfies = parts
        said = _given(where=where, window=window) | {"satisfies": satisfies}
        return _Placed(meta, {"last_event": said})

    def sequence(self, meta: Meta, parts: list[Any]) -> Any:
        first, then, days, window = parts
        said = {"first": first, "then": then, "within_days": int(days)} | _given(window=window)
        return _Placed(meta, {"sequence": said})

    def related(self, meta: Meta, parts: list[Any]) -> Any:
        said = {"of": str(parts[1]), "quantifier": str(parts[0]), "satisfies": parts[2]}
        return _Placed(meta, {"related": said})

    def held(self, meta: Meta, parts: list[Any]) -> Any:
        return _Placed(meta, {"held": parts[0], "for_days": int(parts[1])})

    def fact_ago(self, meta: Meta, parts: list[Any]) -> Any:
        return _Placed(meta, {"fact": str(parts[0]), "days_ago": int(parts[1])})

    def count_related(self, meta: Meta, parts: list[Any]) -> Any:
        return _Placed(meta, {"count": "related", "of": str(parts[0])} | _given(where=parts[1]))

    def tag_number(self, meta: Meta, parts: list[Any]) -> Any:
        return _Placed(meta, {"tag_number": _string(parts[0])})

    def tag_values(self, meta: Meta, parts: list[Any]) -> Any:
        return _Placed(meta, {"tag_values": _string(parts[0])})

    def factor(self, _meta: Meta, parts: list[Any]) -> Any:
        return str(parts[0])

    def fact(self, _meta: Meta, parts: list[Any]) -> Any:
        return str(parts[0])

    def figure(self, meta: Meta, parts: list[Any]) -> Any:
        function, field, where, window = parts
        return _Placed(meta, {str(function): str(field)} | _given(where=where, window=window))

    def last_days(self, _meta: Meta, parts: list[Any]) -> Any:
        return {"last_days": int(parts[1])}

    def before_days(self, _meta: Meta, parts: list[Any]) -> Any:
        return {"before_days": int(parts[0])}

    def dates(self, _meta: Meta, parts: list[Any]) -> Any:
        return {name: str(day) for name, day in zip(("from", "to"), parts, strict=True) if day is not None}

    def period(self, _meta: Meta, parts: list[Any]) -> Any:
        return {"period": str(parts[0])}

    def number(self, _meta: Meta, parts: list[Any]) -> Any:
        return int(parts[0])

    def amount(self, _meta: Meta, parts: list[Any]) -> Any:
        return str(parts[0])

    def day(self, _meta: Meta, parts: list[Any]) -> Any:
        return str(parts[0])

    def text(self, _meta: Meta, parts: list[Any]) -> Any:
        return _string(parts[0])

    def relative_day(self, _meta: Meta, parts: list[Any]) -> Any:
        sign, days = parts
        return {"days_from_now": 0 if days is None else int(f"{sign}{days}")}

    def other(self, _meta: Meta, parts: list[Any]) -> Any:
        return {"fact": parts[0]} | _given(times=parts[1])


def _given(**parts: Any) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part is not None}


def _string(token: Token) -> str:
    """Read a text in quotation marks; as in JSON, what follows a backslash is meant."""
    try:
        found: str = loads(token)
    except JSONDecodeError:
        raise UnexpectedToken(token, {"STRING"}) from None  # type: ignore[no-untyped-call] # untyped in Lark
    return found
