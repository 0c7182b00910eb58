"""The points' commands and reads, one file per verb."""

from guibin.points.repository import EntryFilter
from guibin.points.service.adjustments import Adjustment, AdjustmentHandler, submit_adjustment
from guibin.points.service.earning import earn_events, earn_pending
from guibin.points.service.events import EventStatus, IncomingEvent, TakenEvent, take_events
from guibin.points.service.expiry import expire
from guibin.points.service.ledger import LockedAccount, LotUse, Posted, lock_account, post
from guibin.points.service.reading import Balances, EntryView, WalletBalance, balances, list_entries

__all__ = [
    "Adjustment",
    "AdjustmentHandler",
    "Balances",
    "EntryFilter",
    "EntryView",
    "EventStatus",
    "IncomingEvent",
    "LockedAccount",
    "LotUse",
    "Posted",
    "TakenEvent",
    "WalletBalance",
    "balances",
    "earn_events",
    "earn_pending",
    "expire",
    "list_entries",
    "lock_account",
    "post",
    "submit_adjustment",
    "take_events",
]
