"""From a token to an actor and what the actor may do. Tokens identify; the database decides."""

from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import from_public
from guibin.core.settings import Profile, Settings
from guibin.core.unit_of_work import UnitOfWork
from guibin.security.actors import Actor, ActorKind, Grant, Scope, Verb, data_of, decide
from guibin.security.development_issuer import DEMO_LOGIN
from guibin.security.errors import Forbidden, HumanRequired, ReauthRequired, SelfDealing, TokenInvalid
from guibin.security.row_scope import open_rows
from guibin.security.tokens import VerifiedToken
from guibin.web.declaration import Caller, Callers

Identified = tuple[Actor, list[Grant]]


class IdentitySource(Protocol):
    """Maps verified tokens to actors; each service composes its own from the domains that know people.

    Every method answers None for a subject that it does not know or that is not active.
    """

    async def customer_actor(self, session: AsyncSession, token: VerifiedToken) -> Actor | None:
        """Return the customer of the token, whose own rows are open from then on (`guibin.security.row_scope`)."""

    async def staff_actor(self, session: AsyncSession, token: VerifiedToken) -> tuple[Actor, list[Grant]] | None:
        """Return the staff member of the token with the grants in force now."""

    async def service_actor(self, session: AsyncSession, token: VerifiedToken) -> Actor | None:
        """Return the service of the token."""

    async def owns_account(self, session: AsyncSession, actor: Actor, customer_ids: Collection[UUID]) -> bool:
        """Tell whether one of these customers is the member of staff who acts."""


async def identify(
    identity: IdentitySource, session: AsyncSession, token: VerifiedToken, callers: Callers
) -> Identified:
    """Find who is calling; the kinds that the route takes are tried first, the others tell 403 from 401.

    Raises:
        TokenInvalid: nobody we know, or not active.
    """
    declared = [caller.kind for caller in callers]
    others = [kind for kind in (ActorKind.CUSTOMER, ActorKind.STAFF, ActorKind.SERVICE) if kind not in declared]
    for kind in dict.fromkeys([*declared, *others]):
        found = await _find(identity, session, token, kind)
        if found is not None:
            return found
    raise TokenInvalid


async def _find(
    identity: IdentitySource, session: AsyncSession, token: VerifiedToken, kind: ActorKind
) -> Identified | None:
    if kind is ActorKind.STAFF:
        return await identity.staff_actor(session, token)
    find = identity.customer_actor if kind is ActorKind.CUSTOMER else identity.service_actor
    actor = await find(session, token)
    return None if actor is None else (actor, [])


def permit(identified: Identified, callers: Callers) -> Scope:
    """Decide whether the actor may use the route, and on whose data.

    Raises:
        HumanRequired: a service where people decide.
        Forbidden: no declared caller fits.
    """
    actor, grants = identified
    for caller in callers:
        if caller.kind is actor.kind:
            scope = _scope(actor, grants, caller)
            if scope is not None:
                return scope
    if actor.kind is ActorKind.SERVICE and any(caller.verb is Verb.APPROVE for caller in callers):
        raise HumanRequired
    raise Forbidden


async def open_rows_of(work: UnitOfWork, identified: Identified) -> None:
    """Open, for the database's row-level policies, the rows that any grant of the actor reaches.

    The route's own scope is the first net and narrower. A customer's rows are open already: they were with the look-up.
    """
    actor, grants = identified
    scope = _reach(actor, grants)

    async def opening(session: AsyncSession) -> None:
        await open_rows(session, scope, actor_id=actor.id)

    work.reopen_with(opening)
    if actor.kind is not ActorKind.CUSTOMER:
        await opening(work.session)


def _reach(actor: Actor, grants: Iterable[Grant]) -> Scope:
    if actor.kind is ActorKind.CUSTOMER:
        return Scope.of_customer(actor.id)
    return data_of(grants, staff_id=actor.id) if actor.kind is ActorKind.STAFF else Scope.of_job()


def require_fresh_login(token: VerifiedToken, settings: Settings) -> None:
    """Hold a caller to a login of a short while ago with a second factor; a demo login in development needs neither.

    Raises:
        ReauthRequired: logged in too long ago, or not strongly enough, or the issuer does not say.
    """
    if settings.profile is Profile.DEVELOPMENT and token.acr == DEMO_LOGIN:
        return
    oldest = clock.now() - timedelta(seconds=settings.fresh_login_seconds)
    strong = token.acr is not None and token.acr in settings.fresh_login_acr.split(",")
    if not strong or token.auth_time is None or token.auth_time < oldest:
        raise ReauthRequired(max_age=settings.fresh_login_seconds)


async def refuse_own_account(
    identity: IdentitySource, session: AsyncSession, actor: Actor, names: Iterable[object]
) -> None:
    """Keep staff from commands on their own account: `names` is the path's values and the body, in which it may stand.

    Raises:
        SelfDealing: one of the customers named is the actor.
    """
    customer_ids = {customer_id for name in names for customer_id in _customers_in(name)}
    if actor.kind is ActorKind.STAFF and customer_ids and await identity.owns_account(session, actor, customer_ids):
        raise SelfDealing


def _customers_in(value: object) -> Iterator[UUID]:
    """Find the public ids of customers in a value of JSON, however deep."""
    if isinstance(value, str):
        found = from_public("cus", value)
        if found is not None:
            yield found
    elif isinstance(value, dict):
        for part in value.values():
            yield from _customers_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from _customers_in(part)


def _scope(actor: Actor, grants: Iterable[Grant], caller: Caller) -> Scope | None:
    if caller.verb is not None and caller.domain is not None:
        return decide(grants, caller.verb, caller.domain, staff_id=actor.id)
    if caller.oauth_scope not in actor.scopes:
        return None
    return Scope.of_customer(actor.id) if actor.kind is ActorKind.CUSTOMER else Scope.of_job()
