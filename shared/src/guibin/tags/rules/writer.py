"""Writes a rule in JSON values as text: what `guibin.tags.rules.text` reads back as the same tree."""

import re
from json import dumps
from typing import Any, Final

_BARE: Final = re.compile(r"-?[0-9]+[.][0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2}")
"""Amounts and dates stand without quotation marks."""
_SEVERAL: Final = 2
_LISTINGS: Final = frozenset({"in", "not_in", "has_any", "has_all", "has_none"})


def write_text(rule: dict[str, Any]) -> str:
    """Write a rule that has been read without a refusal."""
    return _node(rule)


def _node(rule: dict[str, Any]) -> str:
    match rule:
        case {"all": list(nodes)}:
            return _group("all", "and", nodes)
        case {"any": list(nodes)}:
            return _group("any", "or", nodes)
        case {"not": inner}:
            return f"not {_inside(inner)}"
        case {"fact": _}:
            return _condition(rule)
    return _by_itself(rule)


def _by_itself(rule: dict[str, Any]) -> str:
    match rule:
        case {"tag": code}:
            days = f", for {rule['for_days']} days" if "for_days" in rule else ""
            return f"tag({dumps(code)}{days})"
        case {"last_event": said}:
            return f"last_event({_filter(said)}{_window(said)} satisfies {_node(said['satisfies'])})"
        case {"sequence": said}:
            kinds = f"{_node(said['first'])} then {_node(said['then'])}"
            return f"sequence({kinds} within {said['within_days']} days{_window(said)})"
        case {"related": said}:
            return f"{said['quantifier']} related({said['of']} satisfies {_node(said['satisfies'])})"
        case {"held": node, "for_days": days}:
            return f"held({_node(node)} for {days} days)"
    raise TypeError("no rule")


def _group(name: str, word: str, nodes: list[Any]) -> str:
    """Join several by a word; one alone keeps the name of its group."""
    if len(nodes) < _SEVERAL:
        return f"{name}({_node(nodes[0])})"
    return f" {word} ".join(_inside(node) for node in nodes)


def _inside(node: dict[str, Any]) -> str:
    written = _node(node)
    joined = any(len(node.get(name, ())) >= _SEVERAL for name in ("all", "any"))
    return f"({written})" if joined else written


def _condition(rule: dict[str, Any]) -> str:
    fact, op = _operand(rule["fact"]), rule["op"]
    value: Any = rule.get("value")
    if op in {"exists", "missing"}:
        return f"{fact} {op}"
    if op == "between":
        return f"{fact} between {_value(value[0])} and {_value(value[1])}"
    if op in _LISTINGS:
        return f"{fact} {op} [{', '.join(map(_value, value))}]"
    if op == "within_days":
        return f"{fact} within {'last' if value < 0 else 'next'} {abs(value)} days"
    return f"{fact} {op} {value if op == 'in_period' else _value(value)}"


def _operand(operand: Any) -> str:
    if isinstance(operand, str):
        return operand
    match operand:
        case {"fact": name, "days_ago": days}:
            return f"ago({name}, {days} days)"
        case {"count": "related", "of": circle}:
            return f"count_related({circle}{' ' * ('where' in operand)}{_filter(operand)})"
        case {"tag_number": code}:
            return f"number_of({dumps(code)})"
        case {"tag_values": code}:
            return f"values_of({dumps(code)})"
    function = next(name for name in operand if name not in {"where", "window"})
    where = f" where {_node(operand['where'])}" if "where" in operand else ""
    return f"{function}({operand[function]}{where}{_window(operand)})"


def _filter(said: dict[str, Any]) -> str:
    return f"where {_node(said['where'])}" if "where" in said else ""


def _window(said: dict[str, Any]) -> str:
    match said.get("window"):
        case {"last_days": days}:
            return f", last {days} days"
        case {"before_days": days}:
            return f", before {days} days"
        case {"period": period}:
            return f", in {period}"
        case dict() as dates:
            return ", " + " ".join(f"{name} {dates[name]}" for name in ("from", "to") if name in dates)
    return ""


def _value(value: Any) -> str:
    match value:
        case {"fact": operand}:
            return _operand(operand) + (f" * {value['times']}" if "times" in value else "")
        case {"days_from_now": int(days)}:
            return f"today {'-' if days < 0 else '+'} {abs(days)} days"
        case str() if _BARE.fullmatch(value):
            return value
    return dumps(value, ensure_ascii=False)
