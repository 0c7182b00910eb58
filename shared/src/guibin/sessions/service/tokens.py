"""What a session hands out: an access token for ten minutes and a refresh token for the next one."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from guibin.core.ids import to_public
from guibin.security.session_tokens import ACCESS_LIFE, SessionClaims, SessionIssuer
from guibin.sessions.models import CustomerSession
from guibin.sessions.refresh_tokens import RefreshToken
from guibin.sessions.rules import CUSTOMER_SCOPES, Standing

TOKEN_SECONDS: Final = int(ACCESS_LIFE.total_seconds())


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one generation of a session. Both are secrets and do not print."""

    customer_id: UUID
    session_id: UUID
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    """Seconds from the moment when this generation was made."""

    refresh_expires_at: datetime
    session_expires_at: datetime


def tokens_of(issuer: SessionIssuer, row: CustomerSession, refresh: RefreshToken, standing: Standing) -> Tokens:
    """Make the tokens of the generation in which a session is: for the same generation the same tokens."""
    issued_at = row.rotated_at
    if standing.not_before is not None:  # tokens count whole seconds: one of the same second would seem earlier
        issued_at = max(issued_at, standing.not_before + timedelta(seconds=1))
    expires_at = min(issued_at + ACCESS_LIFE, row.expires_at)
    claims = SessionClaims(
        subject=to_public("cus", row.customer_id),
        session_id=str(row.id),
        token_id=f"{row.id}.{row.generation}",
        scopes=CUSTOMER_SCOPES,
        auth_time=row.created_at,
        issued_at=issued_at,
        expires_at=expires_at,
    )
    return Tokens(
        customer_id=row.customer_id,
        session_id=row.id,
        access_token=issuer.issue(claims),
        refresh_token=refresh.text,
        expires_in=int((expires_at - row.rotated_at).total_seconds()),
        refresh_expires_at=row.idle_expires_at,
        session_expires_at=row.expires_at,
    )
