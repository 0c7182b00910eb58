"""Customers as the bank's record knows them, and how they log in."""

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from customer_api.parts import EXCHANGE_AUDIENCE
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.models import Customer, CustomerRef, RefKind
from guibin.customers.references import customer_no_ref
from guibin.sessions.models import CustomerSession, LoginWay
from guibin.sessions.rules import IDLE_LIFE, SESSION_LIFE
from support.house import House
from support.lines import id_card

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Known:
    """A customer whose number, phone and certificate the bank has on record."""

    id: UUID
    customer_no: str
    phone: str
    certificate_no: str


async def add_known(house: House, *, phone: str | None = None, status: str = "active") -> Known:
    """Add a customer as the core system's feed would; without a phone they get one of their own."""
    number = next(_numbers)
    known = Known(
        id=await house.add_customer(name="王小明", status=status),
        customer_no=f"ECIF88{number:06}",
        phone=phone or f"1381{number:07}",
        certificate_no=id_card(310_000 + number, "19830719"),
    )
    async with house.sessions() as session:
        row = (await session.exec(select(Customer).where(Customer.id == known.id))).one()
        assert row.data_key is not None
        key = house.keys.open_data_key(row.data_key, known.id)  # type: ignore[arg-type]
        row.phone_idx = house.keys.blind_index("phone", known.phone)
        row.phone_enc = key.encrypt(known.phone, "customer", "phone_enc", known.id)
        row.certificate_type = "id_card"
        row.certificate_no_enc = key.encrypt(known.certificate_no, "customer", "certificate_no_enc", known.id)
        ref = customer_no_ref(house.keys, known.customer_no)
        assert ref is not None
        session.add(CustomerRef(ref=ref, kind=RefKind.CUSTOMER_NO, customer_id=known.id, valid_from=clock.today()))
        await session.commit()
    return known


def bank_token(house: House, subject: str, *, audience: str = EXCHANGE_AUDIENCE) -> str:
    """Return what the bank's own issuer gives its app; in development that is the development issuer."""
    return house.issuer.issue(subject, audience, lifetime=timedelta(minutes=5))


async def log_in(
    client: httpx.AsyncClient, house: House, known: Known, *, device_id: str | None = None
) -> dict[str, Any]:
    """Log in by the bank's app and return the tokens."""
    body = {"token": bank_token(house, known.customer_no)} | ({"device_id": device_id} if device_id else {})
    answer = await client.post("/v1/sessions/bank-app", json=body)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    """Return the header with a session's access token."""
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def refresh(client: httpx.AsyncClient, refresh_token: str, **more: str) -> httpx.Response:
    """Trade a refresh token; `agent` is the program that asks, `device_id` what it says of its device."""
    headers = {"User-Agent": more.pop("agent", "app/1")}
    return await client.post("/v1/sessions/refresh", json={"refresh_token": refresh_token, **more}, headers=headers)


async def session_row(house: House, tokens: dict[str, Any]) -> CustomerSession:
    """Return the session of some tokens as it is stored."""
    async with house.sessions() as session:
        wanted = UUID(tokens["session_id"].removeprefix("ses_"))
        return (await session.exec(select(CustomerSession).where(CustomerSession.id == wanted))).one()


async def add_session(session: AsyncSession, customer_id: UUID) -> UUID:
    """Add a session of a customer without a login, as one that goes on; its tokens are nobody's."""
    now = clock.now()
    row = CustomerSession(
        customer_id=customer_id,
        id=new_id(),
        way=LoginWay.BANK_APP,
        created_at=now,
        expires_at=now + SESSION_LIFE,
        idle_expires_at=now + IDLE_LIFE,
        refresh_hash=bytes(32),
        generation=0,
        rotated_at=now,
        rotated_by=bytes(32),
    )
    session.add(row)
    await session.flush()
    return row.id
