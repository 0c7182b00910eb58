"""Sensitive tags: given only to who consented, shown only to who may see them, and only while the consent lasts."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_
from sqlalchemy import select as sql_select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.repository import visible
from guibin.privacy.models import Purpose
from guibin.privacy.repository import consents_to
from guibin.security.actors import Scope
from guibin.tags.models import CustomerTag, Sensitivity, Tag

ColumnArgument = Any
"""A column of a table or of a query."""


def consents_to_sensitive(customer_id: ColumnArgument) -> ColumnElement[bool]:
    """Say whether customers consented to sensitive tags."""
    return consents_to(customer_id, Purpose.SENSITIVE)


def may_be_shown(customer_id: ColumnArgument, sensitive_in: Scope) -> ColumnElement[bool]:
    """Say whether a tag may be shown of a customer, to who may see the sensitive tags of those in `sensitive_in`."""
    return or_(
        col(Tag.sensitivity) != Sensitivity.SENSITIVE,
        and_(visible(sensitive_in, customer_id), consents_to_sensitive(customer_id)),
    )


def customers_shown_with(code: str, sensitive_in: Scope) -> Select[Any]:
    """Select the customers who have, or had, a tag that may be shown of them."""
    return (
        sql_select(col(CustomerTag.customer_id))
        .join(Tag, col(Tag.code) == col(CustomerTag.tag_code))
        .where(col(Tag.code) == code, may_be_shown(col(CustomerTag.customer_id), sensitive_in))
    )


async def count_hidden(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, day: date, sensitive_in: Scope
) -> int:
    """Count the values that a customer has on a day and that may not be shown."""
    statement = (
        sql_select(func.count())
        .select_from(Tag)
        .join(CustomerTag, col(CustomerTag.tag_code) == col(Tag.code))
        .where(
            col(CustomerTag.customer_id) == customer_id,
            lasts_on(day),
            visible(scope, col(CustomerTag.customer_id)),
            not_(may_be_shown(col(CustomerTag.customer_id), sensitive_in)),
        )
    )
    found: int = (await session.execute(statement)).scalar_one()
    return found


def lasts_on(day: date) -> ColumnElement[bool]:
    """Say whether a membership lasts on a day; `until` is the first day without it."""
    return and_(col(CustomerTag.since) <= day, or_(col(CustomerTag.until).is_(None), col(CustomerTag.until) > day))
