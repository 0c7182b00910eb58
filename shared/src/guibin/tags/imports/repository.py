"""SQL of imports: whom identifiers name, and the values that are written at once."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, column, exists, func, not_, table, text, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.bulk import copy_rows, stage
from guibin.customers.models import Customer, SourceRecord
from guibin.customers.repository import customers_of_refs, visible
from guibin.security.actors import Scope
from guibin.tags.imports.models import ImportMode, KeyKind, TagImport, TagImportReject
from guibin.tags.imports.rules import Given
from guibin.tags.models import CustomerTag, TagSource
from guibin.tags.sensitivity import consents_to_sensitive

Key = bytes | UUID
"""A keyed hash of an identifier, or the id of a customer."""

_STAGE: Final = "customer_id uuid, value text, probability numeric"
_REPLACE: Final = text(
    "UPDATE customer_tag t SET until = greatest(t.since, CAST(:day AS date)) FROM stage_tag_value g"
    " WHERE t.tag_code = :tag AND t.source = 'import' AND t.until IS NULL"
    " AND t.customer_id = g.customer_id AND t.value <> g.value"
)
_WRITE: Final = text(
    "INSERT INTO customer_tag (customer_id, tag_code, source, value, since, version, set_by, confirmed_on,"
    " expires_on, probability, import_id)"
    " SELECT g.customer_id, :tag, 'import', g.value, coalesce(t.since, CAST(:day AS date)), CAST(:version AS integer),"
    " CAST(:maker AS uuid), CAST(:day AS date), CAST(:expires AS date), g.probability, CAST(:import AS uuid)"
    " FROM stage_tag_value g"
    " LEFT JOIN customer_tag t ON t.tag_code = :tag AND t.source = 'import' AND t.until IS NULL"
    " AND t.customer_id = g.customer_id AND t.value = g.value"
    " ON CONFLICT (customer_id, tag_code, source, value, since) DO UPDATE SET until = NULL, version = excluded.version,"
    " set_by = excluded.set_by, confirmed_on = excluded.confirmed_on, expires_on = excluded.expires_on,"
    " probability = excluded.probability, import_id = excluded.import_id"
)
_NOTE: Final = text(
    "INSERT INTO customer_change (customer_id) SELECT customer_id FROM stage_tag_value"
    " WHERE EXISTS (SELECT FROM customer_watch)"
)
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
    """Give customers what was laid out from a day on: a value that is the same goes on, confirmed, another one ends."""
    await session.execute(text("ANALYZE stage_tag_value"))
    await session.execute(_REPLACE, {"tag": made.tag_code, "day": day})
    written = {"version": version, "maker": made.made_by, "expires": made.expires_on, "import": made.id}
    await session.execute(_WRITE, {"tag": made.tag_code, "day": day} | written)
    await session.execute(_NOTE)


async def end_others(session: AsyncSession, scope: Scope, *, code: str, day: date) -> list[UUID]:
    """End the imported values of customers in scope for whom nothing was laid out; returns whose."""
    named = exists().where(_STAGED.c.customer_id == col(CustomerTag.customer_id))
    ended = (
        update(CustomerTag)
        .where(
            col(CustomerTag.tag_code) == code,
            col(CustomerTag.source) == TagSource.IMPORT,
            col(CustomerTag.until).is_(None),
            not_(named),
            visible(scope, col(CustomerTag.customer_id)),
        )
        .values(until=func.greatest(col(CustomerTag.since), day))
        .returning(col(CustomerTag.customer_id))
        .execution_options(synchronize_session=False)
    )
    return sorted(set((await session.execute(ended)).scalars()))


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
