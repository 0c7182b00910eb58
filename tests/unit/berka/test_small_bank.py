from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from guibin.core.lines import Line
from guibin_tools.bank_data import FeedSource
from guibin_tools.berka.bank import map_bank
from guibin_tools.berka.files import UnreadableBankFileError, read_files
from support.berka import write_bank
from support.feed_files import Row, rows_of

DAY = date(2026, 11, 24)


@dataclass(frozen=True)
class Mapped:
    sources: list[FeedSource]

    def holding(self, holding_id: str) -> Row:
        return next(row for _, row in rows_of(self.sources, "holdings") if row["holding_id"] == holding_id)

    def balances(self, holding_id: str) -> dict[str, str]:
        rows = [row for _, row in rows_of(self.sources, "balances") if row["holding_id"] == holding_id]
        return {row["date"]: row["balance"] for row in rows}

    def events(self) -> dict[str, Row]:
        return {row["reference"]: row for _, row in rows_of(self.sources, "events")}

    def parties(self, line: Line) -> dict[str, Row]:
        return {row["record_id"]: row for source, row in rows_of(self.sources, "parties") if source.line is line}


def mapped(folder: Path, *, scale: int = 1, **changed: list[str]) -> Mapped:
    (folder / "feeds").mkdir()
    return Mapped(map_bank(read_files(write_bank(folder / "bank", **changed)), DAY, folder / "feeds", scale=scale))


def test_the_last_transaction_falls_on_the_business_date(tmp_path: Path) -> None:
    events = mapped(tmp_path).events()
    assert events["T64"]["occurred_at"].startswith("2026-11-24")
    assert events["T61"]["occurred_at"].startswith("2026-09-15")


def test_without_transactions_the_end_of_1998_falls_on_the_business_date(tmp_path: Path) -> None:
    assert mapped(tmp_path).holding("A12")["opened_on"] == "2020-11-25"


def test_a_balance_is_the_sum_of_a_days_amounts_and_stands_at_month_ends_too(tmp_path: Path) -> None:
    assert mapped(tmp_path).balances("A11") == {
        "2026-09-15": "900.00",
        "2026-09-30": "900.00",
        "2026-10-19": "799.50",
        "2026-10-31": "799.50",
        "2026-11-24": "49.50",
    }


def test_amounts_are_multiplied_by_the_scale(tmp_path: Path) -> None:
    bank = mapped(tmp_path, scale=20)
    assert bank.balances("A11")["2026-09-15"] == "18000.00"
    assert bank.events()["T62"]["amount"] == "2010.00"
    assert bank.balances("L41")["2026-11-24"] == "480000.00"


def test_an_overdrawn_account_has_a_negative_balance(tmp_path: Path) -> None:
    rows = ["61;11;970601;withdrawal;withdrawal in cash;100.05;-100.05;;;"]
    assert mapped(tmp_path, trans_sample=rows).balances("A11") == {"2026-11-24": "-100.05"}


def test_an_account_without_transactions_has_no_balance_at_all(tmp_path: Path) -> None:
    assert mapped(tmp_path).balances("A12") == {}


def test_a_disponent_stands_beside_the_owner_and_holds_nothing(tmp_path: Path) -> None:
    bank = mapped(tmp_path)
    assert bank.holding("A11")["record_id"] == "1"
    assert bank.holding("A11")["joint_record_ids"] == "2"
    assert "2" not in {row["record_id"] for _, row in rows_of(bank.sources, "holdings")}
    assert set(bank.parties(Line.PERSONAL_FINANCE)) == {"1", "2", "3"}


def test_clients_are_keyed_by_their_number_and_nothing_else(tmp_path: Path) -> None:
    bank = mapped(tmp_path)
    for line in (Line.PERSONAL_FINANCE, Line.CREDIT_CARD, Line.CONSUMER_CREDIT, Line.E_FINANCE):
        for record_id, row in bank.parties(line).items():
            assert row["customer_no"] == f"CZ{int(record_id):08d}"
            assert row["certificate_no"] == row["phone"] == ""
    assert set(bank.parties(Line.CREDIT_CARD)) == {"1", "3"}


def test_a_birth_number_gives_gender_and_a_birthday_that_keeps_the_age(tmp_path: Path) -> None:
    parties = mapped(tmp_path, client=['1;"706213";1', '2;"450204";1', '3;"840229";2']).parties(Line.PERSONAL_FINANCE)
    assert (parties["1"]["gender"], parties["1"]["birth_date"]) == ("F", "1998-12-13")
    assert (parties["2"]["gender"], parties["2"]["birth_date"]) == ("M", "1973-02-04")
    assert parties["3"]["birth_date"] == "2012-02-29"


