"""Every route x every kind of caller (T-AC-1).

`callers.txt` is the expectation, committed so that a change of grants or declarations shows in its diff. At each commit
a route is asked by a part of those who may, of those who may not and of those who are nobody; before a merge by all.
"""

from collections import defaultdict
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.organisation.models import RevokedToken, Staff
from guibin.security.development_issuer import DevelopmentIssuer
from support.callers import (
    CALLERS,
    FILE,
    NOBODY,
    OK,
    OLD_LOGIN,
    OVERREACHING,
    ROLES,
    SERVICES,
    STAFF_NOBODY,
    WEAK_LOGIN,
    expected,
    table,
)
from support.claims import claims_of
from support.house import BANK_AUDIENCE, CUSTOMER_AUDIENCE, CUSTOMER_SCOPES, House
from support.routes import Route, all_routes
from support.shares import Share


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
    bank_people |= {OVERREACHING: house.service_headers("supplier_terminal", all_oauth_scopes())}
    bank_people |= await gone(house) | stale(house)
    return {
        "bank-api": bank_people | nobodies(house, stranger, BANK_AUDIENCE, CUSTOMER_AUDIENCE, staff, customer),
        "customer-api": nobodies(house, stranger, CUSTOMER_AUDIENCE, BANK_AUDIENCE, customer, staff)
        | customers(house, customer_id),
    }


def all_oauth_scopes() -> set[str]:
    callers = [caller for route in all_routes() for caller in route.declaration.callers]
    return {caller.oauth_scope for caller in callers if caller.oauth_scope is not None}


async def gone(house: House) -> dict[str, dict[str, str]]:
    """Return the headers of staff whom the bank does not know any more."""
    headers = {"revoked": house.headers("hq_operator"), "disabled": house.headers("lobby_west")}
    claims, now = claims_of(headers["revoked"]["Authorization"]), clock.now()
    revocation = RevokedToken(
        issuer=claims["iss"],
        token_id=claims["jti"],
        expires_at=now + timedelta(hours=1),
        revoked_at=now,
        revoked_by=new_id(),
    )
    async with house.sessions() as session:
        session.add(revocation)
        left = update(Staff).where(col(Staff.id) == house.staff["lobby_west"].id)
        await session.execute(left.values(active=False))
        await session.commit()
    return headers


def stale(house: House) -> dict[str, dict[str, str]]:
    """Return the headers of somebody who logged in 16 minutes ago, and of one who did without a second factor."""
    subject, now = house.staff["hq_approver"].subject, clock.now()
    old = house.issuer.issue(subject, BANK_AUDIENCE, auth_time=now - timedelta(minutes=16), acr="mfa")
    weak = house.issuer.issue(subject, BANK_AUDIENCE, auth_time=now, acr="password")
    return {name: {"Authorization": f"Bearer {token}"} for name, token in ((OLD_LOGIN, old), (WEAK_LOGIN, weak))}


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
    route: Route,
    clients: dict[str, httpx.AsyncClient],
    credentials: dict[str, dict[str, dict[str, str]]],
    share: Share,
) -> None:
    for caller in asked_by(route, share):
        headers = credentials[route.port][caller] | ({"Content-Type": route.upload_type} if route.is_upload else {})
        answer = await clients[route.port].request(route.method, route.url(), headers=headers)
        assert outcome(answer) == expected(route, caller), (caller, answer.text)
        if answer.status_code == 401:
            code = {"no_token": "token_required", OLD_LOGIN: "reauth_required", WEAK_LOGIN: "reauth_required"}
            assert answer.json()["code"] == code.get(caller, "token_invalid"), caller


def asked_by(route: Route, share: Share) -> list[str]:
    """Return who asks: some of those who are nobody, and of everybody else some of each expected outcome."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for caller in CALLERS[route.port]:
        kinds["nobody" if caller in {*NOBODY, *STAFF_NOBODY} else expected(route, caller)].append(caller)
    return [caller for kind in kinds.values() for caller in share.of(kind, route.name)]


def outcome(answer: httpx.Response) -> str:
    assert answer.status_code < 500, answer.text
    return str(answer.status_code) if answer.status_code in {401, 403} else OK
