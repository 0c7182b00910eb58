"""One demo bank of 2,000 customers, read back and fused the deterministic way, for the tests of its content."""

import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from guibin_tools.bank_data import FeedSource
from guibin_tools.demo.bank import generate
from guibin_tools.demo.products import PRODUCTS
from support.feed_files import Row, daily_averages, last_month, rows_of

CUSTOMERS, SEED, BUSINESS_DATE = 2_000, 7, date(2026, 11, 24)
TIER_LINES = {"T0": 50_000, "T1": 200_000, "T2": 1_000_000, "T3": 2_000_000, "T4": 6_000_000, "T5": 10_000_000}
WEIGHTS = {product.code: product.weight_percent for product in PRODUCTS}


@dataclass(frozen=True)
class DemoBank:
    """The files and their rows; the record ids of each fused customer, and its weighted average of the last month."""

    sources: list[FeedSource]
    parties: dict[str, Row]
    holdings: dict[str, Row]
    customers: list[list[str]]
    averages: list[float]


def generated_bank(directory: Path) -> DemoBank:
    """Generate the bank and read it back."""
    sources = generate(CUSTOMERS, SEED, BUSINESS_DATE, directory)
    parties = {row["record_id"]: row for _, row in rows_of(sources, "parties")}
    holdings = {row["holding_id"]: row for _, row in rows_of(sources, "holdings")}
    customers = fused(parties)
    of_record: dict[str, float] = defaultdict(float)
    for holding_id, average in daily_averages(sources, last_month(BUSINESS_DATE)).items():
        weight = WEIGHTS[holdings[holding_id]["product_code"]] / 100
        of_record[holdings[holding_id]["record_id"]] += (average or 0) * weight
    averages = [sum(of_record[record] for record in records) for records in customers]
    return DemoBank(sources, parties, holdings, customers, averages)


def fused(parties: dict[str, Row]) -> list[list[str]]:
    """Join records of one customer number, and records without one by certificate and normalised name."""
    numbers: dict[tuple[str, str], str] = {}
    for row in parties.values():
        if row["customer_no"]:
            numbers.setdefault(person_key(row), row["customer_no"])
    groups: dict[str | tuple[str, str], list[str]] = defaultdict(list)
    for record_id, row in parties.items():
        key = person_key(row)
        groups[row["customer_no"] or numbers.get(key) or key].append(record_id)
    return list(groups.values())


def person_key(row: Row) -> tuple[str, str]:
    """Return the certificate and the name without blanks."""
    return row["certificate_no"], "".join(unicodedata.normalize("NFKC", row["name"]).split())


def tier_of(average: float) -> str | None:
    """Return the highest tier whose line an average reaches."""
    reached = [tier for tier, line in TIER_LINES.items() if average >= line]
    return reached[-1] if reached else None
