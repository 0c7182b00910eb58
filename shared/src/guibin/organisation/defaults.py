"""The seeded roles: what a bank starts from and then edits. Limits of cost are CNY, in fen."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final, NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.seeding import add_missing
from guibin.organisation.models import RoleGrant
from guibin.security.actors import DataScope, Domain, Verb

OWN, SUBTREE, BANK, NOBODY = DataScope.OWN_CUSTOMERS, DataScope.SUBTREE, DataScope.WHOLE_BANK, DataScope.NONE
COUNTS = DataScope.AGGREGATES
SMALL, MEDIUM = 500_00, 5_000_00
REVEALS, MORE_REVEALS = 20, 50
EXPORTED_ROWS = 5_000

CUSTOMER_DATA = (
    Domain.CUSTOMERS,
    Domain.HOLDINGS,
    Domain.PRODUCTS,
    Domain.TAGS,
    Domain.TIERS,
    Domain.MANAGERS,
    Domain.CARE,
    Domain.POINTS,
    Domain.RIGHTS,
    Domain.GIFTS,
    Domain.ORGANISATION,
)
DEFINED: Final = (Domain.TAGS, Domain.TIERS, Domain.MANAGERS, Domain.CARE, Domain.POINTS)
CATALOGUE: Final = (Domain.RIGHTS, Domain.GIFTS, Domain.POINTS, Domain.TIERS, Domain.ORGANISATION)
FIGURES: Final = (Domain.TAGS, Domain.TIERS, Domain.PRODUCTS, Domain.POINTS, Domain.RIGHTS)
EVERYTHING: Final = (*CUSTOMER_DATA, Domain.FEEDS, Domain.RUNS, Domain.APPROVALS)
PERSONAL: Final = (Domain.PRIVACY,)
BOOKS: Final = (Domain.ACCOUNTING,)
READ, WRITE, SUBMIT, APPROVE = (Verb.READ,), (Verb.WRITE,), (Verb.SUBMIT,), (Verb.APPROVE,)


class SeededGrant(NamedTuple):
    """One grant of a role; see `RoleGrant`."""

    role: str
    verb: Verb
    domain: Domain
    data: DataScope
    limit_fen: int | None = None
    per_day: int | None = None
    row_limit: int | None = None


def _grants(
    role: str,
    verbs: Iterable[Verb],
    domains: Iterable[Domain],
    data: DataScope,
    limit_fen: int | None = None,
    *,
    per_day: int | None = None,
    row_limit: int | None = None,
) -> Iterator[SeededGrant]:
    pairs = product(verbs, domains)
    return (SeededGrant(role, verb, domain, data, limit_fen, per_day, row_limit) for verb, domain in pairs)


def seeded_grants() -> Iterator[SeededGrant]:
    """Yield each seeded grant."""
    yield from _serving()
    yield from _head_office()
    yield from _rights()
    yield from _watching()
    yield from _counting()
    yield from _technical()


def _serving() -> Iterator[SeededGrant]:
    """Who serves customers: managers their own, branches theirs, customer service everybody, one at a time."""
    reveal, customers = (Verb.REVEAL,), (Domain.CUSTOMERS,)
    yield from _grants("manager", READ, (*CUSTOMER_DATA, *PERSONAL, Domain.APPROVALS), OWN)
    yield from _grants("manager", WRITE, (Domain.TAGS, Domain.CUSTOMERS, Domain.CARE), OWN)
    yield from _grants("manager", SUBMIT, (Domain.POINTS, Domain.GIFTS), OWN, SMALL)
    yield from _grants("manager", reveal, customers, OWN, per_day=REVEALS)
    yield from _grants("manager", reveal, (Domain.TAGS,), OWN)

    yield from _grants("branch_head", READ, (*CUSTOMER_DATA, *PERSONAL, Domain.APPROVALS), SUBTREE)
    served = (Domain.MANAGERS, Domain.CARE, Domain.RIGHTS, Domain.GIFTS, Domain.POINTS)
    writes = (Domain.CUSTOMERS, Domain.TAGS, *served, *PERSONAL)
    yield from _grants("branch_head", WRITE, writes, SUBTREE)
    yield from _grants("branch_head", SUBMIT, (Domain.POINTS, Domain.GIFTS), SUBTREE, MEDIUM)
    yield from _grants("branch_head", SUBMIT, PERSONAL, SUBTREE)
    yield from _grants("branch_head", APPROVE, (Domain.POINTS, Domain.GIFTS), SUBTREE, SMALL)
    yield from _grants("branch_head", APPROVE, (Domain.APPROVALS,), SUBTREE)
    yield from _grants("branch_head", reveal, customers, SUBTREE, per_day=MORE_REVEALS)
    yield from _grants("branch_head", (Verb.EXPORT,), (Domain.EXPORTS,), SUBTREE, row_limit=EXPORTED_ROWS)
    yield from _grants("branch_head", SUBMIT, (Domain.EXPORTS,), SUBTREE, row_limit=EXPORTED_ROWS)

    serving = (Domain.CUSTOMERS, Domain.TIERS, Domain.RIGHTS, Domain.GIFTS, Domain.ORGANISATION)
    yield from _grants("lobby", READ, serving, SUBTREE)
    yield from _grants("lobby", WRITE, (Domain.RIGHTS, Domain.GIFTS), SUBTREE)

    yield from _grants("customer_service", READ, (*CUSTOMER_DATA, *PERSONAL, Domain.APPROVALS), BANK)
    yield from _grants("customer_service", SUBMIT, (Domain.POINTS,), BANK, SMALL)
    yield from _grants("customer_service", (*WRITE, *SUBMIT), PERSONAL, BANK)
    yield from _grants("customer_service", WRITE, (Domain.POINTS, Domain.CARE), BANK)
    yield from _grants("customer_service", reveal, customers, BANK, per_day=REVEALS)


def _head_office() -> Iterator[SeededGrant]:
    """Who defines what the bank does, and who agrees."""
    seen = (*CUSTOMER_DATA, Domain.RUNS, Domain.APPROVALS)
    yield from _grants("hq_operator", READ, (*seen, Domain.FEEDS, *PERSONAL), SUBTREE)
    yield from _grants("hq_operator", READ, BOOKS, NOBODY)
    yield from _grants("hq_operator", SUBMIT, (*DEFINED, Domain.EXPORTS, Domain.COMPLIANCE), SUBTREE)
    written = (Domain.CUSTOMERS, Domain.TAGS, Domain.MANAGERS, Domain.CARE, Domain.PRODUCTS, Domain.POINTS)
    yield from _grants("hq_operator", WRITE, written, SUBTREE)
    yield from _grants("hq_operator", WRITE, (Domain.FEEDS, Domain.RUNS), NOBODY)
    yield from _grants("hq_operator", (Verb.REVEAL,), (Domain.CUSTOMERS,), SUBTREE, per_day=MORE_REVEALS)

    yield from _grants("hq_approver", READ, seen, SUBTREE)
    yield from _grants("hq_approver", READ, BOOKS, NOBODY)
    decided = (*DEFINED, Domain.GIFTS, Domain.CUSTOMERS, Domain.EXPORTS, Domain.FEEDS, Domain.APPROVALS)
    yield from _grants("hq_approver", APPROVE, decided, SUBTREE)
    yield from _grants("hq_approver", APPROVE, BOOKS, NOBODY)


def _rights() -> Iterator[SeededGrant]:
    """Who makes the catalogue of rights, and who agrees to what the own unit owns; neither sees customers."""
    yield from _grants("rights_operator", READ, (*CATALOGUE, Domain.APPROVALS), NOBODY)
    yield from _grants("rights_operator", SUBMIT, (Domain.RIGHTS,), NOBODY)
    yield from _grants("rights_approver", READ, (*CATALOGUE, Domain.APPROVALS), NOBODY)
    yield from _grants("rights_approver", APPROVE, (Domain.RIGHTS,), SUBTREE)
    yield from _grants("rights_approver", APPROVE, (Domain.APPROVALS,), NOBODY)


def _watching() -> Iterator[SeededGrant]:
    """Who watches the others: the whole bank, masked, and every look is in the trail."""
    for role in ("compliance", "auditor"):
        yield from _grants(role, READ, (*EVERYTHING, *PERSONAL), BANK)
        yield from _grants(role, READ, BOOKS, NOBODY)
        yield from _grants(role, (Verb.AUDIT,), (Domain.AUDIT,), BANK)
    yield from _grants("compliance", WRITE, PERSONAL, BANK)
    yield from _grants("compliance", (Verb.REVEAL,), (Domain.TAGS,), BANK)
    yield from _grants("compliance", APPROVE, (*PERSONAL, Domain.COMPLIANCE, Domain.APPROVALS), BANK)


def _counting() -> Iterator[SeededGrant]:
    """Who works with counts: no row of one customer, and no count that is small enough to tell of one."""
    for role in ("marketing", "finance", "analyst"):
        yield from _grants(role, READ, FIGURES, COUNTS)
        yield from _grants(role, READ, (Domain.ORGANISATION,), NOBODY)
    yield from _grants("finance", (*READ, *WRITE, *APPROVE), BOOKS, NOBODY)
    yield from _grants("finance", (*READ, *APPROVE), (Domain.APPROVALS,), NOBODY)


def _technical() -> Iterator[SeededGrant]:
    """Who runs the house: roles and people by four eyes of administrators, and no customer's data."""
    technical = (Domain.FEEDS, Domain.RUNS, Domain.ORGANISATION)
    yield from _grants("administrator", (*READ, *WRITE), technical, NOBODY)
    yield from _grants("administrator", (*SUBMIT, *APPROVE), (Domain.ORGANISATION,), NOBODY)
    yield from _grants("administrator", (*READ, *APPROVE), (Domain.APPROVALS,), NOBODY)


async def seed(session: AsyncSession) -> int:
    """Add the seeded grants that are missing; what a bank has changed stays. Returns the rows added."""
    rows = [grant._asdict() | {"active": True} for grant in seeded_grants()]
    return await add_missing(session, RoleGrant, rows)
