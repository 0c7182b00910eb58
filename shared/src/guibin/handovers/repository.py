"""All SQL of handovers: opened and listed from records, for many customers in a few statements."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, text, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.arrays import among
from guibin.core.errors import NotFound
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.handovers.models import Handover, HandoverItem, HandoverState
from guibin.managers.models import Manager
from guibin.organisation.models import Staff
from guibin.security.actors import Scope

MATURES_WITHIN: Final = timedelta(days=90)
GIFTS_SINCE: Final = timedelta(days=365)

_FAMILY: Final = (
    "unnest(CAST(:origins AS uuid[]), CAST(:customers AS uuid[]), CAST(:handovers AS uuid[]))"
    " AS k(origin_id, customer_id, handover_id)"
)
_ITEMS: Final = tuple(
    text(
        "INSERT INTO handover_item (customer_id, handover_id, kind, subject_id, due_on, state)"  # noqa: S608 - own words
        f" SELECT k.customer_id, k.handover_id, '{kind}', t.id, {due}, {state} FROM {_FAMILY}"
        f" JOIN {table} t ON t.customer_id = k.origin_id WHERE {which} ON CONFLICT DO NOTHING"
    )
    for kind, table, due, state, which in (
        ("complaint", "complaint", "t.resolve_due_on", "t.state", "t.state <> 'closed'"),
        ("promise", "promise", "t.due_on", "t.state", "t.state = 'open'"),
        ("need", "need", "t.due_on", "t.state", "t.state IN ('open', 'proposed')"),
        ("task", "care_task", "t.due_on", "t.state", "t.state = 'open'"),
        ("opportunity", "opportunity", "t.due_on", "t.state", "t.state = 'open'"),
        (
            *("maturity", "holding", "t.matures_on", "t.status"),
            "t.status = 'active' AND t.matures_on BETWEEN :day AND :matures_until",
        ),
        (
            *("redemption", "redemption", "t.valid_until", "t.state"),
            "t.state IN ('awaiting_payment', 'confirmed', 'in_fulfilment')",
        ),
        ("gift", "gift_handover", "CAST(NULL AS date)", "t.state", "t.created_at >= :gifts_since"),
        (
            *("link", "customer_link", "CAST(NULL AS date)", "t.kind"),
            "t.valid_from <= :day AND (t.valid_to IS NULL OR t.valid_to > :day)",
        ),
    )
)
_SUPERSEDE: Final = text(
    "UPDATE handover h SET state = 'superseded', revision = h.revision + 1"
    " FROM unnest(CAST(:customers AS uuid[])) AS k(customer_id)"
    " WHERE h.customer_id = k.customer_id AND h.state = 'open' RETURNING h.id"
)
_REOPEN: Final = text(
    "UPDATE handover SET state = 'open', revision = revision + 1 WHERE customer_id = :customer_id"
    " AND id = ANY(CAST(:ids AS uuid[])) AND state = 'superseded'"
)
_OPEN: Final = text(
    "INSERT INTO handover (customer_id, id, giver_id, taker_id, reason, on_day, due_on, joint_until, state, created_at,"
    " revision) SELECT k.customer_id, k.id, k.giver_id, k.taker_id, k.reason, k.on_day, :due_on,"
    " k.joint_until, 'open', :at, 1"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:ids AS uuid[]), CAST(:givers AS uuid[]), CAST(:takers AS uuid[]),"
    " CAST(:reasons AS text[]), CAST(:days AS date[]), CAST(:joint AS date[]))"
    " AS k(customer_id, id, giver_id, taker_id, reason, on_day, joint_until)"
)
_OVERDUE: Final = text(
    "UPDATE handover SET escalated_on = :day WHERE state = 'open' AND due_on < :day AND escalated_on IS NULL"
    " RETURNING customer_id, id, due_on"
)


@dataclass(frozen=True, slots=True)
class NewHandover:
    """A customer who goes from a giver to a taker."""

    customer_id: UUID
    id: UUID
    giver_id: UUID
    taker_id: UUID
    reason: str
    on_day: date
    joint_until: date


@dataclass(frozen=True, slots=True)
class Parties:
    """A handover with the members of staff on both sides, and whether the giver still works as a manager."""

    row: Handover
    giver_staff_id: UUID
    taker_staff_id: UUID
    giver_is_gone: bool


async def supersede(session: AsyncSession, *, customer_ids: Collection[UUID]) -> list[UUID]:
    """Let another change of managers take the place of handovers that wait for a signature."""
    rows = await session.execute(_SUPERSEDE, {"customers": list(customer_ids)})
    return [row[0] for row in rows]


async def reopen(session: AsyncSession, *, customer_id: UUID, ids: Collection[str]) -> None:
    """Let handovers of a customer wait again."""
    await session.execute(_REOPEN, {"customer_id": customer_id, "ids": list(ids)})


async def open_many(
    session: AsyncSession, opened: Sequence[NewHandover], *, due_on: date, at: datetime, today: date
) -> None:
    """Open handovers and put on their lists what stands in the records, in a statement for each kind."""
    connection = await session.connection()
    await connection.execute(
        _OPEN,
        {
            "customers": [one.customer_id for one in opened],
            "ids": [one.id for one in opened],
            "givers": [one.giver_id for one in opened],
            "takers": [one.taker_id for one in opened],
            "reasons": [one.reason for one in opened],
            "days": [one.on_day for one in opened],
            "due_on": due_on,
            "joint": [one.joint_until for one in opened],
            "at": at,
        },
    )
    of_customer = {one.customer_id: one.id for one in opened}
    query = select(Customer.id, Customer.merged_into).where(among(col(Customer.merged_into), of_customer))
    family = [(one, one) for one in of_customer]
    family += [(origin, survivor) for origin, survivor in (await session.exec(query)).all() if survivor is not None]
    bound = {
        "origins": [origin for origin, _ in family],
        "customers": [survivor for _, survivor in family],
        "handovers": [of_customer[survivor] for _, survivor in family],
        "day": today,
        "matures_until": today + MATURES_WITHIN,
        "gifts_since": at - GIFTS_SINCE,
    }
    for statement in _ITEMS:
        named = {name: value for name, value in bound.items() if f":{name}" in statement.text}
        await connection.execute(statement, named)


async def escalate(session: AsyncSession, *, day: date) -> list[tuple[UUID, UUID, date]]:
    """Mark the handovers that are overdue on a day for the first time; returns (customer, handover, due day)."""
    return [(row[0], row[1], row[2]) for row in await session.execute(_OVERDUE, {"day": day})]


async def managers_of_staff(session: AsyncSession, *, staff_id: UUID) -> Sequence[UUID]:
    """Return as which manager somebody works or worked; at most one."""
    return (await session.exec(select(Manager.id).where(Manager.staff_id == staff_id))).all()


async def find(
    session: AsyncSession, scope: Scope, *, handover_id: UUID, managers: Collection[UUID], lock: bool = False
) -> Parties:
    """Return a handover of a customer in scope, or one in which some managers give or take.

    Raises:
        NotFound: there is none.
    """
    query = select(Handover).where(Handover.id == handover_id, _reached(scope, managers))
    query = query.with_for_update() if lock else query
    row = (await session.exec(query.execution_options(populate_existing=True))).first()
    if row is None:
        raise NotFound
    people = (
        select(Manager.id, Manager.staff_id, and_(col(Manager.active), col(Staff.active)))
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .where(col(Manager.id).in_((row.giver_id, row.taker_id)))
    )
    by_id = {one[0]: one for one in (await session.exec(people)).all()}
    giver, taker = by_id[row.giver_id], by_id[row.taker_id]
    return Parties(row, giver[1], taker[1], giver_is_gone=not giver[2])


async def list_handovers(
    session: AsyncSession,
    scope: Scope,
    *,
    managers: Collection[UUID],
    state: HandoverState | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Handover]:
    """Return the handovers of customers in scope and those in which some managers give or take, newest first."""
    query = select(Handover).where(_reached(scope, managers))
    if state is not None:
        query = query.where(Handover.state == state)
    if before is not None:
        query = query.where(tuple_(col(Handover.created_at), col(Handover.id)) < before)
    query = query.order_by(col(Handover.created_at).desc(), col(Handover.id).desc()).limit(limit)
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def items_of(session: AsyncSession, row: Handover) -> Sequence[HandoverItem]:
    """Return what stands on a list, by kind and day."""
    query = select(HandoverItem).where(HandoverItem.customer_id == row.customer_id, HandoverItem.handover_id == row.id)
    order = (col(HandoverItem.kind), col(HandoverItem.due_on), col(HandoverItem.subject_id))
    return (await session.exec(query.order_by(*order))).all()


async def told_of(session: AsyncSession, *, customer_id: UUID, lock: bool = False) -> Handover | None:
    """Return the last handover of which a customer was told."""
    states = (HandoverState.SIGNED, HandoverState.CONFIRMED)
    query = (
        select(Handover)
        .where(Handover.customer_id == customer_id, col(Handover.state).in_(states))
        .order_by(col(Handover.created_at).desc())
        .limit(1)
    )
    query = query.with_for_update() if lock else query
    return (await session.exec(query.execution_options(populate_existing=True))).first()


def _reached(scope: Scope, managers: Collection[UUID]) -> ColumnElement[bool]:
    return or_(
        visible(scope, col(Handover.customer_id)),
        col(Handover.giver_id).in_(managers),
        col(Handover.taker_id).in_(managers),
    )
