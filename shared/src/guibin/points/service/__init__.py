"""The points' commands and reads, one file per verb."""

from guibin.points.balances import Balances, WalletBalance
from guibin.points.repository import EntryFilter
from guibin.points.service.account_codes import ACCOUNT_CODES, submit_account_codes
from guibin.points.service.activity import keep_active, prolong
from guibin.points.service.adjustments import Adjustment, AdjustmentHandler, submit_adjustment
from guibin.points.service.booking import HoldRequest, find_hold, free_hold, set_aside, spend_hold
from guibin.points.service.closing import (
    AccountCode,
    AccountingFile,
    AccountingLine,
    account_codes,
    accounting_file,
    close_days,
    replace_account_codes,
)
from guibin.points.service.correcting import (
    CORRECTIONS,
    EARLY_EXPIRY,
    PENDING_ACTIVATION,
    PENDING_CANCELLATION,
    RESTORATION,
    REVERSAL,
    Correction,
    submit_correction,
)
from guibin.points.service.earning import earn_events, earn_pending
from guibin.points.service.events import EventStatus, IncomingEvent, TakenEvent, take_events
from guibin.points.service.expiry import expire
from guibin.points.service.freezing import put_account_state
from guibin.points.service.holds import Held, capture, hold, release, release_lapsed
from guibin.points.service.ledger import LockedAccount, LotUse, Posted, lock_account, post, read_lots
from guibin.points.service.occasions import record_occasions
from guibin.points.service.outstanding import (
    DueMonth,
    Forecast,
    Outstanding,
    WalletRate,
    forecast,
    liability,
    rolled_forward,
)
from guibin.points.service.pending import (
    activate,
    activate_due,
    add_pending,
    cancel_pending,
    release_awaited,
    settle_awaited,
)
from guibin.points.service.reading import EntryView, balances, list_entries
from guibin.points.service.reconciling import Reconciliation, reconciliation, record_reconciliation
from guibin.points.service.reminding import remind
from guibin.points.service.returning import EventReturn, Returned, return_event
from guibin.points.service.reversing import claw_back, refund
from guibin.points.service.statements import (
    Statement,
    StatementMonth,
    WalletStatement,
    statement,
    statement_months,
)
from guibin.points.service.taking_back_transfers import TRANSFER_REVERSAL, submit_reversal
from guibin.points.service.transferring import (
    ShownCode,
    TransferPreview,
    Transferred,
    TransferRequest,
    list_transfers,
    preview_transfer,
    show_receiving_code,
    transfer,
)
from guibin.points.service.wallets import WALLET_CHANGE, CapKind, WalletTerms, submit_wallet

__all__ = [
    "ACCOUNT_CODES",
    "CORRECTIONS",
    "EARLY_EXPIRY",
    "PENDING_ACTIVATION",
    "PENDING_CANCELLATION",
    "RESTORATION",
    "REVERSAL",
    "TRANSFER_REVERSAL",
    "WALLET_CHANGE",
    "AccountCode",
    "AccountingFile",
    "AccountingLine",
    "Adjustment",
    "AdjustmentHandler",
    "Balances",
    "CapKind",
    "Correction",
    "DueMonth",
    "EntryFilter",
    "EntryView",
    "EventReturn",
    "EventStatus",
    "Forecast",
    "Held",
    "HoldRequest",
    "IncomingEvent",
    "LockedAccount",
    "LotUse",
    "Outstanding",
    "Posted",
    "Reconciliation",
    "Returned",
    "ShownCode",
    "Statement",
    "StatementMonth",
    "TakenEvent",
    "TransferPreview",
    "TransferRequest",
    "Transferred",
    "WalletBalance",
    "WalletRate",
    "WalletStatement",
    "WalletTerms",
    "account_codes",
    "accounting_file",
    "activate",
    "activate_due",
    "add_pending",
    "balances",
    "cancel_pending",
    "capture",
    "claw_back",
    "close_days",
    "earn_events",
    "earn_pending",
    "expire",
    "find_hold",
    "forecast",
    "free_hold",
    "hold",
    "keep_active",
    "liability",
    "list_entries",
    "list_transfers",
    "lock_account",
    "post",
    "preview_transfer",
    "prolong",
    "put_account_state",
    "read_lots",
    "reconciliation",
    "record_occasions",
    "record_reconciliation",
    "refund",
    "release",
    "release_awaited",
    "release_lapsed",
    "remind",
    "replace_account_codes",
    "return_event",
    "rolled_forward",
    "set_aside",
    "settle_awaited",
    "show_receiving_code",
    "spend_hold",
    "statement",
    "statement_months",
    "submit_account_codes",
    "submit_adjustment",
    "submit_correction",
    "submit_reversal",
    "submit_wallet",
    "take_events",
    "transfer",
]
