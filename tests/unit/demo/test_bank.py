from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from guibin.core.lines import Line
from guibin.customers.models import CertificateType, Gender, PartyStatus, PartyType
from guibin.holdings.models import OWN_EVENTS, EventType, HoldingStatus, InflowClass
from guibin_tools.demo.bank import generate
from guibin_tools.demo.certificates import MOST_PEOPLE, card_check_digit, credit_code_check
from guibin_tools.demo.organisation import BRANCHES
from guibin_tools.demo.products import PRODUCTS
from support.demo_bank import BUSINESS_DATE, CUSTOMERS, SEED, DemoBank, person_key, tier_of
from support.feed_files import daily_averages, last_month, rows_of

HEADERS = {
    "parties": "record_id,customer_no,party_type,name,certificate_type,certificate_no,phone,birth_date,gender,address,"
    "city_code,branch_code,employer,opened_on,status",
    "holdings": "record_id,holding_id,product_code,side,currency,opened_on,closed_on,matures_on,credit_limit,rate,"
    "joint_record_ids,status",
    "balances": "holding_id,date,balance",
    "events": "reference,record_id,event_type,occurred_at,amount,merchant_category,channel,inflow_class",
}


def content(directory: Path, customers: int, seed: int, business_date: date) -> dict[str, bytes]:
    directory.mkdir()
    return {source.path.name: b"".join(source.open()) for source in generate(customers, seed, business_date, directory)}


def test_the_same_size_seed_and_date_give_the_same_bytes(tmp_path: Path) -> None:
    first = content(tmp_path / "first", 150, 3, BUSINESS_DATE)
    assert content(tmp_path / "second", 150, 3, BUSINESS_DATE) == first


def test_another_seed_gives_other_people(tmp_path: Path) -> None:
    first = content(tmp_path / "first", 50, 3, BUSINESS_DATE)
    assert content(tmp_path / "second", 50, 4, BUSINESS_DATE).keys() == first.keys()
    assert all(first[name] != text for name, text in content(tmp_path / "third", 50, 4, BUSINESS_DATE).items())


@pytest.mark.parametrize("customers", [0, MOST_PEOPLE + 1])
def test_a_bank_without_customers_or_with_too_many_is_refused(tmp_path: Path, customers: int) -> None:
    with pytest.raises(ValueError, match="customers"):
        generate(customers, SEED, BUSINESS_DATE, tmp_path)


def test_a_bank_of_one_customer_still_has_every_file_of_every_line(tmp_path: Path) -> None:
    sources = generate(1, SEED, BUSINESS_DATE, tmp_path)
    assert Counter(source.line for source in sources) == dict.fromkeys(Line, 7)


def test_every_file_has_the_columns_of_its_kind_and_the_announced_rows(bank: DemoBank) -> None:
    for source in bank.sources:
        header, *rows = b"".join(source.open()).decode().splitlines()
        assert header == HEADERS[source.kind]
        assert len(rows) == source.rows
        assert {row.count(",") for row in rows} <= {header.count(",")}


def test_files_come_in_the_order_in_which_they_refer_to_each_other(bank: DemoBank) -> None:
    kinds = [source.kind for source in bank.sources]
    assert kinds == sorted(kinds, key=["parties", "holdings", "balances", "events"].index)
    balances = [source.business_date for source in bank.sources if source.kind == "balances"]
    assert balances == sorted(balances)


def test_parties_and_holdings_are_full_and_the_rest_are_changes(bank: DemoBank) -> None:
    modes = {(source.kind, source.mode) for source in bank.sources}
    assert modes == {("parties", "full"), ("holdings", "full"), ("balances", "delta"), ("events", "delta")}


def test_every_line_is_fresh_on_the_business_date(bank: DemoBank) -> None:
    fresh = {s.line for s in bank.sources if s.kind == "balances" and s.business_date == BUSINESS_DATE}
    assert fresh == set(Line)


