"""Tokens of the bank's own issuer of customers, which are traded for a session and open nothing by themselves."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from guibin.core.strict_json import read_object
from guibin.security.errors import TokenInvalid
from guibin.security.tokens import TokenVerifier

_DEEPEST: Final = 5
_LONGEST: Final = 64


class BankTokens:
    """Reads the bank's customer number out of a token that the bank's own issuer has signed for this purpose."""

    def __init__(self, verifier: TokenVerifier, *, claim: str) -> None:
        """Take a verifier that knows the issuer and the audience of this trade, and the claim with the number."""
        self._verifier = verifier
        self._claim = claim

    @asynccontextmanager
    async def fresh_keys(self) -> AsyncIterator[None]:
        """Keep the issuer's keys fresh for a block."""
        async with self._verifier.fresh_keys():
            yield

    async def customer_no(self, token: str) -> str:
        """Return the customer number that a token vouches for, as the bank writes it.

        Raises:
            TokenInvalid: not a good token, or one without the number.
        """
        await self._verifier.authenticate([f"Bearer {token}"])
        claims = token.split(".")[1]  # verified a line above
        raw = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
        number = read_object(raw, max_depth=_DEEPEST).get(self._claim)
        if not isinstance(number, str) or not 0 < len(number) <= _LONGEST:
            raise TokenInvalid
        return number
