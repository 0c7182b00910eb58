"""The tables of rights: the catalogue, what there is to give, and what was taken."""

from guibin.rights.models.catalogue import Category, Fulfilment, Period, RightsItem, RightState, StockMode, TaxKind
from guibin.rights.models.deliveries import RedemptionDelivery
from guibin.rights.models.packages import PackageChoice, PackagePeriod, PackageState, RightsPackage
from guibin.rights.models.proposals import ProposalState, RedemptionProposal
from guibin.rights.models.redemptions import Redemption, RedemptionBeneficiary, RedemptionState, RedemptionStep
from guibin.rights.models.slots import Appointment, RightsSlot, SlotState
from guibin.rights.models.stock import RightsStock, RightsTotal, VoucherCode
from guibin.rights.models.uses import (
    MOST_IMAGE_BYTES,
    MOST_IMAGES,
    Favourite,
    ImageType,
    RedemptionRating,
    RightsImage,
    RightsRating,
    UsedBy,
    VoucherUse,
)

__all__ = [
    "MOST_IMAGES",
    "MOST_IMAGE_BYTES",
    "Appointment",
    "Category",
    "Favourite",
    "Fulfilment",
    "ImageType",
    "PackageChoice",
    "PackagePeriod",
    "PackageState",
    "Period",
    "ProposalState",
    "Redemption",
    "RedemptionBeneficiary",
    "RedemptionDelivery",
    "RedemptionProposal",
    "RedemptionRating",
    "RedemptionState",
    "RedemptionStep",
    "RightState",
    "RightsImage",
    "RightsItem",
    "RightsPackage",
    "RightsRating",
    "RightsSlot",
    "RightsStock",
    "RightsTotal",
    "SlotState",
    "StockMode",
    "TaxKind",
    "UsedBy",
    "VoucherCode",
    "VoucherUse",
]
