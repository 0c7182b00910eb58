"""Many files of a whole bank, taken as the worker's role takes them."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import Refusal
from guibin.core.ids import new_id
from guibin.core.lines import Line
from guibin.feeds.service import load_sources
from guibin.organisation.models import Branch
from guibin.products.models import Product
from guibin.security.ciphers import KeyRing
from guibin.security.key_file import KeyMaterial
from guibin_tools.demo.bank import generate
from guibin_tools.demo.organisation import BRANCHES
from guibin_tools.demo.products import PRODUCTS
from support.databases import Database
from support.demo_bank import fused
from support.feed_files import rows_of
from support.lines import ACTOR, DAY, csv_of, holding, party
from support.points import sessions_of


@dataclass(frozen=True)
class Source:
    """A file in memory."""

    line: Line
    kind: str
    raw: bytes
    rows: int | None = None
    business_date: date = DAY
    mode: str = "delta"

    def open(self) -> Iterator[bytes]:
        yield self.raw


async def furnish(session: AsyncSession) -> None:
    """Put the demo bank's places and products into the database."""
    ids = {branch.code: new_id() for branch in BRANCHES}
    for branch in BRANCHES:
        session.add(
            Branch(
                id=ids[branch.code],
                code=branch.code,
                kind=branch.kind,
                parent_id=ids[branch.parent_code] if branch.parent_code else None,
                name_zh=branch.name_zh,
                name_en=branch.name_en,
            )
        )
        await session.flush()
    for product in PRODUCTS:
        session.add(Product.model_validate(product, from_attributes=True))
    await session.commit()


async def counted(database: Database, table: str) -> int:
    async with sessions_of(database.owner_url, pool_size=1) as factory, factory() as session:
        return int((await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


@pytest.fixture
async def furnished(database: Database) -> Database:
    async with sessions_of(database.owner_url, pool_size=1) as factory, factory() as session:
        await furnish(session)
    return database


async def test_a_generated_bank_is_taken_whole_and_again_without_effect(furnished: Database, tmp_path: Path) -> None:
    sources = generate(120, 7, DAY, tmp_path)
    keys, heard = KeyRing(KeyMaterial.generate()), []
    async with sessions_of(furnished.worker_url) as factory:
        first = await load_sources(
            factory, keys, sources, actor=ACTOR, progress=lambda name, counts: heard.append((name, counts["rejects"]))
        )
        again = await load_sources(factory, keys, sources, actor=ACTOR)
    assert len(heard) == len(sources)
    assert {rejects for _, rejects in heard} == {0}
    assert sum(result.rows_read for result in first) == sum(source.rows for source in sources)
    assert all(result.repeated for result in again)
    parties = {row["record_id"]: row for _, row in rows_of(sources, "parties")}
    assert await counted(furnished, "customer WHERE merged_into IS NULL") == len(fused(parties))
    assert await counted(furnished, "source_record") == len(parties)
    assert await counted(furnished, "holding") == len(rows_of(sources, "holdings"))
    assert await counted(furnished, "business_event") == len(rows_of(sources, "events"))


async def test_a_refused_file_stops_its_line_and_no_other(furnished: Database) -> None:
    sources = [
        Source(Line.PERSONAL_FINANCE, "parties", csv_of(party("A"))),
        Source(Line.CREDIT_CARD, "parties", csv_of(party("A"))),
        Source(Line.PERSONAL_FINANCE, "holdings", csv_of(holding("A", "H1")), rows=9),
        Source(Line.PERSONAL_FINANCE, "balances", b"holding_id,date,balance\n"),
        Source(Line.CREDIT_CARD, "balances", b"holding_id,date,balance\n"),
    ]
    async with sessions_of(furnished.worker_url) as factory:
        with pytest.raises(Refusal) as refused:
            await load_sources(factory, KeyRing(KeyMaterial.generate()), sources, actor=ACTOR)
    assert refused.value.code == "row_count_differs"
    assert await counted(furnished, "holding") == 0
    assert await counted(furnished, "line_day WHERE line = 'personal_finance'") == 0
    assert await counted(furnished, "line_day WHERE line = 'credit_card'") == 1


async def test_a_merge_is_within_the_rights_of_the_worker_and_of_the_bank_port(furnished: Database) -> None:
    for number, url in enumerate((furnished.worker_url, furnished.bank_url)):
        no, card = f"6000001{number}", f"E1234567{number}"
        passport = {"certificate_type": "passport", "certificate_no": card}
        sources = [
            Source(Line.PERSONAL_FINANCE, "parties", csv_of(party(f"A{number}", customer_no=no))),
            Source(Line.CREDIT_CARD, "parties", csv_of(party(f"B{number}", **passport))),
            Source(Line.E_FINANCE, "parties", csv_of(party(f"C{number}", customer_no=no, **passport))),
        ]
        async with sessions_of(url) as factory:
            results = await load_sources(factory, KeyRing(KeyMaterial.generate()), sources, actor=ACTOR)
        assert results[-1].counts == {"customers_merged": 1, "records_new": 1}


async def test_the_same_file_twice_at_once_is_taken_once(furnished: Database) -> None:
    keys = KeyRing(KeyMaterial.generate())
    rows = csv_of(*[party(f"A{number}", customer_no=f"6100{number:04d}") for number in range(50)])
    source = Source(Line.PERSONAL_FINANCE, "parties", rows)
    async with sessions_of(furnished.bank_url) as factory:
        taken = await asyncio.gather(*(load_sources(factory, keys, [source], actor=ACTOR) for _ in range(4)))
    assert sorted(result.repeated for (result,) in taken) == [False, True, True, True]
    assert len({result.id for (result,) in taken}) == 1
    assert await counted(furnished, "customer") == 50


async def test_lines_that_know_the_same_people_can_deliver_at_once(furnished: Database) -> None:
    keys = KeyRing(KeyMaterial.generate())
    rows = csv_of(*[party(f"A{number}", customer_no=f"6100{number:04d}") for number in range(50)])
    async with sessions_of(furnished.bank_url) as factory:
        await asyncio.gather(
            *(load_sources(factory, keys, [Source(line, "parties", rows)], actor=ACTOR) for line in list(Line)[:4])
        )
    assert await counted(furnished, "customer") == 50
    assert await counted(furnished, "source_record") == 200
