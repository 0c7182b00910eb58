"""What a customer sees of an order at a supplier."""

from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.repository import get_as_stored
from guibin.rights.models import Redemption
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing, WrappedKey
from guibin.suppliers.models import SupplierOrder
from guibin.suppliers.repository import orders
from guibin.suppliers.repository.suppliers import get_supplier
from guibin.suppliers.service.applying import TABLE


@dataclass(frozen=True, slots=True, repr=False)
class OrderView:
    """An order with the name of its supplier, and the number of the parcel in clear."""

    order: SupplierOrder
    supplier: str
    tracking_no: str | None


async def show_order(session: AsyncSession, scope: Scope, keys: KeyRing, *, redemption: Redemption) -> OrderView | None:
    """Return the order of a redemption in scope; None where nothing was ordered."""
    row = await orders.find_order_of(session, scope, redemption=redemption)
    if row is None:
        return None
    customer = await get_as_stored(session, scope, customer_id=row.customer_id)
    number = None
    if row.tracking_enc is not None and customer.data_key is not None:
        key = keys.open_data_key(WrappedKey(customer.data_key), customer.id)
        number = key.decrypt(row.tracking_enc, TABLE, "tracking_enc", row.id)
    return OrderView(row, (await get_supplier(session, row.supplier_id)).name, number)
