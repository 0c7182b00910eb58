"""SQL of imports: whom identifiers name, and the values that are written at once."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer, SourceRecord
from guibin.customers.repository import customers_of_refs, visible
from guibin.security.actors import Scope
from guibin.tags.imports.models import KeyKind, TagImport
from guibin.tags.imports.rules import Given
from guibin.tags.models import CustomerTag, TagSource
from guibin.tags.sensitivity import consents_to_sensitive

Key = bytes | UUID
"""A keyed hash of an identifier, or the id of a customer."""

_REPLACE: Final = text(
    "UPDATE customer_tag t SET until = greatest(t.since, CAST(:day AS date))"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:values AS text[])) AS g(customer_id, value)"
    " WHERE t.tag_code = :tag AND t.source = 'import' AND t.until IS NULL"
    " AND t.customer_id = g.customer_id AND t.value <> g.value"
)
_END_OTHERS: Final = text(
    "UPDATE customer_tag t SET until = greatest(t.since, CAST(:day AS date))"
    " WHERE t.tag_code = :tag AND t.source = 'import' AND t.until IS NULL"
    " AND t.customer_id = ANY(CAST(:others AS uuid[]))"
)
_WRITE: Final = text(
    "INSERT INTO customer_tag (customer_id, tag_code, source, value, since, version, set_by, confirmed_on,"
    " expires_on, probability, import_id)"
    " SELECT g.customer_id, :tag, 'import', g.value, coalesce(t.since, CAST(:day AS date)), CAST(:version AS integer),"
    " CAST(:maker AS uuid), CAST(:day AS date), CAST(:expires AS date), g.probability, CAST(:import AS uuid)"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:values AS text[]), CAST(:probabilities AS numeric[]))"
    " AS g(customer_id, value, probability)"
    " LEFT JOIN customer_tag t ON t.tag_code = :tag AND t.source = 'import' AND t.until IS NULL"
    " AND t.customer_id = g.customer_id AND t.value = g.value"
    " ON CONFLICT (customer_id, tag_code, source, value, since) DO UPDATE SET until = NULL, version = excluded.version,"
    " set_by = excluded.set_by, confirmed_on = excluded.confirmed_on, expires_on = excluded.expires_on,"
    " probability = excluded.probability, import_id = excluded.import_id"
)


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


async def holders_of(session: AsyncSession, scope: Scope, *, code: str) -> set[UUID]:
    """Return the customers in scope who have an imported value of a tag now."""
    lasting = select(CustomerTag.customer_id).where(
        CustomerTag.tag_code == code, CustomerTag.source == TagSource.IMPORT, col(CustomerTag.until).is_(None)
    )
    held = set((await session.exec(lasting)).all())
    seen = select(Customer.id).where(col(Customer.id).in_(held), visible(scope, col(Customer.id)))
    return set((await session.exec(seen)).all()) if held else set()


async def write_given(
    session: AsyncSession, made: TagImport, given: Sequence[Given], *, version: int, day: date
) -> None:
    """Give customers their values from a day on: a value that is the same goes on, confirmed, another one ends."""
    values = {
        "customers": [one.customer_id for one in given],
        "values": [one.value for one in given],
        "tag": made.tag_code,
        "day": day,
    }
    await session.execute(_REPLACE, values)
    written = {
        "probabilities": [one.probability for one in given],
        "version": version,
        "maker": made.made_by,
        "expires": made.expires_on,
        "import": made.id,
    }
    await session.execute(_WRITE, values | written)


async def end_others(session: AsyncSession, *, code: str, others: Collection[UUID], day: date) -> None:
    """End the imported values of some customers."""
    await session.execute(_END_OTHERS, {"tag": code, "others": list(others), "day": day})


async def list_imports(
    session: AsyncSession, *, code: str, limit: int, before: UUID | None = None
) -> Sequence[TagImport]:
    """Return the imports of a tag, newest first."""
    statement = select(TagImport).where(TagImport.tag_code == code).order_by(col(TagImport.id).desc()).limit(limit)
    return (await session.exec(statement if before is None else statement.where(col(TagImport.id) < before))).all()
