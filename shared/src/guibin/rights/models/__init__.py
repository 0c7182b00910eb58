"""The tables of rights: the catalogue, what there is to give, and what was taken."""

from guibin.rights.models.catalogue import Category, Fulfilment, Period, RightsItem, RightState, StockMode, TaxKind
from guibin.rights.models.donations import RedemptionDonation
from guibin.rights.models.given import RedemptionPoints
from guibin.rights.models.images import MOST_IMAGE_BYTES, MOST_IMAGES, RightsImage
from guibin.rights.models.packages import PackageChoice, PackagePeriod, PackageState, RightsPackage
from guibin.rights.models.payments import PaymentState, RedemptionPayment
from guibin.rights.models.proposals import ProposalState, RedemptionProposal
from guibin.rights.models.redemptions import Redemption, RedemptionBeneficiary, RedemptionState, RedemptionStep
from guibin.rights.models.releases import ReleaseUse, StockRelease
from guibin.rights.models.reservations import Reservation, ReservationState, StockHold
from guibin.rights.models.slots import Appointment, RightsSlot, SlotState
from guibin.rights.models.stock import RightsStock, RightsTotal, VoucherCode
from guibin.rights.models.substitutions import Substitution
from guibin.rights.models.uses import (
    Favourite,
    RedemptionRating,
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
    "PackageChoice",
    "PackagePeriod",
    "PackageState",
    "PaymentState",
    "Period",
    "ProposalState",
    "Redemption",
    "RedemptionBeneficiary",
    "RedemptionDonation",
    "RedemptionPayment",
    "RedemptionPoints",
    "RedemptionProposal",
    "RedemptionRating",
    "RedemptionState",
    "RedemptionStep",
    "ReleaseUse",
    "Reservation",
    "ReservationState",
    "RightState",
    "RightsImage",
    "RightsItem",
    "RightsPackage",
    "RightsRating",
    "RightsSlot",
    "RightsStock",
    "RightsTotal",
    "SlotState",
    "StockHold",
    "StockMode",
    "StockRelease",
    "Substitution",
    "TaxKind",
    "UsedBy",
    "VoucherCode",
    "VoucherUse",
]
