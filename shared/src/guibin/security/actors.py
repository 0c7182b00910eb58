"""Who acts, what grants permit, and which customers' rows a repository may touch on the actor's behalf.

Grants come from the tables of the organisation on every request, never from a token. A grant names a verb and a domain;
its data scope becomes a `Scope`, which every repository of customers' data takes as an argument.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self
from uuid import UUID


class ActorKind(StrEnum):
    """What kind of caller acts."""

    CUSTOMER = "customer"
    STAFF = "staff"
    SERVICE = "service"
    JOB = "job"
    VISITOR = "visitor"


class Verb(StrEnum):
    """What a grant lets its holder do in a domain. No verb contains another: writing needs its own grant."""

    READ = "read"
    WRITE = "write"
    SUBMIT = "submit"
    APPROVE = "approve"
    REVEAL = "reveal"
    EXPORT = "export"
    AUDIT = "audit"


class Domain(StrEnum):
    """The area of the product to which a grant applies."""

    CUSTOMERS = "customers"
    FEEDS = "feeds"
    PRODUCTS = "products"
    HOLDINGS = "holdings"
    TAGS = "tags"
    TIERS = "tiers"
    MANAGERS = "managers"
    POINTS = "points"
    RIGHTS = "rights"
    APPROVALS = "approvals"
    AUDIT = "audit"
    RUNS = "runs"
    ORGANISATION = "organisation"
    COMPLIANCE = "compliance"
    PRIVACY = "privacy"
    EXPORTS = "exports"
    ACCOUNTING = "accounting"
    GIFTS = "gifts"
    CARE = "care"


class DataScope(StrEnum):
    """Whose data a grant opens: own customers, those of a branch and all below it, everybody's, or nobody's.

    `aggregates` opens counts over everybody, and the row of nobody.
    """

    OWN_CUSTOMERS = "own_customers"
    SUBTREE = "subtree"
    WHOLE_BANK = "whole_bank"
    AGGREGATES = "aggregates"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, once the token is mapped to an id of ours.

    ``name`` is a label for the audit trail (a staff number, ``job:nightly``), never a person's name. ``scopes`` are the
    OAuth scopes of customers and services; ``roles`` are the names of a staff member's roles.
    """

    kind: ActorKind
    id: UUID
    name: str
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()


NIGHTLY_JOB: Final = Actor(ActorKind.JOB, UUID("00000000-0000-7000-8000-000000000f01"), "job:nightly")
"""Who runs the night and posts what it earns and expires; the same in every deployment, so that a trail tells it."""


NOBODY: Final = Actor(ActorKind.VISITOR, UUID("00000000-0000-7000-8000-000000000f02"), "visitor")
"""Who calls a public route before anybody has said who it is."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One permission of a staff member: verb x domain x data scope x limit.

    ``branch_id`` is the root of the subtree, and present for that data scope only. ``limit_fen`` bounds one command by
    its cost in fen, ``per_day`` the commands of a day, ``row_limit`` the rows of one answer; None means no bound.
    ``stands_in_for`` names the colleagues who are away and whose own customers a grant over own customers reaches too.
    ``accompanies`` lets such a grant reach the customers whom its holder gave away and still accompanies; a route says
    whether it does (`guibin.web.declaration.Declaration.accompanied`).
    """

    verb: Verb
    domain: Domain
    data: DataScope
    branch_id: UUID | None = None
    limit_fen: int | None = None
    per_day: int | None = None
    row_limit: int | None = None
    stands_in_for: tuple[UUID, ...] = ()
    accompanies: bool = False

    def __post_init__(self) -> None:
        if (self.data is DataScope.SUBTREE) != (self.branch_id is not None):
            raise ValueError("a branch belongs to a grant over a subtree, and to no other")

    def fits(self, verb: Verb, domain: Domain, cost_fen: int = 0) -> bool:
        """Tell whether this grant permits the verb in the domain at that cost in fen."""
        within_limit = self.limit_fen is None or cost_fen <= self.limit_fen
        return self.verb is verb and self.domain is domain and within_limit


