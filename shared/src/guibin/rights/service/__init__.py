"""The commands and reads of rights, one file per verb."""

from guibin.rights.repository.catalogue import CatalogueFilter, Right
from guibin.rights.repository.images import ImageInfo
from guibin.rights.repository.slots import SlotFilter
from guibin.rights.service.administration import (
    NewRight,
    RightContent,
    add_codes,
    add_stock,
    change_right,
    create_right,
    generate_codes,
    suspend_right,
    unknown_names,
)
from guibin.rights.service.appointments import (
    change_slot,
    confirm_appointment,
    note_no_show,
    remind_of_appointments,
)
from guibin.rights.service.beneficiaries import Person, show_beneficiary
from guibin.rights.service.catalogue import CatalogueEntry, get_catalogue_entry, list_catalogue, list_open_slots
from guibin.rights.service.choosing import MyPackage, PackageLine, choose_rights, list_my_packages
from guibin.rights.service.costing import TierCost, cost_of_tiers
from guibin.rights.service.deliveries import Delivery
from guibin.rights.service.donating import Receipt, show_receipt, total_causes
from guibin.rights.service.ending import cancel, fail, fulfil
from guibin.rights.service.favourites import FAVOURITES, list_favourites, mark_favourite, unmark_favourite
from guibin.rights.service.giving_back import give_back_offer
from guibin.rights.service.holding import RedemptionView, ShownCode, get_redemption, list_redemptions, show_codes
from guibin.rights.service.images import find_image, put_image, read_image, remove_image
from guibin.rights.service.importing import Imported, ImportOutcome, export_rights, import_rights
from guibin.rights.service.packages import (
    PackageContent,
    PackagePublication,
    create_package,
    edit_package,
    submit_package,
)
from guibin.rights.service.paying import end_unpaid, list_repayable, note_not_paid, note_paid, note_repaid
from guibin.rights.service.previewing import Preview, preview
from guibin.rights.service.proposing import (
    Acceptance,
    Proposal,
    ProposalView,
    accept,
    decline,
    list_proposals,
    propose,
    withdraw,
)
from guibin.rights.service.publication import RightPublication, submit_terms
from guibin.rights.service.rating import Rating, list_ratings, rate
from guibin.rights.service.redeeming import Redeemed, RedemptionRequest, Wanted, redeem
from guibin.rights.service.redeeming_directly import KnownRights, Once, redeem_directly
from guibin.rights.service.refunding import Refund, RefundHandler, request_refund
from guibin.rights.service.releasing import plan_release
from guibin.rights.service.reserving import (
    ReservationView,
    get_reservation,
    let_lapsed_go,
    list_reservations,
    release,
    reserve,
)
from guibin.rights.service.slots import NewSlot, add_slots, close_slot, tend_slots
from guibin.rights.service.substitutes import Alternative, Replaceable, Replacing, find_replaceable, look_at_replacing
from guibin.rights.service.substituting import SubstituteWish, name_substitutes, take_substitute
from guibin.rights.service.together import RedemptionBatches
from guibin.rights.service.use_requests import CodeUse, UseRequest
from guibin.rights.service.using import use_batch, use_code

__all__ = [
    "FAVOURITES",
    "Acceptance",
    "Alternative",
    "CatalogueEntry",
    "CatalogueFilter",
    "CodeUse",
    "Delivery",
    "ImageInfo",
    "ImportOutcome",
    "Imported",
    "KnownRights",
    "MyPackage",
    "NewRight",
    "NewSlot",
    "Once",
    "PackageContent",
    "PackageLine",
    "PackagePublication",
    "Person",
    "Preview",
    "Proposal",
    "ProposalView",
    "Rating",
    "Receipt",
    "Redeemed",
    "RedemptionBatches",
    "RedemptionRequest",
    "RedemptionView",
    "Refund",
    "RefundHandler",
    "Replaceable",
    "Replacing",
    "ReservationView",
    "Right",
    "RightContent",
    "RightPublication",
    "ShownCode",
    "SlotFilter",
    "SubstituteWish",
    "TierCost",
    "UseRequest",
    "Wanted",
    "accept",
    "add_codes",
    "add_slots",
    "add_stock",
    "cancel",
    "change_right",
    "change_slot",
    "choose_rights",
    "close_slot",
    "confirm_appointment",
    "cost_of_tiers",
    "create_package",
    "create_right",
    "decline",
    "edit_package",
    "end_unpaid",
    "export_rights",
    "fail",
    "find_image",
    "find_replaceable",
    "fulfil",
    "generate_codes",
    "get_catalogue_entry",
    "get_redemption",
    "get_reservation",
    "give_back_offer",
    "import_rights",
    "let_lapsed_go",
    "list_catalogue",
    "list_favourites",
    "list_my_packages",
    "list_open_slots",
    "list_proposals",
    "list_ratings",
    "list_redemptions",
    "list_repayable",
    "list_reservations",
    "look_at_replacing",
    "mark_favourite",
    "name_substitutes",
    "note_no_show",
    "note_not_paid",
    "note_paid",
    "note_repaid",
    "plan_release",
    "preview",
    "propose",
    "put_image",
    "rate",
    "read_image",
    "redeem",
    "redeem_directly",
    "release",
    "remind_of_appointments",
    "remove_image",
    "request_refund",
    "reserve",
    "show_beneficiary",
    "show_codes",
    "show_receipt",
    "submit_package",
    "submit_terms",
    "suspend_right",
    "take_substitute",
    "tend_slots",
    "total_causes",
    "unknown_names",
    "unmark_favourite",
    "use_batch",
    "use_code",
    "withdraw",
]