def test_dates_lie_within_the_window_of_their_file(bank: DemoBank) -> None:
    for source, row in rows_of(bank.sources, "balances"):
        assert timedelta(0) <= source.business_date - date.fromisoformat(row["date"]) <= timedelta(days=92)
    for source, row in rows_of(bank.sources, "events"):
        instant = datetime.fromisoformat(row["occurred_at"])
        assert instant.utcoffset() == timedelta(hours=8)
        assert timedelta(0) <= source.business_date - instant.date() <= timedelta(days=80)


def test_a_balance_stands_once_for_a_holding_and_a_day(bank: DemoBank) -> None:
    days = Counter((row["holding_id"], row["date"]) for _, row in rows_of(bank.sources, "balances"))
    assert set(days.values()) == {1}


def test_ids_are_unique_and_refer_to_rows_of_their_line(bank: DemoBank) -> None:
    lines = {row["record_id"]: source.line for source, row in rows_of(bank.sources, "parties")}
    of_holding = {row["holding_id"]: source.line for source, row in rows_of(bank.sources, "holdings")}
    assert len(lines) == sum(source.rows for source in bank.sources if source.kind == "parties")
    assert len(of_holding) == sum(source.rows for source in bank.sources if source.kind == "holdings")
    for kind, column, owners in (
        ("holdings", "record_id", lines),
        ("events", "record_id", lines),
        ("balances", "holding_id", of_holding),
    ):
        assert all(owners[row[column]] is source.line for source, row in rows_of(bank.sources, kind))
    references = Counter(row["reference"] for _, row in rows_of(bank.sources, "events"))
    assert set(references.values()) == {1}


def test_products_are_of_the_line_and_the_side_of_their_holding(bank: DemoBank) -> None:
    known = {product.code: product for product in PRODUCTS}
    for source, row in rows_of(bank.sources, "holdings"):
        product = known[row["product_code"]]
        assert (product.line, product.side) == (source.line, row["side"])
    assert {row["product_code"] for row in bank.holdings.values()} == set(known)


def test_every_word_is_one_that_the_feeds_know(bank: DemoBank) -> None:
    branches = {branch.code for branch in BRANCHES if branch.kind == "branch"}
    for row in bank.parties.values():
        assert row["party_type"] in set(PartyType)
        assert row["certificate_type"] in set(CertificateType)
        assert row["gender"] in set(Gender)
        assert row["status"] in set(PartyStatus)
        assert row["branch_code"] in branches
    assert {row["status"] for row in bank.holdings.values()} == set(HoldingStatus)
    for _, row in rows_of(bank.sources, "events"):
        assert row["event_type"] in set(EventType)
        assert row["inflow_class"] in {"", *InflowClass}


def test_every_certificate_passes_its_check_and_belongs_to_nobody(bank: DemoBank) -> None:
    for row in bank.parties.values():
        number = row["certificate_no"]
        if row["certificate_type"] == "id_card":
            assert card_check_digit(number[:17]) == number[17]
            assert number[:2] == "99"
            assert number[6:14] == row["birth_date"].replace("-", "")
        else:
            assert credit_code_check(number[:17]) == number[17]
            assert number[2:4] == "99"


def test_different_customers_share_no_certificate_phone_or_customer_number(tmp_path: Path) -> None:
    sources = generate(1_000, 11, BUSINESS_DATE, tmp_path)
    people: dict[str, set[str]] = defaultdict(set)
    for _, row in rows_of(sources, "parties"):
        for column in ("phone", "customer_no"):
            people[row[column]].add(row["certificate_no"])
    people.pop("")
    assert {len(certificates) for certificates in people.values()} == {1}
    assert len({row["certificate_no"] for _, row in rows_of(sources, "parties")}) == 1_000


