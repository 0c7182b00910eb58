"""What the rows of each list are: read page by page as the screens read them, masked as the screens mask them."""

from collections.abc import AsyncIterator
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from bank_api.customers import queries
from bank_api.customers.schemas import CustomerRowOut
from guibin.core import clock
from guibin.customers.personal import identity_of
from guibin.exports.lists import Filters, Lists, Viewer
from guibin.exports.models import ListKind
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing

from .recipients import RecipientList
from .schemas import CustomerFilters

ROWS_AT_ONCE: Final = 500

TITLES: Final = {
    "id": "客户编号",
    "party_type": "客户类型",
    "status": "客户状态",
    "name": "姓名",
    "branch_code": "机构号",
    "tier": "客户层级",
    "aum_band": "资产区间（元）",
    "aum": "资产余额（元）",
    "as_of": "数据日期",
    "stale_lines": "未到数据的条线",
}
"""The columns of the list of customers: the fields of the screen, but for the id of the branch, which has its code.

`as_of` and `stale_lines` are what `freshness` says there: the day of the figures, and the lines that were not in.
"""


class CustomerList:
    """The list of `GET /v1/customers`, newest first."""

    columns = tuple(TITLES.values())

    async def count(self, session: AsyncSession, scope: Scope, *, filters: Filters) -> int:
        """Count the customers in scope whom the filters let through today."""
        return await queries.count_customers(session, scope, day=clock.today(), filters=_filters(filters))

    async def read(
        self, session: AsyncSession, keys: KeyRing, scope: Scope, *, viewer: Viewer, filters: Filters
    ) -> AsyncIterator[list[list[str]]]:
        """Yield the customers in scope, so many at a time: others' work goes on between them."""
        wanted, day, before = _filters(filters), clock.today(), None
        while True:
            found = await queries.list_customers(
                session,
                scope,
                staff_id=viewer.staff_id,
                day=day,
                filters=wanted,
                limit=ROWS_AT_ONCE,
                before=before,
            )
            yield [_cells(CustomerRowOut.of(one, identity_of(keys, one.customer), viewer.roles)) for one in found]
            if len(found) < ROWS_AT_ONCE:
                return
            before = (found[-1].customer.created_at, found[-1].customer.id)


LISTS: Final[Lists] = {ListKind.CUSTOMERS: CustomerList(), ListKind.TAX_RECIPIENTS: RecipientList()}


def _filters(written: Filters) -> queries.Filters:
    wanted = CustomerFilters.model_validate(written)
    return queries.Filters(wanted.tag, wanted.tier, wanted.manager, wanted.branch)


def _cells(row: CustomerRowOut) -> list[str]:
    written = row.model_dump(mode="json")
    day = row.freshness
    written["as_of"] = None if day is None else day.as_of
    written["stale_lines"] = None if day is None else " ".join(one.line for one in day.stale_lines)
    return ["" if written[name] is None else str(written[name]) for name in TITLES]
