"""What an endpoint knows of the call that it serves."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from guibin.core.errors import PreconditionRequired, VersionConflict
from guibin.core.unit_of_work import UnitOfWork
from guibin.security.actors import Actor, Grant, Scope
from guibin.security.ciphers import KeyRing
from guibin.security.tokens import VerifiedToken
from guibin.web.declaration import RateClass
from guibin.web.language import Language
from guibin.web.port import Port


@dataclass(frozen=True, slots=True)
class Visit:
    """What every endpoint knows, also that of a public route. `peer` is the address of the client."""

    work: UnitOfWork
    port: Port
    language: Language
    request_id: str
    peer: str

    @property
    def session(self) -> AsyncSession:
        """The session of the unit of work."""
        return self.work.session

    @property
    def keys(self) -> KeyRing:
        """The keys of the deployment."""
        return self.port.keys


@dataclass(frozen=True, slots=True)
class Call(Visit):
    """A call of an actor: who it is, whose data it opens, what it may do; public routes have none."""

    token: VerifiedToken
    if_match: str | None
    actor: Actor
    scope: Scope
    grants: tuple[Grant, ...]
    idempotency_key: str | None
    dry_run: bool

    def require_if_match(self, version: int) -> None:
        """Hold an edit to the version that its caller read.

        Raises:
            PreconditionRequired: no If-Match.
            VersionConflict: another version.
        """
        if self.if_match is None:
            raise PreconditionRequired
        if self.if_match != etag_of(version):
            raise VersionConflict

    def count_wrong_guesses(self, rate: RateClass, number: int) -> None:
        """Count guesses that were wrong although the call as a whole was answered, once its work is committed."""
        for _ in range(number):
            self.work.after_commit(partial(self.port.limiter.count_wrong, rate, self.token.holder))


def etag_of(version: int) -> str:
    """Write the version of an object as an ETag."""
    return f'"{version}"'


def set_etag(response: Response, version: int) -> None:
    """Send the version of the answered object as ETag."""
    response.headers["ETag"] = etag_of(version)


async def _visit(request: Request) -> Visit:
    visit = getattr(request.state, "visit", None)
    if not isinstance(visit, Visit):
        raise TypeError("only routes of a PortRouter have a visit")
    return visit


async def _call(request: Request) -> Call:
    call = await _visit(request)
    if not isinstance(call, Call):
        raise TypeError("only routes that know their caller have a call")
    return call


VisitorCall = Annotated[Visit, Depends(_visit)]
CustomerCall = Annotated[Call, Depends(_call)]
StaffCall = Annotated[Call, Depends(_call)]
ServiceCall = Annotated[Call, Depends(_call)]
AnyCall = Annotated[Call, Depends(_call)]