def test_customers_are_known_to_one_to_four_lines(bank: DemoBank) -> None:
    lines: dict[str, set[str]] = defaultdict(set)
    for record_id, row in bank.parties.items():
        lines[row["certificate_no"]].add(record_id[:2])
    known_to = Counter(len(found) for found in lines.values())
    assert set(known_to) == {1, 2, 3, 4}
    assert sum(known_to.values()) == CUSTOMERS
    assert 0.4 < 1 - known_to[1] / CUSTOMERS < 0.65


def test_records_without_a_customer_number_are_joined_by_certificate_and_name(bank: DemoBank) -> None:
    joined = [records for records in bank.customers if len(records) > 1]
    without = [r for records in joined for r in records if not bank.parties[r]["customer_no"]]
    assert len(without) > 100


def test_some_records_with_a_typing_error_stay_apart(bank: DemoBank) -> None:
    names: dict[str, set[str]] = defaultdict(set)
    for row in bank.parties.values():
        names[row["certificate_no"]].add(person_key(row)[1])
    mistyped = [certificate for certificate, known in names.items() if len(known) > 1]
    assert 20 < len(mistyped) < 60
    apart = [g for g in bank.customers if len(g) == 1 and bank.parties[g[0]]["certificate_no"] in mistyped]
    assert len(apart) >= len(mistyped)


def test_very_few_records_have_another_customer_number_on_the_same_certificate(bank: DemoBank) -> None:
    numbers: dict[str, set[str]] = defaultdict(set)
    for row in bank.parties.values():
        if row["customer_no"]:
            numbers[row["certificate_no"]].add(row["customer_no"])
    assert 2 <= sum(len(known) > 1 for known in numbers.values()) <= 10


def test_there_is_a_year_of_month_ends_and_a_few_changes_in_the_last_two_months(bank: DemoBank) -> None:
    days: dict[str, list[date]] = defaultdict(list)
    for _, row in rows_of(bank.sources, "balances"):
        days[row["holding_id"]].append(date.fromisoformat(row["date"]))
    accounts = [key for key, row in bank.holdings.items() if row["product_code"] == "PF101"]
    old = [key for key in accounts if bank.holdings[key]["opened_on"] < "2025-11-01"]
    for key in old:
        month_ends = [day for day in days[key] if (day + timedelta(days=1)).day == 1]
        assert len(month_ends) == 12
        assert 2 <= len(days[key]) - 12 <= 7


def test_no_asset_has_an_unknown_day_in_the_last_month(bank: DemoBank) -> None:
    assert None not in daily_averages(bank.sources, last_month(BUSINESS_DATE)).values()


def test_loans_are_liabilities_that_fall(bank: DemoBank) -> None:
    loans = {key for key, row in bank.holdings.items() if row["product_code"] == "CR101"}
    owed: dict[str, list[float]] = defaultdict(list)
    for _, row in rows_of(bank.sources, "balances"):
        if row["holding_id"] in loans:
            owed[row["holding_id"]].append(float(row["balance"]))
    assert loans == set(owed)
    assert all(amounts == sorted(amounts, reverse=True) and amounts[-1] > 0 for amounts in owed.values())


def test_tiers_are_filled_about_as_planned(bank: DemoBank) -> None:
    count = Counter(tier_of(average) for average in bank.averages)
    planned = {None: 0.35, "T0": 0.30, "T1": 0.22, "T2": 0.07, "T3": 0.045}
    for tier, share in planned.items():
        assert count[tier] / len(bank.averages) == pytest.approx(share, rel=0.2)
    assert 8 <= count["T4"] <= 30
    assert 4 <= count["T5"] <= 15


def test_customers_have_about_eight_events(bank: DemoBank) -> None:
    events = sum(source.rows for source in bank.sources if source.kind == "events")
    assert 6 <= events / CUSTOMERS <= 10
    kinds = {row["event_type"] for _, row in rows_of(bank.sources, "events")}
    assert kinds >= set(EventType) - {EventType.OTHER} - OWN_EVENTS
