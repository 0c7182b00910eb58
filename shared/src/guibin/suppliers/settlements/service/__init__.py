"""The commands of contract prices and settlements, one file per subject."""

from guibin.suppliers.settlements.service.confirming import SETTLEMENT_HANDLER, submit_settlement, tax_of
from guibin.suppliers.settlements.service.paying import note_invoice, note_prepayment
from guibin.suppliers.settlements.service.prices import PRICE_HANDLER, NewPrice, submit_price
from guibin.suppliers.settlements.service.statements import build_settlement, decide_differences, take_statement

__all__ = [
    "PRICE_HANDLER",
    "SETTLEMENT_HANDLER",
    "NewPrice",
    "build_settlement",
    "decide_differences",
    "note_invoice",
    "note_prepayment",
    "submit_price",
    "submit_settlement",
    "take_statement",
    "tax_of",
]
