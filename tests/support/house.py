"""A small bank over HTTP: both ports on a clone of the template, seeded defaults, two branches, staff of every role."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin import wiring
from guibin.core import clock
from guibin.core.database import SessionFactory, make_engine, make_session_factory
from guibin.core.ids import new_id, to_public
from guibin.core.settings import Settings
from guibin.customers.models import Customer
from guibin.organisation.models import Branch, BranchKind, Staff
from guibin.organisation.repository import branch_by_code
from guibin.organisation.service import NewBranch, NewStaff, add_branch, add_service, add_staff
from guibin.security.ciphers import KeyRing
from guibin.security.development_issuer import DevelopmentIssuer
from guibin.security.session_tokens import SessionKeys, write_session_keys
from support.calls import TELEPHONY_SECRET, TELEPHONY_URL
from support.databases import Database
from support.problems import hold_to_account

Life = Callable[[FastAPI], AbstractAsyncContextManager[object]]

CUSTOMER_AUDIENCE = "guibin-customer-api"
BANK_AUDIENCE = "guibin-bank-api"
CUSTOMER_SCOPES = ("points:read", "points:redeem", "redemptions:read", "profile:read:self")

PATIENCE: Final = 25
"""Seconds that a port in a house waits for a lock or a connection: whoever comes tenth on a busy machine comes in."""

ROOT, REGION, EAST, WEST = "000000", "310000", "310001", "310002"
HEAD_OFFICE_ROLES = (
    "hq_operator",
    "hq_approver",
    "rights_operator",
    "rights_approver",
    "compliance",
    "auditor",
    "administrator",
    "customer_service",
    "marketing",
    "finance",
    "analyst",
)
BRANCH_ROLES = ("branch_head", "lobby", "manager")
"""Each at both branches: `manager` stands in the east, `manager_west` in the west."""


@dataclass
class House:
    """The bank under test. `sessions` are the owner's: for arranging, never for acting."""

    database: Database
    settings: Settings
    keys: KeyRing
    issuer: DevelopmentIssuer
    sessions: SessionFactory
    staff: dict[str, Staff] = field(default_factory=dict)
    branches: dict[str, Branch] = field(default_factory=dict)
    services: dict[str, UUID] = field(default_factory=dict)

    def headers(self, role: str, *, key: str | None = None) -> dict[str, str]:
        """Return the headers of a member of staff by role: `manager`, `manager_west`, `hq_operator` ..."""
        token = self.issuer.issue(
            self.staff[role].subject, BANK_AUDIENCE, lifetime=timedelta(hours=1), auth_time=clock.now(), acr="mfa"
        )
        return _headers(token, key)

    def service_headers(self, name: str, scopes: Iterable[str], *, key: str | None = None) -> dict[str, str]:
        """Return the headers of a service client."""
        subject = to_public("svc", self.services[name])
        return _headers(self.issuer.issue(subject, BANK_AUDIENCE, scopes=scopes, lifetime=timedelta(hours=1)), key)

    def customer_headers(
        self, customer_id: UUID, *, key: str | None = None, scopes: Iterable[str] = CUSTOMER_SCOPES
    ) -> dict[str, str]:
        """Return the headers of a customer."""
        subject = to_public("cus", customer_id)
        return _headers(self.issuer.issue(subject, CUSTOMER_AUDIENCE, scopes=scopes, lifetime=timedelta(hours=1)), key)

    async def add_customer(self, *, branch: str = EAST, name: str = "张三丰", status: str = "active") -> UUID:
        """Add a customer as fusion would, without source records."""
        customer_id = new_id()
        wrapped = self.keys.new_data_key(customer_id)
        key = self.keys.open_data_key(wrapped, customer_id)
        async with self.sessions() as session:
            session.add(
                Customer(
                    id=customer_id,
                    party_type="person",
                    status=status,
                    branch_id=self.branches[branch].id,
                    gender="U",
                    data_key=wrapped,
                    name_enc=key.encrypt(name, "customer", "name_enc", customer_id),
                    name_idx=self.keys.blind_index("name", name),
                    leading_line="personal_finance",
                    created_at=clock.now(),
                )
            )
            await session.commit()
        return customer_id


def _headers(token: str, key: str | None) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {token}"}
    return headers | {"Idempotency-Key": key} if key else headers


