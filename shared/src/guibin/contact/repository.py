"""All SQL of the contact policy. The facts of one customer and of a hundred thousand come by one statement."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.terms.repository import newest
from guibin.contact.models import (
    ContactDecision,
    ContactPolicy,
    ContactPreference,
    ContactState,
)
from guibin.contact.rules import CONSENTED_AS, DEFAULT_TERMS, Facts, Plan, Quiet, Span, Terms
from guibin.core.errors import NotFound
from guibin.core.zone import business_day
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.privacy.models import Purpose
from guibin.security.actors import Scope

Moment = tuple[datetime, UUID]

# Whoever was merged into a customer counts along: its offers, its wishes, what was allowed for it.
_FACTS: Final = text(
    """
    WITH asked AS (SELECT DISTINCT id FROM unnest(CAST(:ids AS uuid[])) AS given (id)),
    family AS (
        SELECT id AS root, id FROM asked
        UNION ALL
        SELECT a.id, c.id FROM asked a JOIN customer c ON c.merged_into = a.id
    ),
    restricted AS (
        SELECT r.customer_id, bool_or(k.blocks_message) AS message, bool_or(k.blocks_call) AS call,
            bool_or(k.blocks_service) AS service
        FROM asked a JOIN customer_restriction r ON r.customer_id = a.id JOIN restriction_kind k ON k.code = r.kind
        WHERE r.valid_from <= :day AND (r.valid_to IS NULL OR r.valid_to > :day)
        GROUP BY r.customer_id
    ),
    word AS (
        SELECT DISTINCT ON (w.customer_id) w.customer_id, w.state
        FROM asked a JOIN consent w ON w.customer_id = a.id
        WHERE w.purpose = :purpose AND w.channel = :consented_as
        ORDER BY w.customer_id, w.recorded_at DESC, w.id DESC
    ),
    wish AS (
        SELECT DISTINCT ON (f.root) f.root, p.no_calls, p.quiet_from, p.quiet_to
        FROM family f JOIN contact_preference p ON p.customer_id = f.id
        ORDER BY f.root, p.updated_at DESC
    ),
    offered AS (
        SELECT f.root,
            count(*) FILTER (WHERE d.at >= :month AND d.at < :month_end) AS in_all,
            count(*) FILTER (WHERE d.at >= :month AND d.at < :month_end AND d.channel = ANY(CAST(:counted AS text[])))
                AS on_channel,
            count(*) FILTER (WHERE d.subject = :subject) AS of_subject
        FROM family f JOIN contact_decision d ON d.customer_id = f.id
        WHERE d.purpose = 'selling' AND d.at >= :quarter AND d.at < :quarter_end AND d.state IN ('held', 'sent')
            AND (d.state = 'sent' OR d.held_until > :now)
        GROUP BY f.root
    ),
    allowed AS (
        SELECT f.root, sum(w.extra) AS extra
        FROM family f JOIN contact_allowance w ON w.customer_id = f.id
        WHERE w.channel = :counted_as AND w.begins_at <= :at AND w.ends_at > :at
        GROUP BY f.root
    )
    SELECT c.id, c.status = 'deceased' OR c.data_key IS NULL OR c.merged_into IS NOT NULL AS gone,
        coalesce(r.message, false) AS blocks_message, coalesce(r.call, false) AS blocks_call,
        coalesce(r.service, false) AS blocks_service, coalesce(w.state = 'granted', false) AS consented,
        coalesce(p.no_calls, false) AS no_calls, p.quiet_from, p.quiet_to,
        coalesce(o.on_channel, 0) AS on_channel, coalesce(o.in_all, 0) AS in_all,
        coalesce(o.of_subject, 0) AS of_subject, coalesce(e.extra, 0) AS extra
    FROM asked a JOIN customer c ON c.id = a.id
    LEFT JOIN restricted r ON r.customer_id = a.id
    LEFT JOIN word w ON w.customer_id = a.id
    LEFT JOIN wish p ON p.root = a.id
    LEFT JOIN offered o ON o.root = a.id
    LEFT JOIN allowed e ON e.root = a.id
    """
)


@dataclass(frozen=True, slots=True)
class Policy:
    """The terms in force and their version; 0 where a bank has none yet."""

    version: int
    terms: Terms


async def policy_in_force(session: AsyncSession) -> Policy:
    """Return the newest version."""
    row = await newest(session, ContactPolicy)
    return Policy(0, DEFAULT_TERMS) if row is None else Policy(row.version, Terms.model_validate(row.terms))


async def facts_of(
    session: AsyncSession, customer_ids: Collection[UUID], plan: Plan, *, at: datetime, now: datetime
) -> Mapping[UUID, Facts]:
    """Return how customers stand to a plan at a moment; ids of nobody are left out.

    A place that is held counts until its time is over at `now`.
    """
    span, channel = Span.of(at), plan.channel.counted_as
    bound: dict[str, Any] = {
        "ids": list(customer_ids),
        "day": business_day(at),
        "purpose": Purpose.MARKETING,
        "consented_as": CONSENTED_AS.get(plan.channel),
        "counted_as": channel,
        "counted": [one for one in type(channel) if one.counted_as is channel],
        "subject": plan.subject,
        "month": span.month,
        "month_end": span.month_end,
        "quarter": span.quarter,
        "quarter_end": span.quarter_end,
        "at": at,
        "now": now,
    }
    return {row.id: _facts(row) for row in await session.execute(_FACTS, bound)}


def _facts(row: Any) -> Facts:
    return Facts(
        gone=row.gone,
        blocks_message=row.blocks_message,
        blocks_call=row.blocks_call,
        blocks_service=row.blocks_service,
        consented=row.consented,
        no_calls=row.no_calls,
        quiet=None if row.quiet_from is None else Quiet(start=row.quiet_from, end=row.quiet_to),
        on_channel=row.on_channel,
        in_all=row.in_all,
        of_subject=row.of_subject,
        extra=row.extra,
    )


async def customers_named(session: AsyncSession, scope: Scope, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return for each of some ids the customer whom it stands for today: who was merged is the one it became.

    Raises:
        NotFound: one of them is nobody in scope.
    """
    seen = visible(scope, col(Customer.id), col(Customer.branch_id))
    whole = func.coalesce(col(Customer.merged_into), col(Customer.id))
    rows = await session.execute(select(Customer.id, whole).where(col(Customer.id).in_(set(ids)), seen))
    found: dict[UUID, UUID] = {row[0]: row[1] for row in rows}
    beyond = set(found.values()) - found.keys()
    if beyond:
        beyond -= set((await session.exec(select(Customer.id).where(col(Customer.id).in_(beyond), seen))).all())
    if beyond or found.keys() != set(ids):
        raise NotFound
    return found


