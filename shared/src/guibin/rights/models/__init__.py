"""The tables of rights: the catalogue, what there is to give, and what was taken."""

from guibin.rights.models.catalogue import Category, Fulfilment, Period, RightsItem, RightState, StockMode
from guibin.rights.models.redemptions import Redemption, RedemptionState, RedemptionStep
from guibin.rights.models.stock import RightsStock, VoucherCode

__all__ = [
    "Category",
    "Fulfilment",
    "Period",
    "Redemption",
    "RedemptionState",
    "RedemptionStep",
    "RightState",
    "RightsItem",
    "RightsStock",
    "StockMode",
    "VoucherCode",
]
