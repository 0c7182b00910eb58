"""Commands and reads of gifts: what there is to give, what branches have, and who received what."""

from guibin.gifts.service.defining import GIFT_DEFINITION, GiftTerms, submit_gift
from guibin.gifts.service.handing_over import GIFT_HANDOVER, Giving, handovers_of, submit_handover
from guibin.gifts.service.stock import Movement, branches_in, move_stock

__all__ = [
    "GIFT_DEFINITION",
    "GIFT_HANDOVER",
    "GiftTerms",
    "Giving",
    "Movement",
    "branches_in",
    "handovers_of",
    "move_stock",
    "submit_gift",
    "submit_handover",
]