@dataclass(frozen=True, slots=True)
class Scope:
    """The customers whose rows may be touched: the union of what the fields open. The empty scope opens nothing.

    ``customer_id`` opens that customer, ``staff_id`` the customers whom this staff member serves, ``stands_in_for``
    those of colleagues who are away and for whom this staff member stands in, ``branch_roots`` the customers of these
    branches and of all branches below them, ``whole_bank`` everybody. ``aggregates`` opens no row: it lets counts over
    everybody out that are too large to tell of anyone. ``origins`` opens the rows of customers who were merged into one
    of these. ``accompanies`` adds to the customers of ``staff_id`` those whom this one gave away and still accompanies.
    """

    customer_id: UUID | None = None
    staff_id: UUID | None = None
    branch_roots: tuple[UUID, ...] = ()
    whole_bank: bool = False
    aggregates: bool = False
    origins: tuple[UUID, ...] = ()
    stands_in_for: tuple[UUID, ...] = ()
    accompanies: bool = False

    @property
    def books(self) -> tuple[UUID, ...]:
        """The members of staff whose own customers this opens."""
        return (() if self.staff_id is None else (self.staff_id,)) + self.stands_in_for

    @classmethod
    def of_customer(cls, customer_id: UUID) -> Self:
        """Return the scope of a customer: the customer alone."""
        return cls(customer_id=customer_id)

    @classmethod
    def of_job(cls) -> Self:
        """Return the scope of scheduled work: the whole bank."""
        return cls(whole_bank=True)

    @classmethod
    def nothing(cls) -> Self:
        """Return the scope that opens no row."""
        return cls()

    def describe(self) -> str:
        """Write the scope as one line for the audit trail, ids only."""
        if self.whole_bank:
            return "whole_bank"
        parts = [f"customer:{self.customer_id}"] if self.customer_id else []
        parts += [f"own_customers:{staff_id}" for staff_id in self.books]
        parts += [f"accompanied:{self.staff_id}"] if self.accompanies else []
        parts += [f"subtree:{root}" for root in self.branch_roots]
        parts += ["aggregates"] if self.aggregates else []
        return " + ".join(parts) or "nothing"


def decide(grants: Iterable[Grant], verb: Verb, domain: Domain, *, staff_id: UUID, cost_fen: int = 0) -> Scope | None:
    """Decide whether a staff member may do something, and to whose data.

    Returns the union of the data scopes of the grants that permit the verb in the domain at that cost, or None where no
    grant does. Passing the cost keeps a high limit in one branch from serving customers of another.
    """
    fitting = [grant for grant in grants if grant.fits(verb, domain, cost_fen)]
    return data_of(fitting, staff_id=staff_id) if fitting else None


def data_of(grants: Iterable[Grant], *, staff_id: UUID) -> Scope:
    """Return the union of the data scopes of grants, whatever they permit."""
    held = tuple(grants)
    kinds = {grant.data for grant in held}
    if DataScope.WHOLE_BANK in kinds:
        return Scope(whole_bank=True)
    return Scope(
        staff_id=staff_id if DataScope.OWN_CUSTOMERS in kinds else None,
        branch_roots=tuple(sorted({grant.branch_id for grant in held if grant.branch_id is not None})),
        aggregates=DataScope.AGGREGATES in kinds,
        stands_in_for=tuple(sorted({staff_id for grant in held for staff_id in grant.stands_in_for})),
        accompanies=any(grant.accompanies for grant in held),
    )


def limit_of(grants: Iterable[Grant], verb: Verb, domain: Domain) -> int | None:
    """Return the highest cost in fen that any grant permits; None means without bound, 0 that no grant fits."""
    return _highest(grant.limit_fen for grant in grants if grant.fits(verb, domain))


def daily_limit_of(grants: Iterable[Grant], verb: Verb, domain: Domain) -> int | None:
    """Return how many times a day any grant permits something; None means without bound, 0 that no grant fits."""
    return _highest(grant.per_day for grant in grants if grant.fits(verb, domain))


def row_limit_of(grants: Iterable[Grant], verb: Verb, domain: Domain) -> int | None:
    """Return how many rows of one answer any grant permits; None means without bound, 0 that no grant fits."""
    return _highest(grant.row_limit for grant in grants if grant.fits(verb, domain))


def _highest(limits: Iterable[int | None]) -> int | None:
    highest = 0
    for limit in limits:
        if limit is None:
            return None
        highest = max(highest, limit)
    return highest
