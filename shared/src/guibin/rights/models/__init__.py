"""The tables of rights: the catalogue, what there is to give, and what was taken."""

from guibin.rights.models.catalogue import Category, Fulfilment, Period, RightsItem, RightState, StockMode, TaxKind
from guibin.rights.models.redemptions import Redemption, RedemptionBeneficiary, RedemptionState, RedemptionStep
from guibin.rights.models.slots import Appointment, RightsSlot, SlotState
from guibin.rights.models.stock import RightsStock, RightsTotal, VoucherCode

__all__ = [
    "Appointment",
    "Category",
    "Fulfilment",
    "Period",
    "Redemption",
    "RedemptionBeneficiary",
    "RedemptionState",
    "RedemptionStep",
    "RightState",
    "RightsItem",
    "RightsSlot",
    "RightsStock",
    "RightsTotal",
    "SlotState",
    "StockMode",
    "TaxKind",
    "VoucherCode",
]
