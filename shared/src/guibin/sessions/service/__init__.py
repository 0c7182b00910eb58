"""Commands about sessions: open, refresh, end; one-time passwords; binding a WeChat account to a customer."""

from guibin.sessions.service.binding import BankProof, PhoneProof, bind, list_bindings, openid_of_ticket, unbind
from guibin.sessions.service.codes import request_code
from guibin.sessions.service.ending import end_all, end_one, log_out
from guibin.sessions.service.opening import Opened, log_in_by_bank_number, log_in_by_wechat
from guibin.sessions.service.refreshing import refresh
from guibin.sessions.service.stepping_up import Proved, prove_step_up, request_step_up
from guibin.sessions.service.tokens import TOKEN_SECONDS, Tokens

__all__ = [
    "TOKEN_SECONDS",
    "BankProof",
    "Opened",
    "PhoneProof",
    "Proved",
    "Tokens",
    "bind",
    "end_all",
    "end_one",
    "list_bindings",
    "log_in_by_bank_number",
    "log_in_by_wechat",
    "log_out",
    "openid_of_ticket",
    "prove_step_up",
    "refresh",
    "request_code",
    "request_step_up",
    "unbind",
]
