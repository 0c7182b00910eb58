"""From bytes to rows, without a database."""

from collections.abc import AsyncIterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guibin.core.money import format_cny, parse_cny
from guibin.feeds.errors import EncodingInvalid
from guibin.feeds.models import FeedKind
from guibin.feeds.reading import spool
from guibin.feeds.rows import FeedRows
from guibin.feeds.rules import RowRefused, read_amount, window

ROWS = "holding_id,date,balance\n" + "".join(f"招财{number},2026-11-24,1.00\n" for number in range(2_000))


async def read(*chunks: bytes, kind: FeedKind = FeedKind.BALANCES) -> list[tuple[int, list[str] | None]]:
    feed = await spool(chunks)
    try:
        return [(line, None if isinstance(cells, RowRefused) else list(cells)) for line, cells in FeedRows(feed, kind)]
    finally:
        feed.close()


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_chunks_may_end_anywhere(encoding: str, size: int) -> None:
    raw = ROWS.encode(encoding)
    rows = await read(*[raw[at : at + size] for at in range(0, len(raw), size)])
    assert rows[-1] == (2_001, ["招财1999", "2026-11-24", "1.00"])
    assert len(rows) == 2_000


async def test_a_stream_may_come_in_time() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"holding_id,date,balance\n"
        yield b"H1,2026-11-24,1\n"

    feed = await spool(chunks())
    assert list(FeedRows(feed, FeedKind.BALANCES)) == [(2, ["H1", "2026-11-24", "1"])]
    feed.close()


async def test_columns_are_put_in_order_and_absent_ones_are_empty() -> None:
    rows = await read(b"name,party_type,record_id\nB,person,A\n", kind=FeedKind.PARTIES)
    assert rows == [(2, ["A", "", "person", "B", *[""] * 12])]


async def test_a_row_is_named_by_the_line_at_which_it_begins() -> None:
    rows = await read(b'name,party_type,record_id\n"B\nC\nD",person,A\n\nE,person,F\n', kind=FeedKind.PARTIES)
    assert [line for line, _ in rows] == [2, 6]


async def test_a_header_alone_has_no_rows() -> None:
    assert await read(b"holding_id,date,balance\n") == []


async def test_one_row_in_another_encoding_is_found_among_many() -> None:
    raw = ROWS.encode() + "招财宝,2026-11-24,1.00\n".encode("gb18030")
    with pytest.raises(EncodingInvalid) as refused:
        await read(raw)
    assert refused.value.facts == {"line": 2_002}


async def test_rows_of_gb18030_that_happen_to_be_utf_8_do_not_refuse_the_file() -> None:
    by_chance = b"\xe6\x88\x91\xe6\x98\xaf"
    assert by_chance.decode() == "我是"
    raw = ROWS.encode("gb18030") + by_chance + b"\xa1\xa1,2026-11-24,1.00\n"
    assert len(await read(raw)) == 2_001


@given(st.integers(-(10**16), 10**16))
def test_an_amount_that_is_written_is_read_the_same(fen: int) -> None:
    assert read_amount(format_cny(fen), "balance") == fen


@given(st.text(alphabet="0123456789.-+eE,٣ ", max_size=8))
def test_the_short_way_to_read_amounts_agrees_with_the_long_one(value: str) -> None:
    expected = parse_cny(value)
    try:
        found: int | None = read_amount(value, "balance")
    except RowRefused:
        found = None
    assert found == expected


def test_the_window_of_a_file_has_93_days() -> None:
    days = window(date(2026, 11, 24))
    assert (len(days), min(days), max(days)) == (93, "2026-08-24", "2026-11-24")
