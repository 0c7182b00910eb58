"""Four eyes: submit a command, decide on it, carry it out, or let it end."""

from guibin.approvals.service.deciding import Decision, decide_on
from guibin.approvals.service.ending import lapse, withdraw
from guibin.approvals.service.ruling import RuleChange, submit_rule
from guibin.approvals.service.submitting import amend, submit

__all__ = ["Decision", "RuleChange", "amend", "decide_on", "lapse", "submit", "submit_rule", "withdraw"]
