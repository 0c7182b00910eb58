"""Anchors are signed, only grow, and are refused when somebody else has signed or changed them."""

import json
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guibin.audit.anchors import (
    AnchorBook,
    AnchorInvalid,
    load_private_key,
    load_public_key,
    make_key_pair,
    read_anchor,
    write_anchor,
)
from guibin.audit.chain import Anchor
from guibin.security.private_files import write_new

FIRST = Anchor(7, bytes(range(32)), datetime(2026, 11, 25, 12, tzinfo=UTC))
SECOND = Anchor(9, bytes(32), datetime(2026, 11, 25, 12, 10, tzinfo=UTC))


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    private, public = tmp_path / "key.pem", tmp_path / "key.pub.pem"
    make_key_pair(private, public)
    return private, public


def test_a_book_gives_back_what_was_appended_in_order(keys: tuple[Path, Path], tmp_path: Path) -> None:
    book = AnchorBook(tmp_path / "more" / "anchors.jsonl")
    public = load_public_key(keys[1])
    assert book.read(public) == []
    for anchor in (FIRST, SECOND):
        book.append(anchor, load_private_key(keys[0]))
    assert book.read(public) == [FIRST, SECOND]


def test_the_private_key_is_its_owners_alone(keys: tuple[Path, Path]) -> None:
    assert keys[0].stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("field", "value"), [("seq", 8), ("hash", "00" * 32), ("at", "2026-11-25T12:00:01+00:00")])
def test_a_changed_anchor_is_refused_with_its_line(
    keys: tuple[Path, Path], tmp_path: Path, field: str, value: object
) -> None:
    book = AnchorBook(tmp_path / "anchors.jsonl")
    book.append(FIRST, load_private_key(keys[0]))
    line = json.loads(book.file.read_bytes())
    book.file.write_text(json.dumps(line | {field: value}))
    with pytest.raises(AnchorInvalid, match="line 1"):
        book.read(load_public_key(keys[1]))


def test_an_anchor_of_another_key_is_refused(keys: tuple[Path, Path], tmp_path: Path) -> None:
    stranger = make_key_pair(tmp_path / "other.pem", tmp_path / "other.pub.pem")
    with pytest.raises(AnchorInvalid, match="signature"):
        read_anchor(write_anchor(FIRST, stranger), load_public_key(keys[1]))


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b'{"signature": "!"}'])
def test_what_is_no_anchor_is_refused(keys: tuple[Path, Path], line: bytes) -> None:
    with pytest.raises(AnchorInvalid):
        read_anchor(line, load_public_key(keys[1]))


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    write_new(tmp_path / "junk.pem", b"junk")
    for path in (tmp_path / "junk.pem", tmp_path / "nothing.pem"):
        with pytest.raises(AnchorInvalid, match=path.name):
            load_private_key(path)
        with pytest.raises(AnchorInvalid, match=path.name):
            load_public_key(path)


def test_the_system_log_gets_the_anchor_too(keys: tuple[Path, Path], tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as log:
        log.bind(("127.0.0.1", 0))
        log.settimeout(2)
        book = AnchorBook(tmp_path / "anchors.jsonl", f"127.0.0.1:{log.getsockname()[1]}")
        book.append(FIRST, load_private_key(keys[0]))
        assert book.file.read_bytes().strip() in log.recv(4096)
