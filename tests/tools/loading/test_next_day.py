"""The day after the last one that the demo bank's lines have sent, through the product's own loader."""

import asyncio
import io
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from rich.console import Console

from guibin.core import clock
from guibin.core.lines import Line
from guibin_tools.errors import OperatorError
from guibin_tools.loading.banks import load_demo
from guibin_tools.loading.next_day import load_next_day
from guibin_tools.settings import OperatorSettings
from guibin_tools.supervisor.filling import let_days_pass
from support.databases import Database

CUSTOMERS, SEED = 150, 7
SAID = (
    "SELECT (SELECT count(DISTINCT line) FROM line_day WHERE day = $1),"
    " (SELECT count(*) FROM holding_balance WHERE day = $1), (SELECT count(*) FROM source_record WHERE as_of = $1),"
    " (SELECT count(*) FROM customer_event WHERE occurred_on = $1),"
    " (SELECT count(*) FROM feed_reject r JOIN feed_file f ON f.id = r.file_id WHERE f.business_date = $1)"
)


def quiet(_line: str) -> None:
    """Show nothing."""


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> OperatorSettings:
    return OperatorSettings(state_dir=tmp_path, **database.urls)


async def test_the_lines_of_an_empty_bank_send_nothing(settings: OperatorSettings) -> None:
    with pytest.raises(OperatorError, match="no demo bank"):
        await load_next_day(settings, seed=SEED, show=quiet)


async def test_a_later_start_lets_the_lines_send_the_latest_days_that_were_closed_since(
    settings: OperatorSettings, database: Database
) -> None:
    closed, said = clock.last_closed_day(), io.StringIO()
    before = closed - timedelta(days=4)
    await asyncio.to_thread(let_days_pass, settings, Console(file=said))  # no bank, nothing to send
    await load_demo(settings, customers=30, seed=SEED, business_date=before, show=quiet, event_days=1)
    assert await load_next_day(settings, seed=SEED, show=quiet, most=2) == closed - timedelta(days=1)
    for _ in range(2):
        await asyncio.to_thread(let_days_pass, settings, Console(file=said))
    connection = await asyncpg.connect(database.admin_url)
    try:
        days = await connection.fetch("SELECT DISTINCT day FROM line_day WHERE day >= $1 ORDER BY day", before)
    finally:
        await connection.close()
    assert [row[0] for row in days] == [before, closed - timedelta(days=1), closed]
    assert said.getvalue().count(f"1 more day, up to {closed}") == 1


async def test_the_lines_send_one_day_after_the_other_up_to_the_last_closed_one(
    settings: OperatorSettings, database: Database
) -> None:
    closed = clock.last_closed_day()
    await load_demo(
        settings, customers=CUSTOMERS, seed=SEED, business_date=closed - timedelta(days=1), show=quiet, event_days=1
    )
    connection = await asyncpg.connect(database.admin_url)
    try:
        (before,) = await connection.fetch(SAID, closed)
        assert await load_next_day(settings, seed=SEED, show=quiet) == closed
        ((lines, balances, records, events, rejects),) = await connection.fetch(SAID, closed)
    finally:
        await connection.close()
    assert tuple(before) == (0, 0, 0, 0, 0)
    assert (lines, rejects) == (len(Line), 0)
    assert min(balances, records, events) > 0
    assert await load_next_day(settings, seed=SEED, show=quiet) is None