def test_names_are_made_from_the_number_and_stay_the_same(tmp_path: Path) -> None:
    rows = [f'{number};"706213";1' for number in (1, 2, 3)]
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    first = mapped(tmp_path / "one").parties(Line.PERSONAL_FINANCE)
    second = mapped(tmp_path / "two", client=rows).parties(Line.PERSONAL_FINANCE)
    assert first["1"]["name"] == second["1"]["name"]
    assert first["2"]["name"] != second["2"]["name"], "a man's name and a woman's"


def test_a_branch_is_the_accounts_district_and_the_city_the_clients(tmp_path: Path) -> None:
    rows = ['1;"706213";2', '2;"450204";1', '3;"840229";1']
    party = mapped(tmp_path, client=rows).parties(Line.PERSONAL_FINANCE)["1"]
    assert (party["branch_code"], party["city_code"]) == ("CZ01", "990002")


def test_what_came_after_the_last_transaction_begins_on_the_business_date(tmp_path: Path) -> None:
    bank = mapped(tmp_path)
    assert bank.holding("L41")["opened_on"] == "2026-11-24"
    assert bank.holding("L41")["status"] == "active", "its status of 1998 lies ahead of it"
    assert bank.balances("L41") == {"2026-11-24": "24000.00"}
    assert bank.holding("C31")["opened_on"] == "2026-11-24"


def test_a_running_loan_owes_the_amount_less_the_payments_that_were_due(tmp_path: Path) -> None:
    owed = mapped(tmp_path).balances("L42")
    assert owed == {
        "2026-09-15": "16000.00",
        "2026-09-24": "15000.00",
        "2026-09-30": "15000.00",
        "2026-10-24": "14000.00",
        "2026-10-31": "14000.00",
        "2026-11-24": "13000.00",
    }


@pytest.mark.parametrize(("status", "owed"), [("C", "13000.00"), ("D", "16000.00")])
def test_a_loan_in_debt_has_missed_its_last_three_payments(tmp_path: Path, status: str, owed: str) -> None:
    loan = [f'42;12;980131;24000;24;1000.00;"{status}"']
    assert list(mapped(tmp_path, loan=loan).balances("L42").values())[-1] == owed


def test_a_loan_that_was_paid_to_its_term_is_closed_and_owes_nothing(tmp_path: Path) -> None:
    bank = mapped(tmp_path, loan=['42;12;970615;12000;12;1000.00;"A"'])
    holding = bank.holding("L42")
    assert holding["status"] == "closed"
    assert holding["closed_on"] == holding["matures_on"] == "2026-05-09"
    assert bank.balances("L42") == {}


def test_a_loan_that_ended_unpaid_is_open_and_owes_three_payments(tmp_path: Path) -> None:
    bank = mapped(tmp_path, loan=['42;12;970615;12000;12;1000.00;"B"'])
    assert (bank.holding("L42")["status"], bank.holding("L42")["matures_on"]) == ("active", "2026-05-09")
    assert set(bank.balances("L42").values()) == {"3000.00"}


def test_a_standing_order_is_a_holding_that_holds_no_money(tmp_path: Path) -> None:
    bank = mapped(tmp_path)
    assert bank.balances("O51") == {"2026-09-15": "0.00"}
    assert bank.balances("O52") == {"2026-09-15": "0.00"}
    assert [bank.holding(order)["product_code"] for order in ("O51", "O52")] == ["CZ401", "CZ409"]


def test_a_card_has_a_product_of_its_kind_and_no_known_balance(tmp_path: Path) -> None:
    bank = mapped(tmp_path)
    assert [bank.holding(card)["product_code"] for card in ("C31", "C32")] == ["CZ303", "CZ301"]
    assert bank.balances("C31") == {}
    fresh = [s.rows for s in bank.sources if (s.line, s.kind) == (Line.CREDIT_CARD, "balances")]
    assert fresh == [0], "an empty file makes the line's day fresh"


def test_transactions_become_events_by_purpose_and_operation(tmp_path: Path) -> None:
    events = mapped(tmp_path).events()
    kinds = [events[reference]["event_type"] for reference in ("T61", "T62", "T63", "T64")]
    assert kinds == ["deposit", "payment", "withdrawal", "transfer_in"]
    assert events["T62"]["merchant_category"] == "household"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = write_bank(tmp_path / "bank")
    (folder / "loan.asc").unlink()
    with pytest.raises(UnreadableBankFileError, match=r"loan\.asc"):
        read_files(folder)


@pytest.mark.parametrize(
    ("file", "row"),
    [
        ("loan", '41;11;970820;many;12;2000.00;"A"'),
        ("disp", '21;1;11;"FRIEND"'),
        ("account", '11;1;"POPLATEK MESICNE";971301'),
        ("card", "31;21"),
    ],
)
def test_a_wrong_row_is_named_with_its_number_and_without_its_content(tmp_path: Path, file: str, row: str) -> None:
    with pytest.raises(UnreadableBankFileError, match=rf"^{file}\.asc: row 1 is not as the bank published it$"):
        read_files(write_bank(tmp_path / "bank", **{file: [row]}))
