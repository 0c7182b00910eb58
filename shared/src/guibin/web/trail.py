"""The audit trail of the ports, in one place: what every call of staff leaves, and every refusal that has to be kept.

A command, and a look at personal data, leaves exactly one row: the one that its domain records, else the one made here
from the route. Of refusals 403 is kept always, and 404 where the request names something of a customer's.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from fastapi import Request
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.rules import Named, named_by, noun_of
from guibin.audit.service import Circumstances, enter, has_recorded, record
from guibin.core.errors import Category, Refusal
from guibin.security.actors import NOBODY, Actor, ActorKind, Scope
from guibin.security.ciphers import DecryptionFailed, KeyRing
from guibin.web.bodies import JsonDocument
from guibin.web.declaration import Caller, DataClass, Declaration

_PERSONAL: Final = frozenset({DataClass.C2, DataClass.C3})
KEPT: Final = frozenset({Category.FORBIDDEN, Category.NOT_FOUND})
"""Refusals of which a trace may have to be kept."""

_SUCCESS_ENDS: Final = 300
_DEVICE_LENGTH: Final = 16
_HASH_BYTES: Final = 16


@dataclass(slots=True)
class RouteTrail:
    """The trail of one call: who calls is learnt after where the call comes from, and what it may reach after that."""

    session: AsyncSession
    request: Request
    declaration: Declaration
    operation: str
    query: tuple[str, ...]
    actor: Actor = NOBODY
    _circumstances: Circumstances = field(init=False)

    def begin(self, keys: KeyRing, peer: str) -> None:
        """Let all rows of the call tell where it came from."""
        self._enter(
            Circumstances(
                request_id=self.request.state.request_id,
                ip=peer,
                device=_device(self.request),
                permission="",
                scope="",
                hash_of=hash_by(keys),
            )
        )

    def name_actor(self, actor: Actor) -> None:
        """Say who calls, and which permission the route asks of such a caller."""
        self.actor = actor
        needed = [_permission(caller) for caller in self.declaration.callers if caller.kind is actor.kind]
        self._enter(replace(self._circumstances, permission=" or ".join(needed)))

    def name_scope(self, scope: Scope) -> None:
        """Say whose data the caller may reach."""
        self._enter(replace(self._circumstances, scope=scope.describe()))

    async def end(self, status: int) -> None:
        """Record a call that did what it was for, unless its domain has recorded it or nobody needs to know.

        Raises:
            RetryLater: the trail takes no rows, so the call is undone.
        """
        if status < _SUCCESS_ENDS and self._is_kept() and not has_recorded(self.session):
            await self._record(self.session, result="done")

    def refusal(self, refusal: Refusal) -> Callable[[AsyncSession], Awaitable[None]] | None:
        """Return the write that keeps a refusal, for after the roll-back; None for one that need not be kept."""
        forbidden = refusal.category is Category.FORBIDDEN
        if not forbidden and not (refusal.category is Category.NOT_FOUND and self._named().is_owned):
            return None

        async def write(session: AsyncSession) -> None:
            await self._record(session, result=refusal.code)

        return write

    def damage(self, error: DecryptionFailed) -> Callable[[AsyncSession], Awaitable[None]]:
        """Return the write that tells of a stored value that is not what was stored, for after the roll-back."""

        async def write(session: AsyncSession) -> None:
            await record(
                session,
                actor=self.actor,
                action="value.damaged",
                object_type=error.table or "data_key",
                object_id=str(error.row_id or "-"),
                owner_id=self._named().customer_id,
                result="failed",
                facts={"column": error.column, "operation": self.operation},
            )

        return write

    def _is_kept(self) -> bool:
        """Tell whether a call of this actor leaves a row: customers' own deeds stand in the ledger and in domains."""
        if self.actor.kind not in {ActorKind.STAFF, ActorKind.SERVICE}:
            return False
        looks = self.request.method == "GET"
        return not looks or (self.actor.kind is ActorKind.STAFF and self.declaration.data in _PERSONAL)

    async def _record(self, session: AsyncSession, *, result: str) -> None:
        named = self._named()
        asked = sorted(self.request.query_params.keys() & set(self.query))
        await record(
            session,
            actor=self.actor,
            action=self.operation,
            object_type=named.object_type,
            object_id=named.object_id,
            owner_id=named.customer_id,
            result=result,
            facts={"query": asked} if asked else {},
        )

    def _named(self) -> Named:
        document: JsonDocument | None = getattr(self.request.state, "document", None)
        body: Mapping[str, object] = document.value if document else {}
        return named_by(self.request.path_params, body, noun=noun_of(self.request.state.route))

    def _enter(self, circumstances: Circumstances) -> None:
        self._circumstances = circumstances
        enter(self.session, circumstances)


def hash_by(keys: KeyRing) -> Callable[[str, object], str]:
    """Return what makes the keyed hash of a field's value: alike for equal values of one field, and no more."""

    def hash_of(name: str, value: object) -> str:
        return keys.sign("audit", f"{name}={value!r}".encode())[:_HASH_BYTES].hex()

    return hash_of


def _permission(caller: Caller) -> str:
    return caller.oauth_scope or f"{caller.verb} {caller.domain}"


def _device(request: Request) -> str | None:
    """Return a hash of the client's description of itself: equal for equal devices, and it says nothing more."""
    described = request.headers.get("user-agent")
    return hashlib.sha256(described.encode()).hexdigest()[:_DEVICE_LENGTH] if described else None
