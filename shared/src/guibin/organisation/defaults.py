"""The seeded roles: what a bank starts from and then edits. Limits are CNY of cost, in fen."""

from collections.abc import Iterable, Iterator
from itertools import product

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.seeding import add_missing
from guibin.organisation.models import RoleGrant
from guibin.security.actors import DataScope, Domain, Verb

OWN, SUBTREE, BANK, NOBODY = DataScope.OWN_CUSTOMERS, DataScope.SUBTREE, DataScope.WHOLE_BANK, DataScope.NONE
SMALL, MEDIUM = 500_00, 5_000_00

CUSTOMER_DATA = (
    Domain.CUSTOMERS,
    Domain.HOLDINGS,
    Domain.PRODUCTS,
    Domain.TAGS,
    Domain.TIERS,
    Domain.MANAGERS,
    Domain.POINTS,
    Domain.RIGHTS,
    Domain.ORGANISATION,
)
Row = tuple[str, Verb, Domain, DataScope, int | None]


def _grants(
    role: str, verbs: Iterable[Verb], domains: Iterable[Domain], data: DataScope, limit_fen: int | None = None
) -> Iterator[Row]:
    return ((role, verb, domain, data, limit_fen) for verb, domain in product(verbs, domains))


def seeded_grants() -> Iterator[Row]:
    """Yield role, verb, domain, data scope and limit of each seeded grant."""
    read, write, submit, approve = (Verb.READ,), (Verb.WRITE,), (Verb.SUBMIT,), (Verb.APPROVE,)
    see_approvals = (Domain.APPROVALS,)

    yield from _grants("manager", read, (*CUSTOMER_DATA, *see_approvals), OWN)
    yield from _grants("manager", write, (Domain.TAGS,), OWN)
    yield from _grants("manager", submit, (Domain.POINTS,), OWN, SMALL)

    yield from _grants("branch_head", read, (*CUSTOMER_DATA, *see_approvals), SUBTREE)
    yield from _grants("branch_head", write, (Domain.TAGS, Domain.MANAGERS, Domain.RIGHTS), SUBTREE)
    yield from _grants("branch_head", submit, (Domain.POINTS,), SUBTREE, MEDIUM)
    yield from _grants("branch_head", approve, (Domain.POINTS,), SUBTREE, SMALL)
    yield from _grants("branch_head", approve, see_approvals, SUBTREE)

    serving = (Domain.CUSTOMERS, Domain.TIERS, Domain.RIGHTS, Domain.ORGANISATION)
    yield from _grants("lobby", read, serving, SUBTREE)
    yield from _grants("lobby", write, (Domain.RIGHTS,), SUBTREE)

    yield from _grants("customer_service", read, (*CUSTOMER_DATA, *see_approvals), BANK)
    yield from _grants("customer_service", submit, (Domain.POINTS,), BANK, SMALL)

    defined = (Domain.TAGS, Domain.TIERS, Domain.MANAGERS, Domain.POINTS)
    yield from _grants("hq_operator", read, (*CUSTOMER_DATA, Domain.FEEDS, Domain.RUNS, *see_approvals), SUBTREE)
    yield from _grants("hq_operator", submit, defined, SUBTREE)
    yield from _grants("hq_operator", write, (Domain.TAGS, Domain.MANAGERS, Domain.PRODUCTS), SUBTREE)
    yield from _grants("hq_operator", write, (Domain.FEEDS, Domain.RUNS), NOBODY)

    yield from _grants("hq_approver", read, (*CUSTOMER_DATA, Domain.RUNS, *see_approvals), SUBTREE)
    yield from _grants("hq_approver", approve, (*defined, Domain.CUSTOMERS, *see_approvals), SUBTREE)

    catalogue = (Domain.RIGHTS, Domain.POINTS, Domain.TIERS, Domain.ORGANISATION)
    yield from _grants("rights_operator", read, (*catalogue, *see_approvals), NOBODY)
    yield from _grants("rights_operator", submit, (Domain.RIGHTS,), NOBODY)
    yield from _grants("rights_approver", read, (*catalogue, *see_approvals), NOBODY)
    yield from _grants("rights_approver", approve, (Domain.RIGHTS, *see_approvals), NOBODY)

    everything = (*CUSTOMER_DATA, Domain.FEEDS, Domain.RUNS, *see_approvals)
    yield from _grants("compliance", read, everything, BANK)
    yield from _grants("compliance", (Verb.AUDIT,), (Domain.AUDIT,), BANK)
    personal = (Domain.PRIVACY,)
    yield from _grants("manager", read, personal, OWN)
    yield from _grants("branch_head", (*read, *write, *submit), personal, SUBTREE)
    yield from _grants("customer_service", (*read, *write, *submit), personal, BANK)
    yield from _grants("hq_operator", read, personal, SUBTREE)
    yield from _grants("compliance", (*read, *write, *approve), personal, BANK)
    yield from _grants("compliance", approve, see_approvals, BANK)
    yield from _grants("auditor", read, personal, BANK)
    yield from _grants("auditor", read, everything, BANK)
    yield from _grants("auditor", (Verb.AUDIT,), (Domain.AUDIT,), BANK)

    technical = (Domain.FEEDS, Domain.RUNS, Domain.ORGANISATION)
    yield from _grants("administrator", (Verb.READ, Verb.WRITE), technical, NOBODY)


async def seed(session: AsyncSession) -> int:
    """Add the seeded grants that are missing; what a bank has changed stays. Returns the rows added."""
    rows = [
        {"role": role, "verb": verb, "domain": domain, "data": data, "limit_fen": limit}
        for role, verb, domain, data, limit in seeded_grants()
    ]
    return await add_missing(session, RoleGrant, rows)
