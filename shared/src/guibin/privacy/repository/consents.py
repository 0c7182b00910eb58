"""The SQL of consents: the newest row of a purpose and a channel counts."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.repository import visible
from guibin.privacy.models import Consent, ConsentChannel, ConsentState, ConsentText, Purpose
from guibin.security.actors import Scope


async def texts_in_force(session: AsyncSession) -> dict[Purpose, ConsentText]:
    """Return the newest text of each purpose."""
    query = (
        select(ConsentText)
        .ext(distinct_on(col(ConsentText.purpose)))
        .order_by(col(ConsentText.purpose), col(ConsentText.version).desc())
    )
    return {Purpose(row.purpose): row for row in (await session.exec(query)).all()}


async def latest_consents(
    session: AsyncSession, scope: Scope, *, customer_id: UUID
) -> dict[tuple[Purpose, ConsentChannel], Consent]:
    """Return the customer's newest word on each purpose and channel; what is `unsaid` is none."""
    query = (
        select(Consent)
        .where(Consent.customer_id == customer_id, visible(scope, col(Consent.customer_id)))
        .ext(distinct_on(col(Consent.purpose), col(Consent.channel)))
        .order_by(col(Consent.purpose), col(Consent.channel), col(Consent.recorded_at).desc(), col(Consent.id).desc())
    )
    rows = (await session.exec(query)).all()
    return {
        (Purpose(row.purpose), ConsentChannel(row.channel)): row for row in rows if row.state != ConsentState.UNSAID
    }


async def list_history(session: AsyncSession, scope: Scope, *, customer_id: UUID, limit: int) -> Sequence[Consent]:
    """Return what a customer said, the newest first."""
    query = (
        select(Consent)
        .where(Consent.customer_id == customer_id, visible(scope, col(Consent.customer_id)))
        .order_by(col(Consent.recorded_at).desc(), col(Consent.id).desc())
        .limit(limit)
    )
    return (await session.exec(query)).all()


async def has_consent(
    session: AsyncSession, customer_id: UUID, purpose: Purpose, channel: ConsentChannel = ConsentChannel.ANY
) -> bool:
    """Tell whether a customer's newest word on a purpose and a channel is yes; silence is no."""
    query = (
        select(Consent.state)
        .where(Consent.customer_id == customer_id, Consent.purpose == purpose, Consent.channel == channel)
        .order_by(col(Consent.recorded_at).desc(), col(Consent.id).desc())
        .limit(1)
    )
    return (await session.exec(query)).first() == ConsentState.GRANTED


def consents_to(
    customer_id: ColumnElement[UUID], purpose: Purpose, channel: ConsentChannel = ConsentChannel.ANY
) -> ColumnElement[bool]:
    """Say of the customers of a query what `has_consent` says of one."""
    newest = (
        sql_select(col(Consent.state))
        .where(
            col(Consent.customer_id) == customer_id, col(Consent.purpose) == purpose, col(Consent.channel) == channel
        )
        .order_by(col(Consent.recorded_at).desc(), col(Consent.id).desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(newest == ConsentState.GRANTED, literal(value=False))
