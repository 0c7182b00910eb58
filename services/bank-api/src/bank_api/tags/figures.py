"""Of which day the figures are by which rules judged a customer."""

from uuid import UUID

from sqlmodel import col, select

from guibin.core.freshness import FigureDay
from guibin.customers.repository import visible
from guibin.holdings.freshness import figure_day
from guibin.tags.models import CustomerFact
from guibin.web import StaffCall


async def judged_on(call: StaffCall, customer_id: UUID) -> FigureDay | None:
    """Return of which day the figures of the last run are; None before a customer's first."""
    query = select(col(CustomerFact.as_of), col(CustomerFact.stale_lines)).where(
        CustomerFact.customer_id == customer_id, visible(call.scope, col(CustomerFact.customer_id))
    )
    row = (await call.session.exec(query)).one_or_none()
    return None if row is None else await figure_day(call.session, *row)
