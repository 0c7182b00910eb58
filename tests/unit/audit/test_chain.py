"""One tampering with the trail is always found, and the first bad row is named (T-AUD-1)."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from guibin.audit.chain import GENESIS, Algorithm, Anchor, ChainCheck, Fault, Finding, Link, canonical, seal_hash

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
LENGTH = 40
Row = dict[str, Any]


@dataclass(frozen=True)
class Trail:
    """Rows in order, their seals, and the heads that were signed."""

    links: tuple[Link, ...]
    anchors: tuple[Anchor, ...]

    def check(self) -> Finding | None:
        check = ChainCheck(self.anchors)
        return next(filter(None, map(check.follow, self.links)), None) or check.end()


def row_of(number: int) -> Row:
    return {
        "owner_id": UUID(int=number % 7 + 1),
        "id": UUID(int=1_000 + number),
        "xact": 500 + number // 3,
        "at": NOON + timedelta(seconds=number),
        "action": "points.adjust",
        "object_id": f"cus_{number}",
        "reason": None if number % 4 else "客户要求",
        "result": "done",
        "changes": {"name": [None, "ab12"]} if number % 5 == 0 else {},
        "facts": {"count": number},
    }


def sealed(rows: Sequence[Row], algorithm: Algorithm = Algorithm.SHA256) -> tuple[Link, ...]:
    links, before = [], GENESIS
    for seq, row in enumerate(rows, start=1):
        digest = seal_hash(algorithm, row, before)
        links.append(Link(seq, row["owner_id"], row["id"], row["xact"], algorithm, before, digest, row))
        before = digest
    return tuple(links)


def trail(length: int = LENGTH, algorithm: Algorithm = Algorithm.SHA256, anchored: Sequence[int] = (20, 40)) -> Trail:
    links = sealed([row_of(number) for number in range(length)], algorithm)
    return Trail(links, tuple(Anchor(seq, links[seq - 1].hash, NOON) for seq in anchored if seq <= length))


def with_row(whole: Trail, index: int, row: Row | None) -> Trail:
    links = list(whole.links)
    links[index] = replace(links[index], row=row)
    return replace(whole, links=tuple(links))


def row_at(whole: Trail, index: int) -> Row:
    row = whole.links[index].row
    assert row is not None
    return dict(row)


def edit(whole: Trail, dice: random.Random) -> tuple[Trail, int]:
    """Change one column of one row to something else."""
    index = dice.randrange(LENGTH)
    row = row_at(whole, index)
    column = dice.choice(sorted(row))
    others = {"at": row["at"] + timedelta(microseconds=1), "facts": {"count": -1}, "changes": {"x": ["1", None]}}
    row[column] = others.get(column, UUID(int=dice.getrandbits(128)) if column.endswith("id") else "anything")
    return with_row(whole, index, row), index + 1


def delete(whole: Trail, dice: random.Random) -> tuple[Trail, int]:
    """Take a row away; its seal stays."""
    index = dice.randrange(LENGTH)
    return with_row(whole, index, None), index + 1


def delete_with_seal(whole: Trail, dice: random.Random) -> tuple[Trail, int]:
    """Take a row and its seal away."""
    index = dice.randrange(LENGTH)
    return replace(whole, links=whole.links[:index] + whole.links[index + 1 :]), index + 1


def insert(whole: Trail, dice: random.Random) -> tuple[Trail, int]:
    """Put a row with a seal of its own between two others, and give all that follow another number."""
    index = dice.randrange(1, LENGTH)
    before = whole.links[index - 1].hash
    row = row_of(999)
    forged = Link(
        index + 1,
        row["owner_id"],
        row["id"],
        row["xact"],
        Algorithm.SHA256,
        before,
        seal_hash(Algorithm.SHA256, row, before),
        row,
    )
    later = tuple(replace(link, seq=link.seq + 1) for link in whole.links[index:])
    unsigned = replace(whole, links=(*whole.links[:index], forged, *later), anchors=())
    return unsigned, index + 2


def reorder(whole: Trail, dice: random.Random) -> tuple[Trail, int]:
    """Exchange the content of two rows."""
    first, second = sorted(dice.sample(range(LENGTH), 2))
    exchanged = with_row(whole, first, row_at(whole, second))
    return with_row(exchanged, second, row_at(whole, first)), first + 1


def reorder_seals(whole: Trail, dice: random.Random) -> tuple[Trail, int]:
    """Exchange two links, rows and seals, under each other's numbers."""
    first, second = sorted(dice.sample(range(LENGTH), 2))
    links = list(whole.links)
    links[first], links[second] = (
        replace(links[second], seq=links[first].seq),
        replace(links[first], seq=links[second].seq),
    )
    return replace(whole, links=tuple(links)), first + 1


