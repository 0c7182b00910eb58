"""The SQL of redemptions: customers' data, so every function takes the scope of its caller."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, SQLColumnExpression, case, func, tuple_, update
from sqlalchemy import select as sql_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.clock import start_of_day
from guibin.core.errors import NotFound
from guibin.customers.origins import is_of
from guibin.customers.repository import visible
from guibin.points.models import AccountState, PointsAccount
from guibin.rights.life import COUNTED
from guibin.rights.models import Appointment, Period, Redemption, RedemptionBeneficiary, RedemptionState, RedemptionStep
from guibin.rights.offer import Usage, period_start
from guibin.rights.parts import Part
from guibin.security.actors import Scope


async def sum_usage(
    session: AsyncSession,
    scope: Scope,
    *,
    customer_id: UUID,
    right_ids: Collection[UUID],
    day: date,
    tier_since: date | None = None,
) -> dict[UUID, Usage]:
    """Return what a customer, and who became one with it, took of rights in the periods around a day, if anything."""
    starts = [period_start(period, day, tier_since) for period in Period]
    columns = [_sum_since(column, start) for start in starts for column in (_UNITS, _FREE_UNITS, _FREE_GUESTS)]
    query = (
        select(col(Redemption.right_id), *columns)
        .where(
            is_of(scope, col(Redemption.customer_id), customer_id),
            visible(scope, col(Redemption.customer_id)),
            col(Redemption.right_id).in_(right_ids),
            col(Redemption.state).in_(COUNTED),
        )
        .group_by(col(Redemption.right_id))
    )
    rows = (await session.execute(query)).all()
    return {row[0]: _usage(row[1:]) for row in rows}


_UNITS = col(Redemption.quantity) - col(Redemption.quantity_refunded)
_FREE_UNITS = col(Redemption.quota_used) - col(Redemption.quota_refunded)
_FREE_GUESTS = col(Redemption.guest_quota_used)
_PLACE_IN_LIFE = case({state: place for place, state in enumerate(RedemptionState)}, value=col(RedemptionStep.state))


def _sum_since(column: SQLColumnExpression[int], start: date | None) -> ColumnElement[int]:
    total = func.sum(column, type_=Integer)
    return func.coalesce(total if start is None else total.filter(col(Redemption.created_at) >= start_of_day(start)), 0)


def _usage(sums: Sequence[int]) -> Usage:
    units, free_units, free_guests = (dict(zip(Period, sums[first::3], strict=True)) for first in range(3))
    return Usage(units, free_units, free_guests)


async def find_beneficiary(
    session: AsyncSession, scope: Scope, *, redemption: Redemption
) -> RedemptionBeneficiary | None:
    """Return whom a redemption serves, where it is not the customer."""
    query = select(RedemptionBeneficiary).where(
        RedemptionBeneficiary.customer_id == redemption.customer_id,
        visible(scope, col(RedemptionBeneficiary.customer_id)),
        RedemptionBeneficiary.redemption_id == redemption.id,
    )
    return (await session.exec(query)).first()


async def insert_step(
    session: AsyncSession, redemption: Redemption, *, state: RedemptionState, at: datetime, actor_id: UUID
) -> None:
    """Add a step of a redemption's life."""
    session.add(
        RedemptionStep(
            customer_id=redemption.customer_id, redemption_id=redemption.id, state=state, at=at, actor_id=actor_id
        )
    )
    await session.flush()


def _redemptions(scope: Scope) -> Select[Redemption]:
    return sql_select(Redemption).where(visible(scope, col(Redemption.customer_id)))


async def get_redemption(session: AsyncSession, scope: Scope, *, redemption_id: UUID) -> Redemption:
    """Return one redemption.

    Raises:
        NotFound: there is none in scope.
    """
    query = _redemptions(scope).where(col(Redemption.id) == redemption_id)
    found: Redemption | None = (await session.execute(query)).scalars().first()
    if found is None:
        raise NotFound
    return found