async def family_of(session: AsyncSession, customer_id: UUID) -> list[UUID]:
    """Return a customer and all who were merged into it."""
    query = select(Customer.id).where(or_(col(Customer.id) == customer_id, col(Customer.merged_into) == customer_id))
    return list((await session.exec(query)).all())


async def find_decision(session: AsyncSession, scope: Scope, decision_id: UUID) -> ContactDecision:
    """Return a decision of a customer in scope.

    Raises:
        NotFound: there is none.
    """
    query = select(ContactDecision).where(
        ContactDecision.id == decision_id, visible(scope, col(ContactDecision.customer_id))
    )
    found = (await session.exec(query)).first()
    if found is None:
        raise NotFound
    return found


async def end_held(
    session: AsyncSession, *, customer_id: UUID, decision_id: UUID, state: ContactState, at: datetime
) -> bool:
    """End a place that is held still; False where it is not."""
    statement = (
        update(ContactDecision)
        .where(
            col(ContactDecision.customer_id) == customer_id,
            col(ContactDecision.id) == decision_id,
            col(ContactDecision.state) == ContactState.HELD,
            col(ContactDecision.held_until) > at,
        )
        .values(state=state, ended_at=at)
        .returning(col(ContactDecision.id))
    )
    return (await session.execute(statement)).first() is not None


async def release_lapsed(session: AsyncSession, *, now: datetime, limit: int) -> int:
    """Release places whose time is over; returns how many."""
    due = (
        select(ContactDecision.customer_id, ContactDecision.id)
        .where(ContactDecision.state == ContactState.HELD, col(ContactDecision.held_until) <= now)
        .order_by(col(ContactDecision.held_until))
        .limit(limit)
    )
    keys = (await session.exec(due)).all()
    statement = update(ContactDecision).where(
        tuple_(col(ContactDecision.customer_id), col(ContactDecision.id)).in_(keys),
        col(ContactDecision.state) == ContactState.HELD,
    )
    if keys:
        await session.execute(statement.values(state=ContactState.RELEASED, ended_at=now))
    return len(keys)


async def list_decisions(
    session: AsyncSession,
    *,
    customer_ids: Collection[UUID],
    states: Collection[ContactState],
    before: Moment | None,
    limit: int,
) -> Sequence[ContactDecision]:
    """Return decisions about some customers, the newest first."""
    decision = ContactDecision
    query = (
        select(decision)
        .where(col(decision.customer_id).in_(customer_ids), col(decision.state).in_(states))
        .order_by(col(decision.decided_at).desc(), col(decision.id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(col(decision.decided_at), col(decision.id)) < before)
    return (await session.exec(query)).all()


async def count_suppressed(session: AsyncSession, scope: Scope, *, since: datetime, until: datetime) -> dict[str, int]:
    """Return how often each reason kept somebody from being reached, among the customers in scope."""
    reason = func.unnest(col(ContactDecision.reasons)).label("reason")
    rows = (
        select(reason)
        .where(
            ContactDecision.state == ContactState.REFUSED,
            col(ContactDecision.decided_at) >= since,
            col(ContactDecision.decided_at) < until,
            visible(scope, col(ContactDecision.customer_id)),
        )
        .subquery()
    )
    counted = await session.execute(select(rows.c.reason, func.count()).group_by(rows.c.reason))
    return {str(name): int(count) for name, count in counted}


async def find_preference(session: AsyncSession, customer_ids: Collection[UUID]) -> ContactPreference | None:
    """Return the newest wish of those who are one customer."""
    query = (
        select(ContactPreference)
        .where(col(ContactPreference.customer_id).in_(customer_ids))
        .order_by(col(ContactPreference.updated_at).desc())
        .limit(1)
    )
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def put_preference(session: AsyncSession, row: ContactPreference) -> None:
    """Write a customer's wish in place of what it was."""
    values = row.model_dump()
    others = {name: value for name, value in values.items() if name != "customer_id"}
    statement = insert(ContactPreference).values(values)
    await session.execute(statement.on_conflict_do_update(index_elements=["customer_id"], set_=others))
