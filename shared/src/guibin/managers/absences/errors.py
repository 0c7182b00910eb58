"""Refusals about managers who are away."""

from guibin.core.errors import Category, Refusal


class AbsenceConflict(Refusal):
    """The manager is away already on some of these days."""

    category = Category.CONFLICT
    code = "absence_conflict"
    zh = "该客户经理在此期间已有缺勤安排"
    en = "The manager is away on some of these days already"


class BackupUnavailable(Refusal):
    """Nobody would serve the book; `reason` is self, inactive, out_of_reach, away or nobody."""

    category = Category.CONFLICT
    code = "backup_unavailable"
    zh = "该期间没有可代管的客户经理"
    en = "Nobody would serve the customers meanwhile"
