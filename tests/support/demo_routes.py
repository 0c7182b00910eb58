"""The routes of a small port for tests of the kit: two accounts of points, a note with a version, an upload."""

from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field
from sqlalchemy import CursorResult, text
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import Category, NotFound, Refusal
from guibin.core.ids import PublicId
from guibin.core.text import Note, OneLine
from guibin.idempotency.models import IdempotencyKey
from guibin.security.actors import Domain, Verb
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
    Upload,
    VisitorCall,
    anyone_of,
    check_range,
    customer,
    declare,
    json_body,
    page_query,
    public,
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
    f"INSERT INTO demo_account VALUES ('{FIRST}', 100), ('{SECOND}', 100)",
    # A commit that loses its connection on the way, whoever is faster: the backend ends itself when it comes to this.
    "CREATE TABLE demo_cut (points bigint NOT NULL)",
    """CREATE FUNCTION demo_end() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$""",
    """CREATE CONSTRAINT TRIGGER demo_end AFTER INSERT ON demo_cut
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION demo_end()""",
    "GRANT SELECT, INSERT, UPDATE ON demo_account, demo_entry, demo_try, demo_cut, idempotency_key TO guibin_bank",
)

FAILING_SQL = {
    "check": ("UPDATE demo_account SET points = -1",),
    "deferred": ("INSERT INTO demo_entry (account_id, points) VALUES (gen_random_uuid(), 1)",),
    "locked": (
        "SET LOCAL lock_timeout = '50ms'",
        f"SELECT FROM demo_account WHERE id = '{SECOND}' FOR UPDATE",
    ),
    "slow": ("SELECT pg_sleep(1)",),
    "cut": ("INSERT INTO demo_cut VALUES (1)",),
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


class AddressOut(OutModel):
    peer: str


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
        "SELECT seq, points, note FROM demo_entry"
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
    return NoteOut(year=year, text=body.text)


@router.get("/address", operation_id="getAddress")
@declare(caller=public(), rate=RateClass.READ, data=DataClass.PUBLIC)
async def get_address(visit: VisitorCall) -> AddressOut:
    """Tell visitors where they come from."""
    return AddressOut(peer=visit.peer)


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
