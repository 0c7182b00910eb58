"""The lines of a small bank and the files that they deliver."""

import csv
import io
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin import wiring
from guibin.core.ids import new_id
from guibin.core.lines import Line
from guibin.customers.identifiers import card_check_digit, normalise_name
from guibin.customers.models import CertificateType
from guibin.customers.references import certificate_ref, customer_no_ref, record_ref
from guibin.customers.repository import customers_of_refs
from guibin.feeds.models import FeedKind, FeedMode
from guibin.feeds.service import FeedResult, take_file
from guibin.organisation.models import Branch, BranchKind
from guibin.products.models import Product, ProductClass, Side
from guibin.security.actors import Actor, ActorKind
from guibin.security.ciphers import KeyRing
from guibin.security.key_file import KeyMaterial

DAY = date(2026, 11, 24)
FINANCE, CARDS, E_FINANCE = Line.PERSONAL_FINANCE, Line.CREDIT_CARD, Line.E_FINANCE
PARTIES, HOLDINGS, BALANCES, EVENTS, RESTRICTIONS, LINKS, IDENTITY, TOUCHES = FeedKind
FULL, DELTA = FeedMode
ACTOR = Actor(ActorKind.JOB, UUID(int=7), "job:test")
ROOT, EAST = "000000", "310001"
CURRENT, LOAN, CARD = "PF101", "PF901", "CC101"

Row = dict[str, str]


def id_card(number: int, born: str = "19800229") -> str:
    """Make a valid identity card that belongs to nobody."""
    first_17 = f"{990000 + number // 1000}{born}{number % 1000:03d}"
    return first_17 + card_check_digit(first_17)


def party(record_id: str, **values: str) -> Row:
    return {"record_id": record_id, "party_type": "person", "name": "欧阳明", **values}


def holding(record_id: str, holding_id: str, **values: str) -> Row:
    return {"record_id": record_id, "holding_id": holding_id, "product_code": CURRENT, "side": "asset", **values}


def balance(holding_id: str, day: str, amount: str) -> Row:
    return {"holding_id": holding_id, "date": day, "balance": amount}


def event(reference: str, record_id: str, **values: str) -> Row:
    made = {"event_type": "card_spend", "occurred_at": "2026-11-20T10:00:00+08:00", "amount": "12.50"}
    return {"reference": reference, "record_id": record_id, **made, **values}


def csv_of(*rows: Row) -> bytes:
    """Write rows as a line would, with the columns that they have."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    written = io.StringIO()
    writer = csv.DictWriter(written, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode()


@dataclass(frozen=True)
class Lines:
    """A bank with a head office, a branch and three products, and its seven lines."""

    session: AsyncSession
    keys: KeyRing

    async def take(
        self,
        kind: FeedKind,
        *rows: Row,
        line: Line = FINANCE,
        day: date = DAY,
        mode: FeedMode = DELTA,
        raw: bytes | None = None,
        **options: Any,
    ) -> FeedResult:
        return await take_file(
            self.session,
            self.keys,
            line=line,
            kind=kind,
            business_date=day,
            mode=mode,
            stream=[csv_of(*rows) if raw is None else raw],
            actor=ACTOR,
            **options,
        )

    async def customer_of(self, record_id: str, line: Line = FINANCE) -> UUID | None:
        return await self._named(record_ref(self.keys, line, record_id))

    async def customer_numbered(self, number: str) -> UUID | None:
        return await self._named(customer_no_ref(self.keys, number))

    async def customer_certified(self, number: str, name: str) -> UUID | None:
        return await self._named(certificate_ref(self.keys, CertificateType.ID_CARD, number, normalise_name(name)))

    async def _named(self, ref: bytes | None) -> UUID | None:
        return None if ref is None else (await customers_of_refs(self.session, [ref])).get(ref)

    async def value(self, sql: str, **values: Any) -> Any:
        return (await self.session.execute(text(sql), values)).scalar()

    async def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.session.execute(text(sql), values)]

    async def counts(self) -> dict[str, int]:
        """Count the rows of every table that a feed writes."""
        tables = (
            "customer", "source_record", "customer_ref", "match_review", "holding", "holding_party", "holding_balance",
            "business_event", "customer_event", "line_day", "feed_file", "feed_reject", "audit_entry",
        )  # fmt: skip
        return {table: await self.value(f"SELECT count(*) FROM {table}") for table in tables}


async def open_lines(session: AsyncSession) -> Lines:
    """Put the bank's places and products into an empty database."""
    wiring.connect()
    root = Branch(id=new_id(), code=ROOT, kind=BranchKind.HEAD_OFFICE, name_zh="总行", name_en="Head office")
    session.add(root)
    await session.flush()
    session.add(
        Branch(id=new_id(), code=EAST, kind=BranchKind.BRANCH, parent_id=root.id, name_zh="东支行", name_en="East")
    )
    for code, line, product_class, side in (
        (CURRENT, FINANCE, ProductClass.DEPOSITS, Side.ASSET),
        (LOAN, FINANCE, ProductClass.MICRO_LOANS, Side.LIABILITY),
        (CARD, CARDS, ProductClass.CARDS, Side.LIABILITY),
    ):
        session.add(Product(code=code, line=line, product_class=product_class, side=side, name_zh=code, name_en=code))
    await session.flush()
    return Lines(session, KeyRing(KeyMaterial.generate()))