async def list_redemptions(
    session: AsyncSession,
    scope: Scope,
    *,
    limit: int,
    before: tuple[datetime, UUID] | None = None,
    customer_id: UUID | None = None,
    right_id: UUID | None = None,
    state: RedemptionState | None = None,
    slot_id: UUID | None = None,
) -> Sequence[Redemption]:
    """Return redemptions in scope, newest first."""
    wanted = {Redemption.right_id: right_id, Redemption.state: state}
    query = _redemptions(scope).where(*(col(column) == value for column, value in wanted.items() if value is not None))
    if customer_id is not None:
        query = query.where(is_of(scope, col(Redemption.customer_id), customer_id))
    if slot_id is not None:
        booked = sql_select(col(Appointment.redemption_id)).where(
            col(Appointment.customer_id) == col(Redemption.customer_id),
            col(Appointment.redemption_id) == col(Redemption.id),
            col(Appointment.right_id) == col(Redemption.right_id),
            col(Appointment.slot_id) == slot_id,
        )
        query = query.where(booked.exists())
    if before is not None:
        query = query.where(tuple_(col(Redemption.created_at), col(Redemption.id)) < before)
    query = query.order_by(col(Redemption.created_at).desc(), col(Redemption.id).desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def find_account_states(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> dict[str, AccountState]:
    """Return by wallet whether a customer's accounts may move; wallets without an account are missing."""
    query = select(PointsAccount.wallet, PointsAccount.state).where(
        PointsAccount.customer_id == customer_id, visible(scope, col(PointsAccount.customer_id))
    )
    return {wallet: AccountState(state) for wallet, state in (await session.exec(query)).all()}


async def steps_of_redemption(
    session: AsyncSession, scope: Scope, *, redemption: Redemption
) -> Sequence[RedemptionStep]:
    """Return the steps of a redemption's life, the first one first."""
    query = (
        select(RedemptionStep)
        .where(
            RedemptionStep.customer_id == redemption.customer_id,
            visible(scope, col(RedemptionStep.customer_id)),
            RedemptionStep.redemption_id == redemption.id,
        )
        .order_by(col(RedemptionStep.at), _PLACE_IN_LIFE)
    )
    return (await session.exec(query)).all()


async def lock_redemption(session: AsyncSession, scope: Scope, *, customer_id: UUID, redemption_id: UUID) -> Redemption:
    """Lock one redemption and return it as it stands now.

    Raises:
        NotFound: there is none in scope.
    """
    query = (
        select(Redemption)
        .where(
            Redemption.customer_id == customer_id,
            visible(scope, col(Redemption.customer_id)),
            Redemption.id == redemption_id,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = (await session.exec(query)).first()
    if found is None:
        raise NotFound
    return found


async def update_state(session: AsyncSession, redemption: Redemption, *, state: RedemptionState) -> None:
    """Write the state of a locked redemption."""
    await session.execute(
        update(Redemption)
        .where(col(Redemption.customer_id) == redemption.customer_id, col(Redemption.id) == redemption.id)
        .values(state=state)
    )


async def confirm(
    session: AsyncSession, redemption: Redemption, *, entry_id: UUID, at: datetime, actor_id: UUID
) -> None:
    """Write that a locked redemption is confirmed, its money being paid, with the entry that spent its points."""
    await session.execute(
        update(Redemption)
        .where(col(Redemption.customer_id) == redemption.customer_id, col(Redemption.id) == redemption.id)
        .values(state=RedemptionState.CONFIRMED, entry_id=entry_id)
    )
    await insert_step(session, redemption, state=RedemptionState.CONFIRMED, at=at, actor_id=actor_id)


async def fulfil(session: AsyncSession, rows: Sequence[Redemption], *, at: datetime, actor_id: UUID) -> None:
    """Write that locked redemptions are fulfilled, each with the step of its life."""
    keys = [(row.customer_id, row.id) for row in rows]
    await session.execute(
        update(Redemption)
        .where(tuple_(col(Redemption.customer_id), col(Redemption.id)).in_(keys))
        .values(state=RedemptionState.FULFILLED)
        .execution_options(synchronize_session="fetch")
    )
    session.add_all(
        RedemptionStep(
            customer_id=row.customer_id,
            redemption_id=row.id,
            state=RedemptionState.FULFILLED,
            at=at,
            actor_id=actor_id,
        )
        for row in rows
    )
    await session.flush()


async def update_refunded(session: AsyncSession, redemption: Redemption, part: Part) -> None:
    """Note on a locked redemption what is given back of it."""
    await session.execute(
        update(Redemption)
        .where(col(Redemption.customer_id) == redemption.customer_id, col(Redemption.id) == redemption.id)
        .values(
            quantity_refunded=redemption.quantity_refunded + part.units,
            quota_refunded=redemption.quota_refunded + part.quota,
            points_refunded=redemption.points_refunded + part.points,
        )
    )
