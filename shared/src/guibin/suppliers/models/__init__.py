"""The tables of suppliers."""

from guibin.suppliers.models.orders import OrderFault, OrderState, SupplierEvent, SupplierOrder
from guibin.suppliers.models.suppliers import (
    RightSupplier,
    SettlementBasis,
    Supplier,
    SupplierPrice,
    SupplierState,
    SupplierTerminal,
)

__all__ = [
    "OrderFault",
    "OrderState",
    "RightSupplier",
    "SettlementBasis",
    "Supplier",
    "SupplierEvent",
    "SupplierOrder",
    "SupplierPrice",
    "SupplierState",
    "SupplierTerminal",
]
