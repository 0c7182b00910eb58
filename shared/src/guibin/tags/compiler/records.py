"""What is recorded beside the facts: since when a rule holds for a customer, and what staff added to a score."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import BigInteger, and_, cast, func, literal, or_, select

from guibin.core.models import metadata
from guibin.tags.compiler.figures import Figures, Pass
from guibin.tags.models import ScoreModifier
from guibin.tags.rules import Held, Modifier
from guibin.tags.runs.models import HeldSince

_HELD: Final = metadata.tables[HeldSince.__tablename__]
_MODIFIER: Final = metadata.tables[ScoreModifier.__tablename__]


def held_figures(wanted: Sequence[Held], run: Pass) -> Figures:
    """Read once for all rules since when they hold; who is not on record does not count."""
    keys = sorted({one.key for one in wanted})
    columns = [
        func.bool_or(
            and_(_HELD.c.key == literal(one.key), _HELD.c.since <= literal(run.day - timedelta(days=one.days - 1)))
        ).label(f"held_{i}")
        for i, one in enumerate(wanted)
    ]
    lasts = and_(_HELD.c.since <= run.day, or_(_HELD.c.until.is_(None), _HELD.c.until > run.day))
    statement = select(_HELD.c.customer_id, *columns).where(_HELD.c.key.in_(keys), lasts)
    joined = run.narrowed(statement, _HELD.c.customer_id).group_by(_HELD.c.customer_id).subquery("held_since")
    return Figures(
        joined, {one: func.coalesce(joined.c[f"held_{i}"], literal(value=False)) for i, one in enumerate(wanted)}
    )


def modifier_figures(wanted: Sequence[Modifier], run: Pass) -> Figures:
    """Read once for all scores what staff added to them; 0 where they added nothing."""
    codes = sorted({one.code for one in wanted})
    points = [
        func.sum(_MODIFIER.c.points).filter(_MODIFIER.c.tag_code == literal(one.code)).label(f"points_{i}")
        for i, one in enumerate(wanted)
    ]
    lasts = and_(_MODIFIER.c.since <= run.day, or_(_MODIFIER.c.until.is_(None), _MODIFIER.c.until > run.day))
    statement = select(_MODIFIER.c.customer_id, *points).where(_MODIFIER.c.tag_code.in_(codes), lasts)
    joined = run.narrowed(statement, _MODIFIER.c.customer_id).group_by(_MODIFIER.c.customer_id).subquery("modifier")
    return Figures(
        joined,
        {
            one: func.coalesce(cast(joined.c[f"points_{i}"], BigInteger), literal(0, BigInteger))
            for i, one in enumerate(wanted)
        },
    )
