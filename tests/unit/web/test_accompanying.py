"""Which calls reach customers whom their caller gave away and still accompanies."""

from uuid import UUID

import pytest

from guibin.security.actors import DataScope, Domain, Grant, Scope, Verb, decide
from guibin.web import DataClass, RateClass, declare, staff
from guibin.web.accompanying import accompanying, reaches_accompanied
from guibin.web.declaration import Declaration, declaration_of

ME = UUID(int=1)
ONE, LIST = "/v1/customers/{customer_id}/touches", "/v1/customers"


def declared(verb: Verb, domain: Domain = Domain.CARE, *, accompanied: bool = False) -> Declaration:
    async def endpoint() -> None: ...

    mark = declare(caller=staff(verb, domain), rate=RateClass.READ, data=DataClass.C2, accompanied=accompanied)
    found = declaration_of(mark(endpoint))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("verb", "method", "path", "said", "reaches"),
    [
        (Verb.READ, "GET", ONE, False, True),
        (Verb.READ, "GET", LIST, False, False),
        (Verb.READ, "GET", LIST, True, True),
        (Verb.WRITE, "POST", ONE, False, False),
        (Verb.WRITE, "POST", LIST, True, True),
        (Verb.AUDIT, "GET", ONE, False, False),
    ],
)
def test_what_reads_one_customer_reaches_them_and_what_says_so(
    verb: Verb, method: str, path: str, *, said: bool, reaches: bool
) -> None:
    assert reaches_accompanied(declared(verb, accompanied=said), method=method, path=path) is reaches


def test_only_reading_own_customers_and_what_the_route_asks_for_carries_it() -> None:
    domains = (Domain.CARE, Domain.POINTS)
    grants = [Grant(verb, domain, DataScope.OWN_CUSTOMERS) for verb in Verb for domain in domains]
    held = accompanying(grants, declared(Verb.WRITE, accompanied=True))
    reached = {
        (verb, domain)
        for verb in Verb
        for domain in domains
        if decide(held, verb, domain, staff_id=ME) == Scope(staff_id=ME, accompanies=True)
    }
    assert reached == {(Verb.READ, Domain.CARE), (Verb.READ, Domain.POINTS), (Verb.WRITE, Domain.CARE)}
    bank = [Grant(Verb.READ, Domain.CARE, DataScope.AGGREGATES)]
    assert accompanying(bank, declared(Verb.READ)) == bank
