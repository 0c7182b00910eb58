"""What the customer port has beside the kit's own parts: the issuer of sessions, WeChat, text messages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from guibin.channels.sms import open_sms
from guibin.channels.wechat import WeChat, open_wechat
from guibin.core.settings import Settings
from guibin.rights.service import KnownRights, RedemptionBatches
from guibin.security.bank_tokens import BankTokens
from guibin.security.ciphers import KeyRing
from guibin.security.session_tokens import SessionIssuer
from guibin.sessions.messages import Messages, open_messages
from guibin.web import TokenSource, Visit
from guibin.web.token_sources import verifier_of

AUDIENCE: Final = "guibin-customer-api"
EXCHANGE_AUDIENCE: Final = "guibin-sessions"
"""Stands in tokens of the bank's own issuer that are traded for a session: no other token of theirs is taken."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The long-lived parts of one process of the customer port."""

    issuer: SessionIssuer
    bank_tokens: BankTokens
    wechat: WeChat
    messages: Messages
    rights: KnownRights
    redemptions: RedemptionBatches


@asynccontextmanager
async def open_parts(settings: Settings, keys: KeyRing) -> AsyncIterator[Parts]:
    """Open the parts for the life of the process.

    Raises:
        SessionKeysInvalid: the keys that sign access tokens cannot be read.
    """
    issuer = SessionIssuer(settings.effective_session_keys_file, issuer=settings.session_issuer, audience=AUDIENCE)
    bank_tokens = _bank_tokens(settings)
    database_url = settings.required("customer_database_url")
    async with (
        bank_tokens.fresh_keys(),
        open_wechat(settings, keys, database_url=database_url) as wechat,
        open_sms(settings) as sender,
        open_messages(sender) as messages,
    ):
        batches = RedemptionBatches(most=settings.redeem_batch)
        yield Parts(issuer, bank_tokens, wechat, messages, KnownRights(), batches)


def parts_of(visit: Visit) -> Parts:
    """Return the parts of the process that serves a request."""
    if not isinstance(visit.port.parts, Parts):
        raise TypeError("the customer port was made without its parts")
    return visit.port.parts


def _bank_tokens(settings: Settings) -> BankTokens:
    source = TokenSource(
        settings.customer_issuer, EXCHANGE_AUDIENCE, settings.effective_customer_jwks, settings.customer_algorithm
    )
    return BankTokens(verifier_of(settings, [source]), claim=settings.customer_no_claim)