def cut(whole: Trail, dice: random.Random) -> tuple[Trail, int]:
    """Cut off the end, rows and seals."""
    kept = dice.randrange(LENGTH)
    return replace(whole, links=whole.links[:kept]), kept + 1


def rewrite(whole: Trail, dice: random.Random) -> tuple[Trail, int]:
    """Change a row and seal everything from there on again: only the anchors know."""
    index = dice.randrange(LENGTH)
    rows = [row_at(whole, number) for number in range(LENGTH)]
    rows[index]["result"] = "refused"
    return replace(whole, links=sealed(rows)), 1 if index < 20 else 21


def move(whole: Trail, dice: random.Random) -> tuple[Trail, int]:
    """Let a seal say of its row that an older transaction wrote it."""
    index = dice.randrange(LENGTH)
    links = list(whole.links)
    links[index] = replace(links[index], xact=links[index].xact - 1)
    return replace(whole, links=tuple(links)), index + 1


TAMPERINGS: tuple[Callable[[Trail, random.Random], tuple[Trail, int]], ...] = (
    edit,
    delete,
    delete_with_seal,
    insert,
    reorder,
    reorder_seals,
    cut,
    rewrite,
    move,
)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_trail_that_nobody_touched_is_intact(algorithm: Algorithm) -> None:
    assert trail(algorithm=algorithm).check() is None


def test_a_trail_without_rows_and_without_anchors_is_intact() -> None:
    assert Trail((), ()).check() is None


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_one_tampering_is_found_at_the_first_bad_row(
    tamper: Callable[[Trail, random.Random], tuple[Trail, int]],
) -> None:
    """125 of each kind: more than 1,000 in all."""
    dice = random.Random(20261125)
    for _ in range(125):
        tampered, first_bad = tamper(trail(), dice)
        finding = tampered.check()
        assert finding is not None
        assert finding.seq == first_bad


def test_a_bad_row_is_named() -> None:
    whole = trail()
    tampered, _ = delete(whole, random.Random(1))
    finding = tampered.check()
    assert finding is not None
    assert finding.seq is not None
    link = whole.links[finding.seq - 1]
    assert (finding.fault, finding.entry_id, finding.owner_id) == (Fault.MISSING, link.entry_id, link.owner_id)


def test_a_seal_that_tells_another_transaction_than_its_row_is_broken() -> None:
    tampered, _ = move(trail(), random.Random(1))
    finding = tampered.check()
    assert finding is not None
    assert finding.fault is Fault.SEAL_BROKEN


def test_a_tail_cut_after_the_last_anchor_is_found_at_the_next() -> None:
    whole = trail(anchored=(20,))
    shorter = replace(whole, links=whole.links[:30])
    assert shorter.check() is None
    remembered = Anchor(40, whole.links[-1].hash, NOON)
    assert replace(shorter, anchors=(*whole.anchors, remembered)).check() == Finding(Fault.CUT, 31)


def test_a_trail_whose_oldest_rows_were_archived_begins_at_a_signed_head() -> None:
    whole = trail()
    rest = whole.links[20:]
    assert replace(whole, links=rest).check() is None
    check = ChainCheck(whole.anchors)
    assert [check.follow(link) for link in rest] == [None] * len(rest)
    assert check.first_seq == 21
    unsigned = Trail(rest, ())
    assert unsigned.check() == Finding(Fault.SEAL_BROKEN, 1)


def test_a_column_that_is_added_later_changes_no_seal() -> None:
    row = row_of(1)
    assert canonical(row | {"new": None, "other": "", "more": {}}) == canonical(row)


def test_an_instant_is_sealed_in_utc() -> None:
    row = row_of(1)
    local = row | {"at": row["at"].astimezone(datetime.fromisoformat("2026-11-25T20:00:00+08:00").tzinfo)}
    assert canonical(local) == canonical(row)


def test_what_cannot_be_sealed_is_an_error() -> None:
    with pytest.raises(TypeError):
        canonical({"facts": {1, 2}})
