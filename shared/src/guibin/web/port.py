"""What a running port has: made once in its lifespan, handed to each request through the application's state."""

from dataclasses import dataclass

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncEngine

from guibin.core.database import SessionFactory
from guibin.core.direct import DirectPool
from guibin.core.settings import Settings
from guibin.security.ciphers import KeyRing
from guibin.security.tokens import TokenVerifier
from guibin.web.direct import Entrance
from guibin.web.gate import Gate
from guibin.web.identity import IdentitySource
from guibin.web.limiter import RateLimiter


@dataclass(frozen=True, slots=True)
class Port:
    """The long-lived parts of one service process."""

    settings: Settings
    engine: AsyncEngine
    sessions: SessionFactory
    direct: DirectPool
    keys: KeyRing
    tokens: TokenVerifier
    limiter: RateLimiter
    gate: Gate
    identity: IdentitySource
    entrance: Entrance | None
    schema_version: str | None
    parts: object = None
    """What this service has beside the kit's own: its clients, senders and issuers."""


def port_of(request: Request) -> Port:
    """Return the port that serves a request."""
    port = request.app.state.port
    if not isinstance(port, Port):
        raise TypeError("the lifespan of the application has not begun")
    return port
