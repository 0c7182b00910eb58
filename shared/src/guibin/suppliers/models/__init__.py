"""The tables of suppliers."""

from guibin.suppliers.models.suppliers import RightSupplier, SettlementBasis, Supplier, SupplierPrice, SupplierState

__all__ = [
    "RightSupplier",
    "SettlementBasis",
    "Supplier",
    "SupplierPrice",
    "SupplierState",
]
