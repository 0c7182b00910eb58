"""The statement of a run: one pass over the facts, then the difference to the memberships that last."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Text,
    and_,
    any_,
    bindparam,
    case,
    column,
    exists,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
    union_all,
    update,
    values,
)
from sqlalchemy.dialects.postgresql import array, insert
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.arrays import looked_up
from guibin.core.models import metadata
from guibin.tags.announcing import TOLD, announcements
from guibin.tags.compiler import FACTS
from guibin.tags.facts import facts_live
from guibin.tags.kinds import Definition, modified_for, read_definition
from guibin.tags.kinds.compiling import compile_definitions
from guibin.tags.matching import over_customers
from guibin.tags.models import CustomerTag, Sensitivity, Tag, TagKind, TagSource, TagVersion
from guibin.tags.segments.models import PinSide, SegmentPin
from guibin.tags.sensitivity import consents_to_sensitive

_MEMBERSHIP: Final = metadata.tables[CustomerTag.__tablename__]
_PIN: Final = metadata.tables[SegmentPin.__tablename__]

TagValue = tuple[str, str]
"""Code of a tag, and the value of a membership."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A version in force, read."""

    code: str
    version: int
    definition: Definition
    is_segment: bool = False
    sensitive: bool = False
    is_told: bool = False

    @classmethod
    def of(cls, tag: Tag, version: TagVersion, *, is_new: bool) -> "Rule":
        """Read a version of a tag; of one that `is_new`, computed for the first time, nobody is told."""
        kind = TagKind(tag.kind)
        return cls(
            tag.code,
            version.version,
            modified_for(read_definition(kind, version.rule), tag.code),
            is_segment=kind is TagKind.SEGMENT,
            sensitive=tag.sensitivity == Sensitivity.SENSITIVE,
            is_told=tag.publishes_events and not is_new,
        )

    def guarded(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """Give a sensitive value to nobody but who consented."""
        return case((consents_to_sensitive(FACTS.c.customer_id), value), else_=null()) if self.sensitive else value


@dataclass(frozen=True, slots=True)
class Difference:
    """What a statement read and wrote: customers, and by tag and value the memberships begun and ended."""

    read: int
    added: Counter[TagValue]
    ended: Counter[TagValue]


async def write_difference(
    session: AsyncSession, rules: Sequence[Rule], *, day: date, among: CTE | None = None, live: bool = False
) -> Difference:
    """Bring the memberships of all rules up to a day in one statement.

    A membership that goes on keeps the version that gave it. `among` names the customers to look at (one column,
    customer_id); without it they are all. `live` judges by what is known at this moment, not by the facts of a night.
    """
    matched, wanted = _wanted(rules, day, among, live=live)
    difference = _difference(wanted, rules, among)
    ended, added = _end(difference, day, among), _add(difference, day)
    told = announcements(
        added,
        ended,
        segments=[rule.code for rule in rules if rule.is_segment],
        tags=[rule.code for rule in rules if rule.is_told],
    )
    key = ("tag_code", "value")
    counts = union_all(
        select(literal("read"), literal(""), literal(""), func.count()).select_from(matched),
        *(
            select(literal(name), *(rows.c[part] for part in key), func.count()).group_by(
                *(rows.c[part] for part in key)
            )
            for name, rows in (("added", added), ("ended", ended))
        ),
    )
    found: dict[str, Counter[TagValue]] = {name: Counter() for name in ("read", "added", "ended")}
    for name, code, value, count in (await session.execute(counts.add_cte(*told))).all():
        found[name][code, value] = count
    return Difference(found["read"].total(), found["added"], found["ended"])


async def count_customers(session: AsyncSession) -> int:
    """Count the customers of whom there are facts, and who were not merged away since."""
    return await _count(session, over_customers(FACTS, FACTS.c.customer_id).subquery())


async def count_among(session: AsyncSession, among: CTE) -> int:
    """Count the customers that a set names."""
    return await _count(session, among)


async def _count(session: AsyncSession, rows: FromClause) -> int:
    found: int = (await session.execute(select(func.count()).select_from(rows))).scalar_one()
    return found


def _among(customer: ColumnElement[Any], among: CTE | None) -> ColumnElement[bool]:
    return true() if among is None else looked_up(customer, select(among.c.customer_id))


def _wanted(rules: Sequence[Rule], day: date, among: CTE | None, *, live: bool) -> tuple[CTE, CTE]:
    """One row for each customer who was looked at, and one for each customer, tag and value that a definition gives."""
    compiled = compile_definitions([rule.definition for rule in rules], day=day, among=among)
    given = [
        (rule, rule.guarded(value))
        for rule, values_given in zip(rules, compiled.values, strict=True)
        for value in values_given
    ]
    judged = over_customers(
        compiled.source, FACTS.c.customer_id, array[Any]([value for _, value in given], type_=Text).label("given")
    ).where(_among(FACTS.c.customer_id, among))
    if live:
        chosen = None if among is None else select(among.c.customer_id)
        judged = judged.add_cte(facts_live(day, among=chosen), nest_here=True)
    matched = judged.cte("matched").prefix_with("MATERIALIZED")
    hit = (
        func.unnest(matched.c.given)
        .table_valued(column("value", Text), with_ordinality="position")
        .render_derived(name="hit")
    )
    known = values(column("position", Integer), column("tag_code", Text), column("version", Integer), name="rule").data(
        [(position, rule.code, rule.version) for position, (rule, _) in enumerate(given, start=1)]
    )
    wanted = (
        select(matched.c.customer_id, known.c.tag_code, hit.c.value, known.c.version)
        .select_from(matched.join(hit, hit.c.value.is_not(None)).join(known, known.c.position == hit.c.position))
        .where(_not_pinned_out(matched, known) if any(rule.is_segment for rule in rules) else true())
        .cte("wanted")
    )
    return matched, wanted


def _not_pinned_out(matched: FromClause, known: FromClause) -> ColumnElement[bool]:
    """Leave out who was put out of a segment by hand."""
    return not_(
        exists().where(
            _PIN.c.customer_id == matched.c.customer_id,
            _PIN.c.tag_code == known.c.tag_code,
            _PIN.c.side == PinSide.OUT,
            _PIN.c.until.is_(None),
        )
    )


def _difference(wanted: CTE, rules: Sequence[Rule], among: CTE | None) -> CTE:
    """One row for each value to begin (`since` is NULL) or to end (`version` is NULL).

    A full join is never a nested loop, which would read the memberships again for every row that the statement itself
    has written meanwhile.
    """
    lasting = _lasting(rules, among)
    same = and_(*(lasting.c[name] == wanted.c[name] for name in ("customer_id", "tag_code", "value")))
    return (
        select(
            func.coalesce(wanted.c.customer_id, lasting.c.customer_id).label("customer_id"),
            func.coalesce(wanted.c.tag_code, lasting.c.tag_code).label("tag_code"),
            func.coalesce(wanted.c.value, lasting.c.value).label("value"),
            wanted.c.version,
            lasting.c.since,
        )
        .select_from(wanted.outerjoin(lasting, same, full=True))
        .where(or_(wanted.c.version.is_(None), lasting.c.since.is_(None)))
        .cte("difference")
    )


def _lasting(rules: Sequence[Rule], among: CTE | None) -> CTE:
    """Select the memberships that these rules gave and that last.

    Of some customers all memberships are looked up by customer first: by rule and customer takes one search for each
    rule of each.
    """
    known: Any = _MEMBERSHIP
    if among is not None:
        columns = (_MEMBERSHIP.c[name] for name in ("customer_id", "tag_code", "value", "since", "source", "until"))
        of_some = select(*columns).where(looked_up(_MEMBERSHIP.c.customer_id, select(among.c.customer_id)))
        known = of_some.cte("known").prefix_with("MATERIALIZED")
    return (
        select(known.c.customer_id, known.c.tag_code, known.c.value, known.c.since)
        .where(
            known.c.source == TagSource.RULE,
            known.c.until.is_(None),
            known.c.tag_code == any_(bindparam(None, [rule.code for rule in rules], type_=ARRAY(Text))),
        )
        .cte("lasting")
    )


def _end(difference: CTE, day: date, among: CTE | None) -> CTE:
    losing = select(difference.c.customer_id).where(difference.c.version.is_(None)).distinct()
    return (
        update(_MEMBERSHIP)
        .where(
            difference.c.version.is_(None),
            _MEMBERSHIP.c.customer_id == difference.c.customer_id,
            _MEMBERSHIP.c.tag_code == difference.c.tag_code,
            _MEMBERSHIP.c.value == difference.c.value,
            _MEMBERSHIP.c.source == TagSource.RULE,
            _MEMBERSHIP.c.since == difference.c.since,
            true() if among is None else looked_up(_MEMBERSHIP.c.customer_id, losing),
        )
        .values(until=func.greatest(_MEMBERSHIP.c.since, day))
        .returning(*TOLD)
        .cte("ended")
    )


def _add(difference: CTE, day: date) -> CTE:
    """Begin memberships; one that ended on the same day goes on instead."""
    key = ["customer_id", "tag_code", "source", "value", "since"]
    rows = select(
        difference.c.customer_id,
        difference.c.tag_code,
        literal(TagSource.RULE.value),
        difference.c.value,
        literal(day),
        difference.c.version,
    ).where(difference.c.since.is_(None))
    statement = insert(_MEMBERSHIP).from_select([*key, "version"], rows)
    written = {"until": null(), "version": statement.excluded.version}
    return statement.on_conflict_do_update(index_elements=key, set_=written).returning(*TOLD).cte("added")
