"""The facts that rules are compiled against: one row for each customer, refreshed from an open list of sources."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, Protocol

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Date,
    FromClause,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.models import metadata
from guibin.customers.models import Customer
from guibin.organisation.models import Branch
from guibin.tags.models import CustomerFact
from guibin.tags.profiles.repository import compose, keep_profiles, mark_composed
from guibin.tags.sources import HOLDING_FACTS, PROFILE_FACTS

_FACT: Final = metadata.tables[CustomerFact.__tablename__]
_CUSTOMER: Final = metadata.tables[Customer.__tablename__]
_BRANCH: Final = metadata.tables[Branch.__tablename__]


class FactSource(Protocol):
    """Fills some columns of `customer_fact`; a customer for whom it has no row gets nothing in them."""

    @property
    def name(self) -> str:
        """What the source is called in counts and errors."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of `customer_fact` that it fills; no two sources fill the same."""

    def select(self, day: date, *, among: Select[Any] | None = None) -> Select[Any]:
        """Select customer_id and the columns as of the end of a day of business, at most one row a customer.

        `among` selects the customers that are looked at; without it they are all.
        """


FACT_SOURCES: list[FactSource] = [PROFILE_FACTS, HOLDING_FACTS]
"""`guibin.wiring` adds the sources of the domains above: tiers, points, households."""


def register(source: FactSource) -> None:
    """Put a source into the list; the same again changes nothing."""
    if source not in FACT_SOURCES:
        FACT_SOURCES.append(source)


async def refresh_facts(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Bring profiles and facts of every customer up to a day; only rows that differ are written.

    Returns the counts `read` (customers) and `changed`.
    """
    kept = await keep_profiles(session, day=day)
    before = await mark_composed(session, day=day, at=clock.now())
    number = await latest_change(session) + 1
    facts = _select_facts(day, FACT_SOURCES).cte("fact")
    names = [column.name for column in facts.c]
    upsert = insert(_FACT).from_select([*names, "changed_in"], select(facts, literal(number, BigInteger)))
    written = [name for name in names if name != "customer_id"]

    def differs(columns: Sequence[str]) -> ColumnElement[bool]:
        new, old = (tuple_(*(row[name] for name in columns)) for row in (upsert.excluded, _FACT.c))
        return old.is_distinct_from(new)

    lasting = differs([name for name in written if name not in _MOVED_BY_THE_CALENDAR])
    changed_in = case((lasting, upsert.excluded.changed_in), else_=_FACT.c.changed_in)
    changed = (
        upsert.on_conflict_do_update(
            index_elements=[_FACT.c.customer_id],
            set_={name: upsert.excluded[name] for name in written} | {"changed_in": changed_in},
            where=differs(written),
        )
        .returning(_FACT.c.customer_id)
        .cte("changed")
    )
    counts = select(
        select(func.count()).select_from(facts).scalar_subquery(),
        select(func.count()).select_from(changed).scalar_subquery(),
    ).add_cte(changed)
    read, written_rows = (await session.execute(counts)).one()
    if before is not None and not kept and not written_rows:
        await mark_composed(session, day=day, at=before)  # it says the same, so that nothing is new
    return {"read": read, "changed": written_rows}


async def latest_change(session: AsyncSession) -> int:
    """Return the number of the latest refresh that changed anything; 0 before the first."""
    number: int | None = (await session.execute(select(func.max(_FACT.c.changed_in)))).scalar_one()
    return number or 0


def facts_as_of(day: date, *, among: Select[Any] | None = None) -> CTE:
    """Return the facts of customers, some or all, as of the end of a past day, in place of the table and by its name.

    They are composed anew from what is dated: profiles, balances, holdings, events, tiers, households, the ledger of
    points. What a customer's profile was is unknown before the first day of which it is on record.
    """
    found = _select_facts(day, FACT_SOURCES, among)
    if among is not None:
        found = found.where(_CUSTOMER.c.id.in_(among))
    rest = (
        cast(null(), column.type).label(column.name) for column in _FACT.c if column.name not in found.selected_columns
    )
    return found.add_columns(*rest).cte(_FACT.name)


def facts_live(day: date, *, among: Select[Any] | None = None) -> CTE:
    """Return what is known of customers at this moment, in place of the table of facts and by its name.

    It has what changes at once (`guibin.tags.live.rules`): the profile as it is, not as a night found it, and the tier.
    All else is unknown, and no definition in real time reads it.
    """
    profile = compose(day, among=among).subquery("profile_now")
    joined = profile.join(_BRANCH, _BRANCH.c.id == profile.c.branch_id)
    columns: dict[str, ColumnElement[Any]] = {
        **{name: profile.c[name] for name in ("customer_id", "branch_id", "gender", "city_code", "lines")},
        "as_of": literal(day, Date),
        "branch": _BRANCH.c.code,
    }
    tiers = tiers_of(day, among=among).subquery("tier_now")
    joined = joined.outerjoin(tiers, tiers.c.customer_id == profile.c.customer_id)
    columns["tier"] = tiers.c.tier
    named = (
        columns.get(column.name, _EMPTY.get(column.name, cast(null(), column.type))).label(column.name)
        for column in _FACT.c
    )
    return select(*named).select_from(joined).cte(_FACT.name)


def tiers_of(day: date, *, among: Select[Any] | None = None) -> Select[Any]:
    """Select customer and tier in force on a day, of all or of some."""
    (source,) = (one for one in FACT_SOURCES if "tier" in one.columns)
    return source.select(day, among=among)


def _select_facts(day: date, sources: Sequence[FactSource], among: Select[Any] | None = None) -> Select[Any]:
    """Join the sources to the customers that were neither merged away nor erased."""
    joined: FromClause = _CUSTOMER
    columns: dict[str, ColumnElement[Any]] = {"customer_id": _CUSTOMER.c.id, "as_of": literal(day, Date)}
    for source in sources:
        found = source.select(day, among=among).subquery(f"{source.name}_facts")
        joined = joined.outerjoin(found, found.c.customer_id == _CUSTOMER.c.id)
        columns |= {name: found.c[name] for name in source.columns}
    for name, empty in _EMPTY.items():
        columns[name] = func.coalesce(columns[name], empty) if name in columns else empty
    labelled = [column.label(name) for name, column in columns.items()]
    living = _CUSTOMER.c.merged_into.is_(None) & _CUSTOMER.c.erased_at.is_(None)
    return select(*labelled).select_from(joined).where(living)


_MOVED_BY_THE_CALENDAR: Final = frozenset({"as_of", "tenure_days", "aum_year_daily_fen"})
"""What differs from day to day for everybody; who is tagged by it is looked for among everybody."""

_EMPTY: Final[dict[str, ColumnElement[Any]]] = {
    column.name: literal({}, JSONB) if isinstance(column.type, JSONB) else literal([], ARRAY(Text))
    for column in _FACT.c
    if isinstance(column.type, JSONB | ARRAY)
}
"""What stands in lists and maps where no source says anything."""
