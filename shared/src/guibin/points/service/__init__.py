"""The points' commands and reads, one file per verb."""

from guibin.points.repository import EntryFilter
from guibin.points.service.adjustments import Adjustment, AdjustmentHandler, submit_adjustment
from guibin.points.service.earning import earn_events, earn_pending
from guibin.points.service.events import EventStatus, IncomingEvent, TakenEvent, take_events
from guibin.points.service.expiry import expire
from guibin.points.service.holds import Held, capture, hold, release, release_lapsed
from guibin.points.service.ledger import LockedAccount, LotUse, Posted, lock_account, post
from guibin.points.service.pending import activate, activate_due, add_pending, cancel_pending
from guibin.points.service.reading import Balances, EntryView, WalletBalance, balances, list_entries
from guibin.points.service.reminding import remind
from guibin.points.service.reversing import claw_back, refund

__all__ = [
    "Adjustment",
    "AdjustmentHandler",
    "Balances",
    "EntryFilter",
    "EntryView",
    "EventStatus",
    "Held",
    "IncomingEvent",
    "LockedAccount",
    "LotUse",
    "Posted",
    "TakenEvent",
    "WalletBalance",
    "activate",
    "activate_due",
    "add_pending",
    "balances",
    "cancel_pending",
    "capture",
    "claw_back",
    "earn_events",
    "earn_pending",
    "expire",
    "hold",
    "list_entries",
    "lock_account",
    "post",
    "refund",
    "release",
    "release_lapsed",
    "remind",
    "submit_adjustment",
    "take_events",
]
