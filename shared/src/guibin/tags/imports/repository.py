"""SQL of imports: whom identifiers name, and the values that are written at once."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CTE, Date, Numeric, Uuid, column, exists, func, literal, not_, null, table, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.bulk import copy_rows, stage
from guibin.core.models import metadata
from guibin.customers.changes.models import CustomerChange, CustomerWatch
from guibin.customers.models import Customer, SourceRecord
from guibin.customers.repository import customers_of_refs, visible
from guibin.outbox.events import TagReason
from guibin.security.actors import Scope
from guibin.tags.announcing import TOLD, entering, leaving
from guibin.tags.imports.models import ImportMode, KeyKind, TagImport, TagImportReject
from guibin.tags.imports.rules import Given
from guibin.tags.models import CustomerTag, TagSource
from guibin.tags.sensitivity import consents_to_sensitive

Key = bytes | UUID
"""A keyed hash of an identifier, or the id of a customer."""

_STAGE: Final = "customer_id uuid, value text, probability numeric"
_REPLACED: Final = text(
    "UPDATE customer_tag t SET until = greatest(t.since, CAST(:day AS date)) FROM stage_tag_value g"
    " WHERE t.tag_code = :tag AND t.source = 'import' AND t.until IS NULL"
    " AND t.customer_id = g.customer_id AND t.value <> g.value"
    " RETURNING t.customer_id, t.tag_code, t.value, t.version"
).columns(*TOLD)
# `lasts_since` is NULL for a value that a customer comes to have, and not only keeps.
_GIVEN: Final = text(
    "SELECT g.customer_id, CAST(:tag AS text) AS tag_code, g.value, CAST(:version AS integer) AS version,"
    " g.probability, t.since AS lasts_since FROM stage_tag_value g"
    " LEFT JOIN customer_tag t ON t.tag_code = :tag AND t.source = 'import' AND t.until IS NULL"
    " AND t.customer_id = g.customer_id AND t.value = g.value"
).columns(*TOLD, column("probability", Numeric), column("lasts_since", Date))
_TOLD_AS: Final = TagReason.IMPORT
_MEMBERSHIP: Final = metadata.tables[CustomerTag.__tablename__]
_KEY: Final = ["customer_id", "tag_code", "source", "value", "since"]
_CHANGE: Final = metadata.tables[CustomerChange.__tablename__]
_WATCH: Final = metadata.tables[CustomerWatch.__tablename__]
_STAGED: Final = table("stage_tag_value", column("customer_id", Uuid))


async def owners_of(
    session: AsyncSession, scope: Scope, kind: KeyKind, keys: Collection[Key]
) -> dict[Key, frozenset[UUID]]:
    """Return which customers in scope each key names; `keys` are keyed hashes, or ids of customers."""
    found: dict[Key, set[UUID]] = defaultdict(set)
    for key, customer_id in await _named(session, kind, list(keys)):
        found[key].add(customer_id)
    named = set[UUID]().union(*found.values())
    seen = select(Customer.id).where(
        col(Customer.id).in_(named), col(Customer.merged_into).is_(None), visible(scope, col(Customer.id))
    )
    in_scope = set((await session.exec(seen)).all()) if named else set()
    return {key: frozenset(owners & in_scope) for key, owners in found.items()}


async def _named(session: AsyncSession, kind: KeyKind, keys: list[Key]) -> list[tuple[Key, UUID]]:
    match kind:
        case KeyKind.CUSTOMER:
            return [(key, key) for key in keys if isinstance(key, UUID)]
        case KeyKind.CERTIFICATE:
            query = select(SourceRecord.certificate_idx, SourceRecord.customer_id).where(
                col(SourceRecord.certificate_idx).in_(keys), col(SourceRecord.ended_on).is_(None)
            )
        case KeyKind.PHONE:
            query = select(Customer.phone_idx, Customer.id).where(col(Customer.phone_idx).in_(keys))
        case _:
            refs = [key for key in keys if isinstance(key, bytes)]
            return [*(await customers_of_refs(session, refs)).items()]
    return [(key, customer_id) for key, customer_id in (await session.exec(query)).all() if key is not None]


async def consenting_among(session: AsyncSession, customer_ids: Collection[UUID]) -> set[UUID]:
    """Return those of some customers who consented to sensitive tags."""
    query = select(Customer.id).where(col(Customer.id).in_(customer_ids), consents_to_sensitive(col(Customer.id)))
    return set((await session.exec(query)).all()) if customer_ids else set()


async def begin_stage(session: AsyncSession) -> None:
    """Make room for what an import gives."""
    await stage(session, "stage_tag_value", _STAGE)


async def lay_out(session: AsyncSession, given: Sequence[Given]) -> None:
    """Lay out values that customers are given, each customer once in an import."""
    rows = ((one.customer_id, one.value, one.probability) for one in given)
    await copy_rows(session, "stage_tag_value", ("customer_id", "value", "probability"), rows)


async def write_staged(session: AsyncSession, made: TagImport, *, version: int, day: date) -> None:
    """Give customers what was laid out from a day on: a value that is the same goes on, confirmed, another one ends.

    Of a tag that publishes events it is told who comes to have a value and who has one no more.
    """
    await session.execute(text("ANALYZE stage_tag_value"))
    named = {"tag": made.tag_code, "day": day}
    replaced = _REPLACED.cte("replaced")
    await session.execute(select(func.count()).select_from(replaced).add_cte(leaving(replaced, _TOLD_AS)), named)
    given = _GIVEN.cte("given").prefix_with("MATERIALIZED")
    begun = select(*(given.c[one.name] for one in TOLD)).where(given.c.lasts_since.is_(None)).cte("begun")
    written = _written(given, made, day)
    statement = select(func.count()).select_from(begun)
    statement = statement.add_cte(written, entering(begun, _TOLD_AS), _noted(begun))
    await session.execute(statement, named | {"version": version})


def _noted(begun: CTE) -> CTE:
    """Note who has to be judged by the tags in real time: who has another value, not who keeps one."""
    whose = select(begun.c.customer_id).where(exists().select_from(_WATCH))
    return insert(_CHANGE).from_select(["customer_id"], whose, include_defaults=False).cte("noted")


def _written(given: CTE, made: TagImport, day: date) -> CTE:
    """Write what is given; a value that ended on the same day goes on instead."""
    row: dict[str, Any] = {name: given.c[name] for name in ("customer_id", "tag_code", "value", "version")}
    row |= {"source": literal(TagSource.IMPORT.value), "since": func.coalesce(given.c.lasts_since, literal(day))}
    row |= {"probability": given.c.probability, "confirmed_on": literal(day), "set_by": literal(made.made_by)}
    row |= {"expires_on": literal(made.expires_on, Date), "import_id": literal(made.id)}
    statement = insert(_MEMBERSHIP).from_select(list(row), select(*row.values()))
    written = {name: statement.excluded[name] for name in row if name not in _KEY} | {"until": null()}
    return statement.on_conflict_do_update(index_elements=_KEY, set_=written).cte("written")


async def end_others(session: AsyncSession, scope: Scope, *, code: str, day: date) -> list[UUID]:
    """End the imported values of customers in scope for whom nothing was laid out, and tell it; returns whose."""
    named = exists().where(_STAGED.c.customer_id == _MEMBERSHIP.c.customer_id)
    ended = (
        update(_MEMBERSHIP)
        .where(
            _MEMBERSHIP.c.tag_code == code,
            _MEMBERSHIP.c.source == TagSource.IMPORT,
            _MEMBERSHIP.c.until.is_(None),
            not_(named),
            visible(scope, _MEMBERSHIP.c.customer_id),
        )
        .values(until=func.greatest(_MEMBERSHIP.c.since, day))
        .returning(*TOLD)
        .cte("ended")
    )
    whose = select(ended.c.customer_id).distinct().order_by(ended.c.customer_id)
    return list((await session.execute(whose.add_cte(leaving(ended, _TOLD_AS)))).scalars())


async def find_same(
    session: AsyncSession, *, code: str, key: KeyKind, mode: ImportMode, sha256: bytes, since: datetime
) -> TagImport | None:
    """Return the import of a tag by which the same file was taken in the same way since an instant."""
    query = select(TagImport).where(
        TagImport.tag_code == code,
        TagImport.key_kind == key,
        TagImport.mode == mode,
        TagImport.sha256 == sha256,
        col(TagImport.made_at) >= since,
    )
    return (await session.exec(query.order_by(col(TagImport.id).desc()).limit(1))).first()


async def find_import(session: AsyncSession, *, code: str, import_id: UUID) -> TagImport | None:
    """Return an import of a tag."""
    query = select(TagImport).where(TagImport.tag_code == code, TagImport.id == import_id)
    return (await session.exec(query)).one_or_none()


async def list_rejects(
    session: AsyncSession, *, import_id: UUID, limit: int | None, after: int | None = None
) -> Sequence[TagImportReject]:
    """Return the rows of an imported file that gave nothing, by their lines, after a line; without a limit all."""
    query = select(TagImportReject).where(
        TagImportReject.import_id == import_id, col(TagImportReject.row) > (after or 0)
    )
    return (await session.exec(query.order_by(col(TagImportReject.row)).limit(limit))).all()


async def list_imports(
    session: AsyncSession, *, code: str, limit: int, before: UUID | None = None
) -> Sequence[TagImport]:
    """Return the imports of a tag, newest first."""
    statement = select(TagImport).where(TagImport.tag_code == code).order_by(col(TagImport.id).desc()).limit(limit)
    return (await session.exec(statement if before is None else statement.where(col(TagImport.id) < before))).all()
