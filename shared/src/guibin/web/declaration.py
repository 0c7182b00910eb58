"""What every route states about itself. An application with a route that states nothing does not start."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Final, TypeVar

from starlette.responses import Response

from guibin.core.errors import Refusal
from guibin.security.actors import ActorKind, Domain, Verb

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
DirectEndpoint = Callable[[Any], Awaitable[Response]]
"""What answers a hot call that is in order: it takes a `guibin.web.direct.DirectCall`."""

_MARK: Final = "__guibin_declaration__"


class Idempotency(StrEnum):
    """Whether a route takes an Idempotency-Key: reading routes and secrets never, ledgers, stock and codes always."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class DataClass(StrEnum):
    """The highest class of data in the answer (JR/T 0171): public, C1 internal, C2 personal, C3 secret."""

    PUBLIC = "public"
    C1 = "c1"
    C2 = "c2"
    C3 = "c3"


class BodyLimit(IntEnum):
    """How many bytes of body a route reads."""

    DEFAULT = 64 * 1024
    PICTURE = 516 * 1024
    """A picture of 512 KiB, and what a form puts around it."""

    BATCH = 1024 * 1024
    DOCUMENT = 2 * 1024 * 1024 + 4 * 1024
    """A document of 2 MiB, and what a form puts around it."""

    UPLOAD = 64 * 1024 * 1024


class RateClass(StrEnum):
    """Which bucket a call counts against; `guibin.web.limits` has the numbers."""

    READ = "read"
    PICTURE = "picture"
    BALANCE = "balance"
    HISTORY = "history"
    REDEEM = "redeem"
    WRITE = "write"
    SEARCH = "search"
    UPLOAD = "upload"
    EARN = "earn"
    CALLBACK = "callback"
    HEALTH = "health"
    LOGIN = "login"
    OTP = "otp"
    VOUCHER_CODE = "voucher_code"
    REVEAL = "reveal"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Caller:
    """One kind of caller with what it must hold: an OAuth scope, or a grant of a verb in a domain."""

    kind: ActorKind
    oauth_scope: str | None = None
    verb: Verb | None = None
    domain: Domain | None = None

    def describe(self) -> str:
        """Write the permission for the OpenAPI document."""
        needed = self.oauth_scope if self.verb is None else f"{self.verb} on {self.domain}"
        return f"{self.kind} with {needed}" if needed else str(self.kind)


Callers = tuple[Caller, ...]


def customer(oauth_scope: str) -> Callers:
    """A customer whose token has the OAuth scope."""
    return (Caller(ActorKind.CUSTOMER, oauth_scope=oauth_scope),)


def service(oauth_scope: str) -> Callers:
    """A service whose token has the OAuth scope."""
    return (Caller(ActorKind.SERVICE, oauth_scope=oauth_scope),)


def staff(verb: Verb, domain: Domain) -> Callers:
    """A staff member with a grant of the verb in the domain."""
    return (Caller(ActorKind.STAFF, verb=verb, domain=domain),)


def anyone_of(*callers: Callers) -> Callers:
    """Each of several kinds of callers, for example `anyone_of(staff(...), service(...))`."""
    return tuple(caller for group in callers for caller in group)


def public() -> Callers:
    """Everybody, without a token: health pages and log-ins."""
    return ()


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a route states: see `declare`."""

    callers: Callers
    idempotency: Idempotency
    rate: RateClass
    data: DataClass
    body_limit: BodyLimit
    refusals: tuple[type[Refusal], ...]
    dry_run: bool
    fresh_login: bool
    formats: tuple[str, ...]
    direct: DirectEndpoint | None
    accompanied: bool

    @property
    def is_public(self) -> bool:
        """Whether the route takes no token."""
        return not self.callers


def declare(
    *,
    caller: Callers,
    rate: RateClass,
    data: DataClass,
    idempotency: Idempotency = Idempotency.NONE,
    refusals: tuple[type[Refusal], ...] = (),
    body_limit: BodyLimit = BodyLimit.DEFAULT,
    dry_run: bool = False,
    fresh_login: bool = False,
    formats: tuple[str, ...] = (),
    direct: DirectEndpoint | None = None,
    accompanied: bool = False,
) -> Callable[[Endpoint], Endpoint]:
    """Declare who may call a route and how; the decorator stands below the router's.

    `refusals` are the domain's own; the generic ones are added to the OpenAPI document by themselves. `dry_run` says
    that the body has a field `dry_run`: when it is true no key is needed and the unit of work is rolled back after the
    answer, which the endpoint gives the status 200. `fresh_login` asks that the caller has logged in a short while ago
    with a second factor: for decisions, exports and looks at unmasked data. `formats` are the media types of
    `guibin.web.formats` that the route answers in beside JSON, for callers who name them. `direct` answers, without a
    session, the calls of a hot route that are in order, as the endpoint answers the others (`guibin.web.direct`).
    `accompanied` lets staff reach the customers, too, whom they gave away and still accompany; what reads one customer,
    whom its path names, does so without saying it (`guibin.web.accompanying`).

    Raises:
        ValueError: a stored answer would hold a secret, or there is no actor to whom a key could belong.
    """
    if idempotency is not Idempotency.NONE and (data is DataClass.C3 or not caller):
        raise ValueError("an idempotent route has an actor, and its stored answer holds no secret")
    if direct is not None and (fresh_login or formats or {one.kind for one in caller} != {ActorKind.CUSTOMER}):
        raise ValueError("a direct route serves customers, in JSON")
    declaration = Declaration(
        caller, idempotency, rate, data, body_limit, refusals, dry_run, fresh_login, formats, direct, accompanied
    )

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _MARK, declaration)
        return endpoint

    return mark


def declaration_of(endpoint: Callable[..., Any]) -> Declaration | None:
    """Return what a route's function declares; None when it declares nothing."""
    found = getattr(endpoint, _MARK, None)
    return found if isinstance(found, Declaration) else None
