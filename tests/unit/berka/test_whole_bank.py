"""Counts of the real files, read here with the csv module alone, against what the mapping makes of them."""

import csv
from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest

from guibin.core.lines import Line
from guibin.holdings.models import EventType, InflowClass
from guibin_tools.bank_data import FeedSource
from guibin_tools.berka.bank import map_bank
from guibin_tools.berka.files import read_files
from guibin_tools.berka.organisation import branches, staff
from guibin_tools.berka.products import PRODUCTS
from support.berka import FOLDER, needs_berka
from support.feed_files import Row, daily_averages, rows_of

pytestmark = needs_berka

DAY = date(2026, 10, 31)


def published(name: str) -> list[Row]:
    with (FOLDER / name).open(encoding="ascii", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[FeedSource]:
    return map_bank(read_files(FOLDER), DAY, tmp_path_factory.mktemp("feeds"))


def holdings(sources: list[FeedSource], *codes: str) -> list[Row]:
    return [row for _, row in rows_of(sources, "holdings") if row["product_code"].startswith(codes)]


def test_every_client_is_a_customer(sources: list[FeedSource]) -> None:
    clients = {row["client_id"] for row in published("client.asc")}
    parties = [(source.line, row) for source, row in rows_of(sources, "parties")]
    assert {row["record_id"] for line, row in parties if line is Line.PERSONAL_FINANCE} == clients
    assert len({row["customer_no"] for _, row in parties}) == len(clients) == 5369


def test_every_account_loan_card_and_order_is_one_holding_of_its_owner(sources: list[FeedSource]) -> None:
    owner = {row["account_id"]: row["client_id"] for row in published("disp.asc") if row["type"] == "OWNER"}
    disposition = {row["disp_id"]: row["client_id"] for row in published("disp.asc")}
    expected = {f"A{row['account_id']}": owner[row["account_id"]] for row in published("account.asc")}
    expected |= {f"L{row['loan_id']}": owner[row["account_id"]] for row in published("loan.asc")}
    expected |= {f"C{row['card_id']}": disposition[row["disp_id"]] for row in published("card.asc")}
    expected |= {f"O{row['order_id']}": owner[row["account_id"]] for row in published("order.asc")}
    assert {row["holding_id"]: row["record_id"] for _, row in rows_of(sources, "holdings")} == expected


def test_disponents_share_an_account_and_hold_nothing(sources: list[FeedSource]) -> None:
    disponents = {r["client_id"]: r["account_id"] for r in published("disp.asc") if r["type"] == "DISPONENT"}
    shared = {row["joint_record_ids"]: row["holding_id"][1:] for row in holdings(sources, "CZ1")}
    shared.pop("")
    assert shared == disponents
    assert disponents.keys().isdisjoint(row["record_id"] for _, row in rows_of(sources, "holdings"))


def test_loans_are_liabilities_and_only_those_that_were_paid_are_closed(sources: list[FeedSource]) -> None:
    with_transactions = {row["account_id"] for row in published("trans_sample.csv")}
    paid = {
        f"L{row['loan_id']}"
        for row in published("loan.asc")
        if row["status"] == "A" and row["account_id"] not in with_transactions
    }
    loans = holdings(sources, "CZ2")
    assert {row["side"] for row in loans} == {"liability"}
    assert {row["holding_id"] for row in loans if row["status"] == "closed"} == paid
    last: dict[str, str] = {}
    for _, row in rows_of(sources, "balances"):
        last[row["holding_id"]] = row["balance"]
    assert all(float(last[row["holding_id"]]) > 0 for row in loans if row["status"] == "active")


def test_cards_and_orders_are_counted_by_kind_and_purpose(sources: list[FeedSource]) -> None:
    kinds = Counter(row["type"] for row in published("card.asc"))
    assert [len(holdings(sources, code)) for code in ("CZ301", "CZ302", "CZ303")] == [
        kinds["junior"],
        kinds["classic"],
        kinds["gold"],
    ]
    purposes = Counter(row["k_symbol"].strip() for row in published("order.asc"))
    assert Counter(row["product_code"] for row in holdings(sources, "CZ4")) == {
        "CZ401": purposes["SIPO"],
        "CZ402": purposes["UVER"],
        "CZ403": purposes["POJISTNE"],
        "CZ404": purposes["LEASING"],
        "CZ409": purposes[""],
    }


def test_every_transaction_is_one_event_of_its_accounts_owner(sources: list[FeedSource]) -> None:
    owner = {row["account_id"]: row["client_id"] for row in published("disp.asc") if row["type"] == "OWNER"}
    expected = {f"T{row['trans_id']}": owner[row["account_id"]] for row in published("trans_sample.csv")}
    assert {row["reference"]: row["record_id"] for _, row in rows_of(sources, "events")} == expected
    words = {(row["event_type"], row["inflow_class"]) for _, row in rows_of(sources, "events")}
    assert {kind for kind, _ in words} <= set(EventType)
    assert {inflow for _, inflow in words} <= {"", *InflowClass}


def test_the_last_balance_is_the_sum_of_all_amounts_times_twenty(sources: list[FeedSource]) -> None:
    sums: dict[str, int] = defaultdict(int)
    for row in published("trans_sample.csv"):
        amount = round(float(row["amount"]) * 100)
        sums[f"A{row['account_id']}"] += amount if row["type"] == "credit" else -amount
    last = {r["holding_id"]: r["balance"] for _, r in rows_of(sources, "balances") if r["holding_id"].startswith("A")}
    assert {key: round(float(balance) * 100) for key, balance in last.items()} == {k: v * 20 for k, v in sums.items()}


def test_dates_lie_within_the_window_of_their_file_and_end_on_the_business_date(sources: list[FeedSource]) -> None:
    rows = [(s.business_date, r["date"]) for s, r in rows_of(sources, "balances") if r["holding_id"].startswith("A")]
    rows += [(source.business_date, row["occurred_at"][:10]) for source, row in rows_of(sources, "events")]
    assert all(timedelta(0) <= end - date.fromisoformat(day) <= timedelta(days=92) for end, day in rows)
    last: dict[str, str] = {}
    for _, row in rows_of(sources, "events"):
        last[row["record_id"]] = max(row["occurred_at"][:10], last.get(row["record_id"], ""))
    assert set(last.values()) == {DAY.isoformat()}
    assert len(last) == 354


def test_the_four_lines_are_fresh_on_the_business_date(sources: list[FeedSource]) -> None:
    fresh = {source.line for source in sources if (source.kind, source.business_date) == ("balances", DAY)}
    assert fresh == {Line.PERSONAL_FINANCE, Line.CREDIT_CARD, Line.CONSUMER_CREDIT, Line.E_FINANCE}


def test_means_of_thirty_days_fill_the_tiers_as_published_and_the_rest_is_unknown(sources: list[FeedSource]) -> None:
    days = [DAY - timedelta(days=back) for back in range(30)]
    means = {key: mean for key, mean in daily_averages(sources, days).items() if key.startswith("A")}
    known = [mean for mean in means.values() if mean is not None]
    assert len(means) - len(known) == 4146
    assert Counter((mean >= 200_000) + (mean >= 1_000_000) + (mean >= 2_000_000) for mean in known) == {
        0: 10,
        1: 222,
        2: 122,
    }


def test_holdings_name_products_of_their_line(sources: list[FeedSource]) -> None:
    lines = {product.code: (product.line, product.side) for product in PRODUCTS}
    assert all(lines[row["product_code"]] == (source.line, row["side"]) for source, row in rows_of(sources, "holdings"))


def test_the_districts_are_branches_that_parties_name_and_staff_work_in(sources: list[FeedSource]) -> None:
    districts = read_files(FOLDER).districts
    tree = branches(districts)
    assert Counter(branch.kind for branch in tree) == {"head_office": 1, "region": 8, "branch": 77}
    codes = {branch.code for branch in tree}
    assert {branch.parent_code for branch in tree} <= {*codes, None}
    assert {row["branch_code"] for _, row in rows_of(sources, "parties")} <= codes
    people = list(staff(districts))
    assert len({person.no for person in people}) == len(people)
    managers = Counter(person.branch_code for person in people if person.grade)
    assert set(managers.values()) == {2}
    assert len(managers) == 77
