"""The list of who received gifts and prizes in a month, as a file for the income tax: the rows of the screen."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from bank_api.suppliers.recipients import TAXED, RecipientOut
from guibin.exports.lists import Filters, Viewer
from guibin.rights.models import TaxKind
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing
from guibin.suppliers.repository.recipients import count_received, list_received
from guibin.suppliers.settlements.rules import month_after
from guibin.web.months import first_of

ROWS_AT_ONCE: Final = 500

TITLES: Final = {
    "customer_id": "客户编号",
    "received_at": "领取时间",
    "tax_kind": "涉税类型",
    "right_code": "权益代码",
    "gift_code": "礼品代码",
    "units": "数量",
    "points": "支付积分",
    "value": "价值（元）",
    "redemption_id": "兑换单号",
    "handover_id": "赠送单号",
}
EVER: Final = (date(1900, 1, 1), date(2200, 1, 1))
"""Without a month everything counts: against it a filter shows whether it leaves anybody out."""


class RecipientList:
    """The list of `GET /v1/reports/tax-recipients/{month}`, newest first."""

    columns = tuple(TITLES.values())

    async def count(self, session: AsyncSession, scope: Scope, *, filters: Filters) -> int:
        """Count what customers in scope received."""
        first, until = _days(filters)
        return await count_received(session, scope, first=first, until=until, kinds=_kinds(filters))

    async def read(
        self, session: AsyncSession, keys: KeyRing, scope: Scope, *, viewer: Viewer, filters: Filters
    ) -> AsyncIterator[list[list[str]]]:
        """Yield what customers in scope received, so many at a time."""
        del keys, viewer  # nothing of it is personal beyond the customer's id
        (first, until), before = _days(filters), None
        while True:
            found = await list_received(
                session,
                scope,
                first=first,
                until=until,
                kinds=_kinds(filters),
                before=before,
                limit=ROWS_AT_ONCE,
            )
            yield [_cells(RecipientOut.of(row)) for row in found]
            if len(found) < ROWS_AT_ONCE:
                return
            before = (found[-1].received_at, found[-1].id)


def _days(filters: Filters) -> tuple[date, date]:
    if "month" not in filters:
        return EVER
    first = first_of(filters["month"])
    return first, month_after(first)


def _kinds(filters: Filters) -> tuple[TaxKind, ...]:
    return (TaxKind(filters["tax_kind"]),) if "tax_kind" in filters else TAXED


def _cells(row: RecipientOut) -> list[str]:
    written = row.model_dump(mode="json")
    return ["" if written[name] is None else str(written[name]) for name in TITLES]
