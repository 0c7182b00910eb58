"""A real bank's files through the loader and the night, counted against the files themselves."""

import csv
from pathlib import Path

import asyncpg
import pytest

from guibin.core import clock
from guibin_tools.loading.banks import load_berka
from guibin_tools.nightly import run_nightly
from guibin_tools.seeding import seed_database
from guibin_tools.settings import OperatorSettings
from support.berka import FOLDER, needs_berka
from support.databases import Database

pytestmark = needs_berka

Published = list[dict[str, str]]


def published(name: str) -> Published:
    """Read a file with the csv module alone."""
    with (FOLDER / name).open(encoding="ascii", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def settings_of(database: Database, folder: Path) -> OperatorSettings:
    return OperatorSettings(state_dir=folder, **database.urls)


COUNTS = {
    "customers": "SELECT count(*) FROM customer WHERE merged_into IS NULL",
    "personal_finance": "SELECT count(*) FROM source_record WHERE line = 'personal_finance'",
    "accounts": "SELECT count(*) FROM holding WHERE line = 'personal_finance' AND side = 'asset'",
    "loans": "SELECT count(*) FROM holding WHERE line = 'consumer_credit' AND side = 'liability'",
    "cards": "SELECT count(*) FROM holding WHERE line = 'credit_card'",
    "orders": "SELECT count(*) FROM holding WHERE line = 'e_finance'",
    "owners": "SELECT count(DISTINCT customer_id) FROM holding WHERE line = 'personal_finance'",
    "disponents": "SELECT count(*) FROM holding_party",
    "events": "SELECT count(*) FROM customer_event",
    "rejects": "SELECT count(*) FROM feed_reject",
    "unknown_assets": "SELECT count(*) FROM customer_fact WHERE aum_fen IS NULL",
    "disponents_who_hold": "SELECT count(*) FROM holding_party p JOIN holding h USING (customer_id)"
    " WHERE h.line = 'personal_finance'",
    "managed_without_manager": "SELECT count(*) FROM tier_history t LEFT JOIN coverage c USING (customer_id)"
    " WHERE t.tier_code > 'T0' AND c.customer_id IS NULL AND NOT EXISTS"
    " (SELECT FROM unassigned u WHERE u.customer_id = t.customer_id AND u.resolved_on IS NULL)",
}


@pytest.mark.merge
async def test_a_real_banks_files_give_customers_holdings_balances_tiers_and_managers(
    database: Database, tmp_path: Path
) -> None:
    settings = settings_of(database, tmp_path)
    day = clock.last_closed_day()
    await seed_database(settings)
    await load_berka(settings, FOLDER, business_date=day, show=lambda _line: None)
    await run_nightly(settings, day=day)
    connection = await asyncpg.connect(database.admin_url)
    try:
        counted = {name: await connection.fetchval(query) for name, query in COUNTS.items()}
        rows = await connection.fetch("SELECT tier_code, count(*) AS customers FROM tier_history GROUP BY 1")
        tiers: dict[str, int] = {row["tier_code"]: row["customers"] for row in rows}
    finally:
        await connection.close()

    dispositions = published("disp.asc")
    with_history = {row["account_id"] for row in published("trans_sample.csv")}
    accounts = published("account.asc")
    assert counted == {
        "customers": len(published("client.asc")),
        "personal_finance": len(published("client.asc")),
        "accounts": len(accounts),
        "loans": len(published("loan.asc")),
        "cards": len(published("card.asc")),
        "orders": len(published("order.asc")),
        "owners": sum(row["type"] == "OWNER" for row in dispositions),
        "disponents": sum(row["type"] == "DISPONENT" for row in dispositions),
        "events": len(published("trans_sample.csv")),
        "rejects": 0,
        "unknown_assets": len(accounts) - len(with_history),
        "disponents_who_hold": 0,
        "managed_without_manager": 0,
    }
    # By the scale of 20 no account reaches two million, and only accounts with a history have a known average.
    assert set(tiers) == {"T0", "T1", "T2"}
    assert sum(tiers.values()) <= len(with_history)
    assert tiers["T1"] > tiers["T2"] > tiers["T0"]
