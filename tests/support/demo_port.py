"""A small running port for tests of the kit, with a client and tokens for those whom it knows."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.database import make_engine
from guibin.core.ids import to_public
from guibin.core.schema import SCHEMA_VERSION
from guibin.core.settings import Profile, Settings
from guibin.security.actors import Actor, ActorKind, DataScope, Domain, Grant, Scope, Verb
from guibin.security.ciphers import KeyRing
from guibin.security.development_issuer import DevelopmentIssuer
from guibin.security.row_scope import open_rows
from guibin.security.tokens import VerifiedToken
from guibin.web import TokenSource, create_port
from support.demo_routes import ANN, BOB, CLERK, FEEDER, FIRST, TABLES, VISITOR, router
from support.problems import hold_to_account

AUDIENCE = "guibin-demo"
ISSUER = "https://issuer.demo.test"


@dataclass
class DemoIdentity:
    """Knows two customers, a clerk with grants, a visitor without, and a service."""

    left: set[UUID] = field(default_factory=set)

    async def customer_actor(self, session: AsyncSession, token: VerifiedToken) -> Actor | None:
        actor = self._known(ActorKind.CUSTOMER, token, {to_public("cus", one): one for one in (ANN, BOB)})
        if actor is not None:
            await open_rows(session, Scope.of_customer(actor.id), actor_id=actor.id)
        return actor

    async def staff_actor(self, _session: AsyncSession, token: VerifiedToken) -> tuple[Actor, list[Grant]] | None:
        actor = self._known(ActorKind.STAFF, token, {to_public("stf", one): one for one in (CLERK, VISITOR)})
        if actor is None:
            return None
        granted = [Grant(Verb.WRITE, Domain.TAGS, DataScope.WHOLE_BANK, limit_fen=5)] if actor.id == CLERK else []
        return actor, granted

    async def service_actor(self, _session: AsyncSession, token: VerifiedToken) -> Actor | None:
        return self._known(ActorKind.SERVICE, token, {to_public("svc", FEEDER): FEEDER})

    async def owns_account(self, _session: AsyncSession, _actor: Actor, _customer_ids: Collection[UUID]) -> bool:
        return False

    def _known(self, kind: ActorKind, token: VerifiedToken, subjects: dict[str, UUID]) -> Actor | None:
        found = subjects.get(token.subject)
        if found is None or found in self.left:
            return None
        return Actor(kind, found, name=token.subject, scopes=token.scopes)


@dataclass
class DemoPort:
    """A running demo port with a client, and tokens for those whom it knows."""

    app: FastAPI
    client: httpx.AsyncClient
    issuer: DevelopmentIssuer
    identity: DemoIdentity
    owner: AsyncEngine

    def headers(self, subject: str, *scopes: str, **more: str) -> dict[str, str]:
        token = self.issuer.issue(subject, AUDIENCE, scopes=scopes, lifetime=timedelta(minutes=5))
        return {"Authorization": f"Bearer {token}", **{name.replace("_", "-"): value for name, value in more.items()}}

    def customer(self, customer_id: UUID = ANN, **more: str) -> dict[str, str]:
        return self.headers(to_public("cus", customer_id), "points:read", "points:redeem", **more)

    def staff(self, staff_id: UUID = CLERK, **more: str) -> dict[str, str]:
        return self.headers(to_public("stf", staff_id), **more)

    def service(self, *scopes: str, **more: str) -> dict[str, str]:
        return self.headers(to_public("svc", FEEDER), *(scopes or ("files:post",)), **more)

    async def spend(self, key: str | None, *, account: UUID = FIRST, who: UUID = ANN, **body: Any) -> httpx.Response:
        headers = self.customer(who) if key is None else self.customer(who, Idempotency_Key=key)
        return await self.client.post(spends_of(account), headers=headers, json={"points": 10, **body})

    async def query(self, statement: str) -> list[Any]:
        async with self.owner.begin() as connection:
            result = await connection.execute(text(statement))
            return list(result.all()) if result.returns_rows else []

    async def reset(self) -> None:
        """Give the accounts their first points, and forget everything else."""
        await self.query("TRUNCATE demo_entry, demo_try, idempotency_key RESTART IDENTITY")
        await self.query("UPDATE demo_account SET points = 100")
        self.identity.left.clear()

    async def points(self, account: UUID = FIRST) -> int:
        return int((await self.query(f"SELECT points FROM demo_account WHERE id = '{account}'"))[0].points)

    async def entries(self) -> int:
        return int((await self.query("SELECT count(*) AS n FROM demo_entry"))[0].n)


def spends_of(account: UUID) -> str:
    return f"/v1/demo/accounts/{to_public('acc', account)}/spends"


def open_issuer(directory: Path) -> DevelopmentIssuer:
    """Open the issuer and put its key set where a bank would: away from the private key."""
    issuer = DevelopmentIssuer.open(directory / "issuer", ISSUER)
    (directory / "jwks.json").write_bytes((directory / "issuer/jwks.json").read_bytes())
    return issuer


def demo_app(
    directory: Path,
    database_url: str,
    identity: DemoIdentity,
    *,
    profile: Profile,
    schema_version: str | None = None,
    **changed: Any,
) -> FastAPI:
    key_set = directory / "jwks.json"
    settings = Settings(
        profile=profile,
        state_dir=directory,
        keys_file=directory / "keys.json",
        customer_jwks=key_set,
        bank_jwks=key_set,
        customer_issuer=ISSUER,
        bank_issuer=ISSUER,
        allowed_hosts="port.test,127.0.0.1,[::1]",
        **changed,
    )
    return create_port(
        settings,
        name="demo",
        title="Demo",
        description="A port of tests.",
        routers=[router],
        identity=identity,
        database_url=database_url,
        tokens=[TokenSource(ISSUER, AUDIENCE, key_set)],
        schema_version=schema_version,
    )


async def make_tables(owner: AsyncEngine) -> None:
    async with owner.begin() as connection:
        for statement in TABLES:
            await connection.execute(text(statement))


@asynccontextmanager
async def demo_port(
    directory: Path,
    owner_url: str,
    role_url: str,
    *,
    profile: Profile = Profile.DEVELOPMENT,
    schema_version: str | None = SCHEMA_VERSION,
    **changed: Any,
) -> AsyncIterator[DemoPort]:
    issuer = open_issuer(directory)
    KeyRing.create(directory / "keys.json")
    identity = DemoIdentity()
    owner = make_engine(owner_url, pool_size=2, application="demo-owner")
    await make_tables(owner)
    app = demo_app(directory, role_url, identity, profile=profile, schema_version=schema_version, **changed)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=("192.0.2.1", 1))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://port.test", event_hooks={"response": [hold_to_account]}
        ) as client:
            yield DemoPort(app, client, issuer, identity, owner)
    await owner.dispose()


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Hold an answer to being the problem of this status and code in the product's form, and return its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"urn:guibin:problem:{code.replace('_', '-')}"
    assert body["title"]
    assert body["request_id"]
    for error in body.get("errors", []):
        assert set(error) == {"loc", "type", "message"}
    return body


def types_of(body: dict[str, Any]) -> list[str]:
    return [error["type"] for error in body["errors"]]