@dataclass(frozen=True)
class Furniture:
    """What all houses of a worker share: the database to clone, keys, issuer, and who everybody is."""

    template: str
    folder: Path
    keys: KeyRing
    issuer: DevelopmentIssuer
    staff: dict[str, Staff]
    branches: dict[str, Branch]
    services: dict[str, UUID]


async def furnish(database: Database, folder: Path) -> Furniture:
    """Seed a database with defaults, an organisation and staff, once for all tests of a worker."""
    issuer_name = Settings.model_fields["bank_issuer"].default
    settings = Settings(state_dir=folder)
    keys = KeyRing.create(settings.effective_keys_file)
    issuer = DevelopmentIssuer.open(settings.issuer_dir, issuer_name)
    write_session_keys(settings.effective_session_keys_file, SessionKeys.first(clock.now()))
    furniture = Furniture(database.name, folder, keys, issuer, {}, {}, {})
    engine = make_engine(database.owner_url, pool_size=1, application="guibin-tests")
    wiring.connect()
    async with make_session_factory(engine)() as session:
        await _furnish(session, furniture, issuer_name)
        await session.commit()
    await engine.dispose()
    return furniture


@asynccontextmanager
async def open_house(database: Database, furniture: Furniture) -> AsyncIterator[House]:
    """Open the bank that lives in a clone of the furnished database."""
    engine = make_engine(database.owner_url, pool_size=2, application="guibin-tests")
    yield house_in(database, furniture, make_session_factory(engine), settings_in(database, furniture))
    await engine.dispose()


def settings_in(database: Database, furniture: Furniture) -> Settings:
    """Return the settings of ports and worker in a clone of the furnished database."""
    return Settings(
        telephony_url=TELEPHONY_URL,
        telephony_secret=SecretStr(TELEPHONY_SECRET),
        state_dir=furniture.folder,
        queue_seconds=PATIENCE,
        **database.urls,
    )


def house_in(database: Database, furniture: Furniture, sessions: SessionFactory, settings: Settings) -> House:
    """Describe the bank that lives in a clone of the furnished database."""
    return House(
        database,
        settings,
        furniture.keys,
        furniture.issuer,
        sessions,
        dict(furniture.staff),
        dict(furniture.branches),
        dict(furniture.services),
    )


async def _furnish(session: AsyncSession, house: Furniture, issuer: str) -> None:
    for seed in wiring.SEEDERS.values():
        await seed(session)
    for code, kind, parent in (
        (ROOT, BranchKind.HEAD_OFFICE, None),
        (REGION, BranchKind.REGION, ROOT),
        (EAST, BranchKind.BRANCH, REGION),
        (WEST, BranchKind.BRANCH, REGION),
    ):
        await add_branch(session, NewBranch(code, kind, parent, f"机构{code}", f"Branch {code}", "310100"))
        found = await branch_by_code(session, code)
        assert found is not None
        house.branches[code] = found
    places = [(role, role, ROOT) for role in HEAD_OFFICE_ROLES]
    places += [(role, role, EAST) for role in BRANCH_ROLES]
    places += [(f"{role}_west", role, WEST) for role in BRANCH_ROLES]
    places += [("second_administrator", "administrator", ROOT)]
    for number, (name, role, branch) in enumerate(places):
        new = NewStaff(no=f"S{number:05d}", branch_code=branch, role=role, name="李四光", phone="02100000000")
        house.staff[name] = await add_staff(session, house.keys, new, issuer=issuer)
    for name, scopes in (
        ("core_banking", ["earn:post", "feeds:post", "identity:post", "points:hold"]),
        ("supplier_terminal", ["voucher:use"]),
        ("payment_gateway", ["payments:post"]),
        ("message_gateway", ["contacts:post"]),
    ):
        house.services[name] = await add_service(session, name=name, issuer=issuer, scopes=scopes)


@asynccontextmanager
async def open_client(app: FastAPI, *, life: Life | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Start an application, for this one time with another life if one is given, and talk to it over ASGI."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context((life or app.router.lifespan_context)(app))
        transport = httpx.ASGITransport(app=app)
        hooks = {"response": [hold_to_account]}
        client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", event_hooks=hooks)
        yield await stack.enter_async_context(client)


def life_in(house: House, app: FastAPI, *, database_url: str) -> Life:
    """Return the life of an application in a house: making an application takes longer than most tests."""
    life: Life = replace(app.state.life, settings=house.settings, database_url=database_url)
    return life
