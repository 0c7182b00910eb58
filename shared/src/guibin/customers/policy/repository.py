"""The SQL of the policy: its versions, and how far the customers are composed by the newest one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.terms.repository import newest
from guibin.core.lines import Line
from guibin.customers.models import Gender, IdentityPolicyVersion
from guibin.customers.personal import FIELDS
from guibin.customers.policy.rules import DEFAULT, IdentityPolicy, PolicyField


@dataclass(frozen=True, slots=True)
class Telling:
    """Of which fields a record says something; not what."""

    line: Line
    as_of: date
    is_ended: bool
    fields: frozenset[PolicyField]


async def policy_in_force(session: AsyncSession) -> IdentityPolicy:
    """Return the terms in force."""
    found = await newest(session, IdentityPolicyVersion)
    return DEFAULT if found is None else IdentityPolicy.model_validate(found.terms)


async def customers_after(session: AsyncSession, *, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Return ids of customers who stand for themselves, in their order."""
    statement = text(
        "SELECT id FROM customer WHERE merged_into IS NULL AND erased_at IS NULL"
        " AND id > coalesce(CAST(:after AS uuid), '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT :limit"
    )
    return [row[0] for row in await session.execute(statement, {"after": after, "limit": limit})]


async def count_records(session: AsyncSession, customer_ids: Sequence[UUID]) -> int:
    """Count the source records of customers."""
    statement = text("SELECT count(*) FROM source_record WHERE customer_id = ANY(CAST(:ids AS uuid[]))")
    count: int = (await session.execute(statement, {"ids": list(customer_ids)})).scalar_one()
    return count


async def tellings_of(session: AsyncSession, *, customer_id: UUID) -> list[Telling]:
    """Return of which fields each record of a customer says something; nothing is decrypted."""
    told = ", ".join(f"{name}_enc IS NOT NULL AS {name}" for name in FIELDS)
    statement = text(
        f"SELECT {told}, city_code IS NOT NULL AS city_code, gender <> '{Gender.UNKNOWN}' AS gender,"  # noqa: S608 - our own columns
        " line, as_of, ended_on FROM source_record WHERE customer_id = :customer_id"
    )
    return [
        Telling(
            Line(row.line),
            row.as_of,
            row.ended_on is not None,
            frozenset(field for field in PolicyField if getattr(row, field)),
        )
        for row in await session.execute(statement, {"customer_id": customer_id})
    ]
