"""What the demo bank's lines send for one more day."""

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from random import Random

from guibin.core.lines import Line
from guibin_tools.bank_data import FeedSource
from guibin_tools.demo.next_day import Balance, Numbered, generate_next_day, moving_holdings
from support.demo_bank import BUSINESS_DATE, DemoBank
from support.feed_files import Row, rows_of

DAY = BUSINESS_DATE + timedelta(days=1)
MOST_OF_A_SWING = 0.05


def numbered(bank: DemoBank) -> Numbered:
    found: dict[str, dict[Line, int]] = defaultdict(lambda: dict.fromkeys(Line, 0))
    for source in bank.sources:
        found[source.kind][source.line] += source.rows
    return Numbered(found["parties"], found["holdings"])


def sent(bank: DemoBank, directory: Path, balances: list[Balance]) -> tuple[list[FeedSource], dict[str, list[Row]]]:
    directory.mkdir()
    sources = generate_next_day(Random(3), numbered(bank), balances, DAY, directory)
    kinds = ("parties", "holdings", "balances", "events")
    return sources, {kind: [row for _, row in rows_of(sources, kind)] for kind in kinds}


def test_every_line_sends_changes_of_the_day_alone(bank: DemoBank, tmp_path: Path) -> None:
    sources, rows = sent(bank, tmp_path / "a", [])
    assert {(one.line, one.kind) for one in sources} == {
        (line, kind) for line in Line for kind in ("parties", "holdings", "balances", "events")
    }
    assert {(one.mode, one.business_date) for one in sources} == {("delta", DAY)}
    assert {date.fromisoformat(row["occurred_at"][:10]) for row in rows["events"]} == {DAY}
    assert {row["date"] for row in rows["balances"]} == {DAY.isoformat()}


def test_a_day_has_a_day_s_share_of_the_events_of_those_who_are_known(bank: DemoBank, tmp_path: Path) -> None:
    known, (_, rows) = {row["reference"] for _, row in rows_of(bank.sources, "events")}, sent(bank, tmp_path / "a", [])
    references = {row["reference"] for row in rows["events"]}
    assert len(references) == len(rows["events"])
    assert not references & known
    assert {row["record_id"] for row in rows["events"]} <= bank.parties.keys()
    assert len(known) / 81 * 0.8 < len(references) < len(known) / 81 * 1.2


def test_who_comes_has_numbers_of_nobody_else_and_holds_something(bank: DemoBank, tmp_path: Path) -> None:
    _, rows = sent(bank, tmp_path / "a", [])
    assert rows["parties"]
    assert not {row["record_id"] for row in rows["parties"]} & bank.parties.keys()
    assert not {row["holding_id"] for row in rows["holdings"]} & bank.holdings.keys()
    for name in ("customer_no", "certificate_no"):
        known = {row[name] for row in bank.parties.values()} - {""}
        assert not {row[name] for row in rows["parties"]} & known
    assert {row["record_id"] for row in rows["holdings"]} <= {row["record_id"] for row in rows["parties"]}
    assert {row["holding_id"] for row in rows["balances"]} <= {row["holding_id"] for row in rows["holdings"]}


def test_balances_move_a_little(bank: DemoBank, tmp_path: Path) -> None:
    moving = moving_holdings(Random(3), numbered(bank))
    drawn = [(line, number) for line, numbers in moving.items() for number in numbers]
    assert {number for _, number in drawn} <= bank.holdings.keys()
    assert 0.06 * len(bank.holdings) < len(drawn) < 0.10 * len(bank.holdings)
    _, rows = sent(bank, tmp_path / "a", [Balance(line, number, 1000.0) for line, number in drawn])
    amounts = {row["holding_id"]: float(row["balance"]) for row in rows["balances"]}
    for _, number in drawn:
        assert abs(amounts[number] - 1000) <= 1000 * MOST_OF_A_SWING
    assert len({amounts[number] for _, number in drawn}) > len(drawn) * 0.9


def test_the_same_seed_gives_the_same_bytes(bank: DemoBank, tmp_path: Path) -> None:
    first, second = (sent(bank, tmp_path / name, [])[0] for name in "ab")
    assert [b"".join(one.open()) for one in first] == [b"".join(one.open()) for one in second]
