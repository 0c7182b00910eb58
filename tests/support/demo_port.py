"""A small port for tests of the kit: two accounts of points, notes with versions, an upload."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
from fastapi import FastAPI, Query, Response
from pydantic import Field
from sqlalchemy import CursorResult, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import make_engine
from guibin.core.errors import Category, NotFound, Refusal
from guibin.core.ids import PublicId, to_public
from guibin.core.schema import SCHEMA_VERSION
from guibin.core.settings import Profile, Settings
from guibin.core.text import Note, OneLine
from guibin.idempotency.models import IdempotencyKey
from guibin.security.actors import Actor, ActorKind, DataScope, Domain, Grant, Verb
from guibin.security.ciphers import KeyRing
from guibin.security.development_issuer import DevelopmentIssuer
from guibin.security.tokens import VerifiedToken
from guibin.web import (
    AnyCall,
    BodyLimit,
    CustomerCall,
    DataClass,
    Day,
    Idempotency,
    OutModel,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    StrictModel,
    TokenSource,
    Upload,
    anyone_of,
    check_range,
    create_port,
    customer,
    declare,
    json_body,
    page_query,
    service,
    set_etag,
    staff,
    upload_body,
)

AUDIENCE = "guibin-demo"
ISSUER = "https://issuer.demo.test"

ANN = UUID("01934f6e-7a10-7c3e-9d55-000000000001")
BOB = UUID("01934f6e-7a10-7c3e-9d55-000000000002")
CLERK = UUID("01934f6e-7a10-7c3e-9d55-000000000003")
VISITOR = UUID("01934f6e-7a10-7c3e-9d55-000000000004")
FEEDER = UUID("01934f6e-7a10-7c3e-9d55-000000000005")
FIRST = UUID("01934f6e-7a10-7c3e-9d55-0000000000a1")
SECOND = UUID("01934f6e-7a10-7c3e-9d55-0000000000a2")

TABLES = (
    "CREATE TABLE demo_account (id uuid PRIMARY KEY, points bigint NOT NULL CHECK (points >= 0))",
    "CREATE TABLE demo_entry (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, points bigint NOT NULL, note text)",
    "ALTER TABLE demo_entry ADD COLUMN account_id uuid NOT NULL REFERENCES demo_account DEFERRABLE INITIALLY DEFERRED",
    "CREATE TABLE demo_try (who uuid NOT NULL)",
    f"INSERT INTO demo_account VALUES ('{FIRST}', 100), ('{SECOND}', 100)",  # noqa: S608 - constants
    "GRANT SELECT, INSERT, UPDATE ON demo_account, demo_entry, demo_try, idempotency_key TO guibin_bank",
)

FAILING_SQL = {
    "check": ("UPDATE demo_account SET points = -1",),
    "deferred": ("INSERT INTO demo_entry (account_id, points) VALUES (gen_random_uuid(), 1)",),
    "locked": (
        "SET LOCAL lock_timeout = '50ms'",
        f"SELECT FROM demo_account WHERE id = '{SECOND}' FOR UPDATE",
    ),
    "slow": ("SELECT pg_sleep(1)",),
    "cut": ("SET LOCAL idle_in_transaction_session_timeout = 1",),
}

AccountId = Annotated[UUID, PublicId("acc")]


class InsufficientPoints(Refusal):
    category = Category.CONFLICT
    code = "insufficient_points"
    zh = "积分不足"
    en = "Not enough points"

    def __init__(self, *, required: int, available: int) -> None:
        super().__init__(required=required, available=available, missing=required - available)


class NotOnMondays(Refusal):
    category = Category.INVALID
    code = "not_on_mondays"
    zh = "周一不受理"
    en = "Not on Mondays"


class Sorting(StrEnum):
    SEQ = "seq"
    POINTS = "points"


class SpendIn(StrictModel):
    points: Annotated[int, Field(ge=1, le=10**12)]
    note: Annotated[str, Note(20)] | None = None
    label: Annotated[str, OneLine(5)] = "a"
    day: Day | None = None
    tags: Annotated[list[str], Field(max_length=3)] = Field(default_factory=list)
    mode: Sorting = Sorting.SEQ
    fail: str | None = None
    dry_run: bool = False


class SpendOut(OutModel):
    account_id: AccountId
    points: int
    left: int
    note: str | None


class EntryOut(OutModel):
    seq: int
    points: int
    note: str | None


class NoteIn(StrictModel):
    text: Annotated[str, Note(200)]


class NoteOut(OutModel):
    year: int
    text: str
    limit_fen: int | None


class FileOut(OutModel):
    actor: str
    media_type: str
    size: int
    sha256: str
    lines: int


router = PortRouter(prefix="/v1/demo", tags=["demo"])


async def sql(session: AsyncSession, statement: str, **bound: Any) -> CursorResult[Any]:
    return await (await session.connection()).execute(text(statement), bound)


async def _spend(call: AnyCall, account_id: UUID, body: SpendIn) -> SpendOut:
    session = call.session
    found = await sql(session, "SELECT points FROM demo_account WHERE id = :id FOR UPDATE", id=account_id)
    row = found.one_or_none()
    if row is None:
        raise NotFound
    await sql(
        session,
        "INSERT INTO demo_entry (account_id, points, note) VALUES (:id, :points, :note)",
        id=account_id,
        points=-body.points,
        note=body.note,
    )
    await _fail(call, body)
    if row.points < body.points:
        raise InsufficientPoints(required=body.points, available=row.points)
    await sql(
        session, "UPDATE demo_account SET points = points - :points WHERE id = :id", id=account_id, points=body.points
    )
    return SpendOut(account_id=account_id, points=body.points, left=row.points - body.points, note=body.note)


async def _fail(call: AnyCall, body: SpendIn) -> None:
    if body.fail in {"counted", "counted_invalid", "flush"}:
        call.work.survive(_count_a_try)
    if body.fail == "flush":
        call.session.add(IdempotencyKey(actor_id=ANN, key="", fingerprint=b"", created_at=clock.now()))
        with suppress(IntegrityError):
            await call.session.flush()
    if body.fail in {"counted", "flush"}:
        raise InsufficientPoints(required=1, available=0)
    if body.fail in {"invalid", "counted_invalid"}:
        raise NotOnMondays
    if body.fail == "bug":
        raise RuntimeError("13812345678")
    for statement in FAILING_SQL.get(body.fail or "", ()):
        await sql(call.session, statement)


async def _count_a_try(session: AsyncSession) -> None:
    await sql(session, "INSERT INTO demo_try VALUES (:who)", who=ANN)


@router.post("/accounts/{account_id}/spends", status_code=201, operation_id="createSpend")
@declare(
    caller=customer("points:redeem"),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.REDEEM,
    data=DataClass.C2,
    refusals=(InsufficientPoints,),
    dry_run=True,
)
async def create_spend(
    call: CustomerCall, account_id: AccountId, body: Annotated[SpendIn, json_body(SpendIn)], response: Response
) -> SpendOut:
    """Spend points of an account."""
    if call.dry_run:
        response.status_code = 200
    return await _spend(call, account_id, body)


@router.post("/tries", operation_id="createTry")
@declare(caller=customer("points:redeem"), idempotency=Idempotency.OPTIONAL, rate=RateClass.WRITE, data=DataClass.C2)
async def create_try(call: CustomerCall, body: Annotated[SpendIn, json_body(SpendIn)]) -> SpendOut:
    """Spend points of the first account; the key may be left out."""
    return await _spend(call, FIRST, body)


@router.get("/entries", operation_id="listEntries")
@declare(caller=customer("points:read"), rate=RateClass.HISTORY, data=DataClass.C2)
async def list_entries(
    *,
    call: CustomerCall,
    page: Annotated[PageRequest, page_query()],
    note: Annotated[str | None, Query()] = None,
    sort: Annotated[Sorting, Query()] = Sorting.SEQ,
    newest: Annotated[bool, Query()] = False,
    start: Annotated[Day | None, Query(alias="from")] = None,
    end: Annotated[Day | None, Query(alias="to")] = None,
) -> Page[EntryOut]:
    """List entries in the order of their numbers, or of their points."""
    check_range(start, end)
    order = "points, seq" if sort is Sorting.POINTS else "seq"
    rows = await sql(
        call.session,
        "SELECT seq, points, note FROM demo_entry"  # noqa: S608 - the order is one of four texts
        " WHERE seq > :after AND (CAST(:note AS text) IS NULL OR note = :note)"
        f" ORDER BY {order} {'DESC' if newest else 'ASC'} LIMIT :fetch",
        after=page.after_seq or 0,
        note=note,
        fetch=page.fetch,
    )
    return page.answer(rows.all(), position=lambda row: int(row.seq), shape=EntryOut.model_validate)


@router.get("/accounts/{account_id}", operation_id="getAccount")
@declare(caller=customer("points:read"), rate=RateClass.BALANCE, data=DataClass.C2)
async def get_account(call: CustomerCall, account_id: AccountId) -> SpendOut:
    """Show an account."""
    row = (await sql(call.session, "SELECT points FROM demo_account WHERE id = :id", id=account_id)).one_or_none()
    if row is None:
        raise NotFound
    return SpendOut(account_id=account_id, points=0, left=row.points, note=None)


@router.put("/years/{year}/note", operation_id="putNote")
@declare(caller=staff(Verb.WRITE, Domain.TAGS), rate=RateClass.WRITE, data=DataClass.C1)
async def put_note(
    call: StaffCall, year: int, body: Annotated[NoteIn, json_body(NoteIn)], response: Response
) -> NoteOut:
    """Change a note whose version is always 3."""
    call.require_if_match(3)
    set_etag(response, 4)
    return NoteOut(year=year, text=body.text, limit_fen=call.limit_fen)


@router.post("/files", operation_id="createFile")
@declare(
    caller=anyone_of(service("files:post"), staff(Verb.WRITE, Domain.FEEDS)),
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.UPLOAD,
    data=DataClass.C1,
    body_limit=BodyLimit.UPLOAD,
)
async def create_file(call: AnyCall, file: Annotated[Upload, upload_body()]) -> FileOut:
    """Take a file."""
    lines = 0
    async for chunk in file.chunks():
        lines += chunk.count(b"\n")
    return FileOut(
        actor=call.actor.name, media_type=file.media_type, size=file.size, sha256=file.sha256.hex(), lines=lines
    )


@dataclass
class DemoIdentity:
    """Knows two customers, a clerk with grants, a visitor without, and a service."""

    left: set[UUID] = field(default_factory=set)

    async def customer_actor(self, _session: AsyncSession, token: VerifiedToken) -> Actor | None:
        return self._known(ActorKind.CUSTOMER, token, {to_public("cus", one): one for one in (ANN, BOB)})

    async def staff_actor(self, _session: AsyncSession, token: VerifiedToken) -> tuple[Actor, list[Grant]] | None:
        actor = self._known(ActorKind.STAFF, token, {to_public("stf", one): one for one in (CLERK, VISITOR)})
        if actor is None:
            return None
        granted = [Grant(Verb.WRITE, Domain.TAGS, DataScope.WHOLE_BANK, limit_fen=5)] if actor.id == CLERK else []
        return actor, granted

    async def service_actor(self, _session: AsyncSession, token: VerifiedToken) -> Actor | None:
        return self._known(ActorKind.SERVICE, token, {to_public("svc", FEEDER): FEEDER})

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
        token = self.issuer.issue(subject, AUDIENCE, scopes=scopes)
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
        return int((await self.query(f"SELECT points FROM demo_account WHERE id = '{account}'"))[0].points)  # noqa: S608

    async def entries(self) -> int:
        return int((await self.query("SELECT count(*) AS n FROM demo_entry"))[0].n)


def spends_of(account: UUID) -> str:
    return f"/v1/demo/accounts/{to_public('acc', account)}/spends"


def demo_app(
    directory: Path, database_url: str, identity: DemoIdentity, *, profile: Profile, schema_version: str | None = None
) -> FastAPI:
    issuer_dir = directory / "issuer"
    settings = Settings(
        profile=profile,
        state_dir=directory,
        keys_file=directory / "keys.json",
        customer_jwks=issuer_dir / "jwks.json",
        bank_jwks=issuer_dir / "jwks.json",
        customer_issuer=ISSUER,
        bank_issuer=ISSUER,
        allowed_hosts="port.test,127.0.0.1,[::1]",
    )
    return create_port(
        settings,
        name="demo",
        title="Demo",
        description="A port of tests.",
        routers=[router],
        identity=identity,
        database_url=database_url,
        tokens=TokenSource(ISSUER, issuer_dir / "jwks.json", AUDIENCE),
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
) -> AsyncIterator[DemoPort]:
    issuer = DevelopmentIssuer.open(directory / "issuer", ISSUER)
    KeyRing.create(directory / "keys.json")
    identity = DemoIdentity()
    owner = make_engine(owner_url, pool_size=2, application="demo-owner")
    await make_tables(owner)
    app = demo_app(directory, role_url, identity, profile=profile, schema_version=schema_version)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=("192.0.2.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://port.test") as client:
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
