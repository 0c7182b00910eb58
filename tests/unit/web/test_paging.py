from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from guibin.security.ciphers import KeyRing
from guibin.web.errors import CursorInvalid
from guibin.web.paging import Page, PageRequest, Position, read_cursor

MOMENT = (datetime(2026, 11, 25, 4, 0, 0, 123_456, tzinfo=UTC), UUID("01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4"))


@dataclass(frozen=True)
class Row:
    place: Position


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    directory: Path = tmp_path_factory.mktemp("keys")
    return KeyRing.create(directory / "keys.json")


def page_of(keys: KeyRing, rows: list[Row], limit: int) -> Page[Row]:
    request = PageRequest(limit, None, keys, b"context")
    return request.answer(rows[: request.fetch], position=lambda row: row.place, shape=lambda row: row)


def after(keys: KeyRing, place: Position) -> PageRequest:
    page = page_of(keys, [Row(place), Row(place)], 1)
    assert page.items == [Row(place)]
    assert page.next_cursor is not None
    return PageRequest(1, read_cursor(keys, b"context", page.next_cursor), keys, b"context")


def test_a_position_of_each_kind_comes_back_as_it_was(keys: KeyRing) -> None:
    assert after(keys, 7).after_seq == 7
    assert after(keys, "gold").after_code == "gold"
    assert after(keys, str(MOMENT[1])).after_id == MOMENT[1]
    assert after(keys, MOMENT).after_moment == MOMENT


def test_the_last_page_has_no_cursor(keys: KeyRing) -> None:
    assert page_of(keys, [Row(1), Row(2)], 2).next_cursor is None
    assert page_of(keys, [], 2) == Page(items=[], next_cursor=None)


def test_the_first_page_has_no_position(keys: KeyRing) -> None:
    request = PageRequest(20, None, keys, b"context")
    assert (request.after_seq, request.after_code, request.after_moment, request.fetch) == (None, None, None, 21)


def test_a_position_of_another_kind_is_refused(keys: KeyRing) -> None:
    with pytest.raises(CursorInvalid):
        _ = PageRequest(1, "gold", keys, b"").after_seq
    with pytest.raises(CursorInvalid):
        _ = PageRequest(1, 7, keys, b"").after_code
    with pytest.raises(CursorInvalid):
        _ = PageRequest(1, 7, keys, b"").after_moment
