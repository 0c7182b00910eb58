"""Every route x every kind of caller (T-AC-1).

`callers.txt` is the expectation, committed so that a change of grants or declarations shows in its diff.
"""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.security.development_issuer import DevelopmentIssuer
from support.callers import CALLERS, FILE, NOBODY, OK, ROLES, SERVICES, expected, table
from support.house import BANK_AUDIENCE, CUSTOMER_AUDIENCE, CUSTOMER_SCOPES, House
from support.routes import Route, all_routes


def test_the_committed_table_is_what_grants_and_declarations_say() -> None:
    assert FILE.read_text("utf-8") == table()


@pytest.fixture(scope="module")
async def credentials(house: House, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, dict[str, str]]]:
    customer_id = await house.add_customer()
    stranger = DevelopmentIssuer.open(tmp_path_factory.mktemp("stranger"), "https://stranger.example")
    staff = house.staff["hq_operator"].subject
    customer = to_public("cus", customer_id)
    bank_people = {role: house.headers(role) for role in ROLES}
    bank_people |= {name: house.service_headers(name, scopes) for name, scopes in SERVICES.items()}
    bank_people |= {"service_without_scopes": house.service_headers("core_banking", ())}
    return {
        "bank-api": bank_people | nobodies(house, stranger, BANK_AUDIENCE, CUSTOMER_AUDIENCE, staff, customer),
        "customer-api": nobodies(house, stranger, CUSTOMER_AUDIENCE, BANK_AUDIENCE, customer, staff)
        | customers(house, customer_id),
    }


def nobodies(
    house: House, stranger: DevelopmentIssuer, here: str, there: str, ours: str, theirs: str
) -> dict[str, dict[str, str]]:
    with clock.fixed_at(clock.now() - timedelta(hours=2)):
        expired = house.issuer.issue(ours, here, scopes=CUSTOMER_SCOPES, lifetime=timedelta(hours=1))
    tokens = {
        "expired": expired,
        "wrong_issuer": stranger.issue(ours, here, scopes=CUSTOMER_SCOPES),
        "other_port": house.issuer.issue(theirs, there, scopes=CUSTOMER_SCOPES),
        "wrong_kind": house.issuer.issue(theirs, here, scopes=CUSTOMER_SCOPES),
    }
    return {"no_token": {}} | {name: {"Authorization": f"Bearer {token}"} for name, token in tokens.items()}


def customers(house: House, customer_id: UUID) -> dict[str, dict[str, str]]:
    return {
        "customer": house.customer_headers(customer_id),
        "customer_without_scopes": house.customer_headers(customer_id, scopes=()),
    }


@pytest.mark.parametrize("route", all_routes(), ids=lambda route: f"{route.port}-{route.operation_id}")
async def test_every_caller_is_answered_as_the_table_says(
    route: Route, clients: dict[str, httpx.AsyncClient], credentials: dict[str, dict[str, dict[str, str]]]
) -> None:
    for caller in CALLERS[route.port]:
        headers = credentials[route.port][caller] | ({"Content-Type": "text/csv"} if route.is_upload else {})
        answer = await clients[route.port].request(route.method, route.url(), headers=headers)
        assert outcome(answer) == expected(route, caller), (caller, answer.text)
        if caller in NOBODY and not route.declaration.is_public:
            code = "token_required" if caller == "no_token" else "token_invalid"
            assert answer.json()["code"] == code, caller


def outcome(answer: httpx.Response) -> str:
    assert answer.status_code < 500, answer.text
    return str(answer.status_code) if answer.status_code in {401, 403} else OK
