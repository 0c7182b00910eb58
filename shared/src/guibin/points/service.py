"""The points' commands and reads, one file per verb."""

from guibin.points.ledger import LockedAccount, LotUse, Posted, lock_account, post

__all__ = ["LockedAccount", "LotUse", "Posted", "lock_account", "post"]
