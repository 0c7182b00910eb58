"""Limits of RFM that are drawn at quantiles: from the customers as they are when a definition is tried or submitted."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import BigInteger, cast, func, literal, select
from sqlalchemy.dialects.postgresql import array
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.money import format_cny
from guibin.security.row_scope import all_rows
from guibin.tags.compiler import compile_rules
from guibin.tags.kinds import Rfm, read_definition
from guibin.tags.models import TagKind
from guibin.tags.rules import Condition
from guibin.tags.vocabulary import Operator

AXES: Final = ("recency", "frequency", "monetary")


def undrawn(kind: TagKind, raw: object) -> dict[str, int]:
    """Return the axes of a definition whose limits are to be drawn, each with into how many parts."""
    if kind is not TagKind.RFM or not isinstance(raw, dict):
        return {}
    axes = {name: raw[name] for name in AXES if isinstance(raw.get(name), dict)}
    return {name: axis["quantiles"] for name, axis in axes.items() if "limits" not in axis}


async def drawn(session: AsyncSession, kind: TagKind, raw: dict[str, object], *, day: date) -> dict[str, object]:
    """Return a definition with all its limits: those at quantiles from all customers who have such an event.

    Limits that fall together are parted by the smallest step, so that every score can be had. A definition without
    quantiles is returned as it is.

    Raises:
        RuleFieldUnknown, RuleOperatorInvalid, RuleValueInvalid, RuleTooComplex: the definition is wrong.
    """
    wanted = undrawn(kind, raw)
    definition = read_definition(kind, raw) if wanted else None
    if not isinstance(definition, Rfm):
        return raw
    operands = [axis.operand for axis in (definition.recency, definition.frequency, definition.monetary)]
    compiled = compile_rules([Condition(one, Operator.EXISTS, None) for one in operands], day=day)
    last, frequency, monetary = (compiled.columns[one] for one in operands)
    figures = dict(zip(AXES, (literal(day) - last, frequency, monetary), strict=True))
    columns = [_at_quantiles(figures[name], parts).label(name) for name, parts in wanted.items()]
    async with all_rows(session):
        row = (await session.execute(select(*columns).select_from(compiled.source).where(last.is_not(None)))).one()
    limits = {name: _rising(found or range(1, parts)) for (name, parts), found in zip(wanted.items(), row, strict=True)}
    return raw | {name: {"quantiles": wanted[name], "limits": _written(name, limits[name])} for name in wanted}


def _at_quantiles(figure: Any, parts: int) -> Any:
    fractions = array([literal(number / parts) for number in range(1, parts)])
    return func.percentile_disc(fractions).within_group(cast(figure, BigInteger))


def _rising(found: Sequence[int]) -> list[int]:
    limits: list[int] = []
    for limit in found:
        limits.append(limit if not limits else max(limit, limits[-1] + 1))
    return limits


def _written(axis: str, limits: list[int]) -> list[int] | list[str]:
    return [format_cny(fen) for fen in limits] if axis == "monetary" else limits
