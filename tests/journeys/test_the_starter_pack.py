"""The starter pack on the demo bank: every tag runs, and none is had by nobody or by everybody."""

from pathlib import Path

import asyncpg
import pytest

from guibin.core import clock
from guibin.tags.starter import STARTER_TAGS
from guibin_tools.loading.banks import load_demo
from guibin_tools.nightly import run_nightly
from guibin_tools.seeding import seed_database
from guibin_tools.settings import OperatorSettings
from support.databases import Database

CUSTOMERS = 500
EVERYBODY_FOR_A_REASON = {"life_cycle", "tenure_band", "favourite_channel", "last_active"}
"""Everybody has a stage and an age of the relation; all customers of the demo bank did something in the quarter."""


@pytest.mark.merge
async def test_every_starter_tag_is_had_by_some_and_not_by_all(database: Database, tmp_path: Path) -> None:
    settings = OperatorSettings(state_dir=tmp_path, **database.urls)
    day = clock.last_closed_day()
    await seed_database(settings)
    await load_demo(settings, customers=CUSTOMERS, seed=7, business_date=day, show=lambda _line: None)
    await run_nightly(settings, day=day)
    connection = await asyncpg.connect(database.admin_url)
    try:
        everybody = await connection.fetchval("SELECT count(*) FROM customer_fact")
        rows = await connection.fetch(
            "SELECT tag_code, count(DISTINCT customer_id) AS customers, array_agg(DISTINCT value) AS given"
            " FROM customer_tag WHERE until IS NULL GROUP BY 1"
        )
    finally:
        await connection.close()
    members = {row["tag_code"]: row["customers"] for row in rows}
    assert {tag.code for tag in STARTER_TAGS if not members.get(tag.code)} == set()
    assert {code for code, number in members.items() if number == everybody} <= EVERYBODY_FOR_A_REASON
    given = {row["tag_code"]: set(row["given"]) for row in rows}
    stages = {"new", "active", "growing", "mature", "declining", "dormant"}
    assert {"active", "growing", "declining"} <= given["life_cycle"] <= stages
    assert len(given["spending_rfm"]) >= 4
