"""G12 on a kept bank: pages and a manager's day over HTTP, reports of care, previews and explanations of tags in force.

Each is asked for as a caller waits for it, one at a time, by the manager who has most customers and by somebody who
sees the whole bank; the first of each is left out, for it makes the caches warm.
"""

import asyncio
import http.client
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import typer
from sqlalchemy import TextClause, text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import to_public
from guibin.security.actors import Scope
from guibin.security.row_scope import open_rows
from guibin.tags.service import explain, preview_rule
from guibin_tools.benchmarks.kept import KeptBank, kept_night
from guibin_tools.benchmarks.machine import describe_machine
from guibin_tools.databases import given_urls
from guibin_tools.errors import OperatorError
from guibin_tools.postgres.cluster import HOST, free_port
from guibin_tools.roles import Role
from guibin_tools.sessions import sessions_as
from guibin_tools.supervisor.children import LifeLine, stop
from guibin_tools.supervisor.services import BANK_PORT, start_service, wait_until_ready
from guibin_tools.tokens import TokenDesk

PAGES: Final = {"customer": "", "brief": "/brief", "holdings": "/holdings", "tags": "/tags"}
TODAY: Final = "/v1/workbench/today"
PAGE_GOAL, PREVIEW_GOAL, WHY_GOAL, REPORT_GOAL = 0.150, 1.0, 0.050, 1.0
_FLOOR: Final = 2.0
ASKED: Final = 100
REPORTS_ASKED: Final = 10
_OPERATOR: Final = "S00001"
"""The first member of the demo bank's staff, an operator of the head office."""

_EVERYBODY: Final = Scope(whole_bank=True)
_BUSIEST: Final = text(
    "SELECT s.no, m.id FROM coverage c JOIN manager m ON m.id = c.manager_id JOIN staff s ON s.id = m.staff_id"
    " WHERE c.valid_to IS NULL AND c.role = 'primary' GROUP BY s.no, m.id ORDER BY count(*) DESC, s.no LIMIT 1"
)
_OWN: Final = text(
    "SELECT customer_id FROM coverage WHERE manager_id = :manager AND valid_to IS NULL AND role = 'primary'"
    " ORDER BY customer_id LIMIT :most"
)
_ANYBODY: Final = text(
    "SELECT id FROM customer WHERE merged_into IS NULL AND erased_at IS NULL ORDER BY md5(id::text) LIMIT :most"
)
_RULES: Final = text(
    "SELECT v.tag_code, v.rule FROM tag t JOIN tag_version v ON v.tag_code = t.code AND v.version = t.published_version"
    " WHERE t.kind = 'rule' AND t.state = 'published' ORDER BY v.tag_code"
)


def bench_reads(customers: int) -> bool:
    """Print the 95th percentile of pages, previews and explanations; say whether the floors were kept."""
    with kept_night(customers) as bank:
        kept = asyncio.run(_pages(bank)) and asyncio.run(_tags(bank))
    typer.echo(f"reads: {customers:,} customers; {describe_machine()}")
    return kept


async def _pages(bank: KeptBank) -> bool:
    """Ask the bank port for the pages of customers, for a manager's day and for the reports of care."""
    desk = TokenDesk(bank.settings)
    async with sessions_as(Role.WORKER, bank.settings) as factory, factory() as session:
        no, manager_id = (await session.execute(_BUSIEST)).one()
        manager, own = await desk.of_staff(session, no), await _ids(session, _OWN, manager=manager_id)
        office, anybody = await desk.of_staff(session, _OPERATOR), await _ids(session, _ANYBODY)
    day = bank.business_date
    reports = {
        "care-kept": f"/v1/reports/care-kept/{day:%Y-%m}",
        "care-spread": f"/v1/reports/care-spread/{day:%Y}",
    }
    with _bank_port(bank) as port:
        kept = _customers(port, "manager", manager, own) & _customers(port, "head office", office, anybody)
        kept &= _told("today, manager", _asked(port, manager, [TODAY] * ASKED), PAGE_GOAL)
        theirs = f"{TODAY}?manager_id={to_public('mgr', manager_id)}"
        kept &= _told("today, head office", _asked(port, office, [theirs] * ASKED), PAGE_GOAL)
        for name, path in reports.items():
            kept &= _told(f"{name}, head office", _asked(port, office, [path] * REPORTS_ASKED), REPORT_GOAL)
    return kept


def _customers(port: int, caller: str, token: str, ids: Sequence[UUID]) -> bool:
    kept = True
    for name, tail in PAGES.items():
        seconds = _asked(port, token, [f"/v1/customers/{to_public('cus', one)}{tail}" for one in ids])
        kept &= _told(f"{name}, {caller}", seconds, PAGE_GOAL)
    return kept


@contextmanager
def _bank_port(bank: KeptBank) -> Iterator[int]:
    """Let the bank port serve a bank; hands out where."""
    line, port = LifeLine(), free_port()
    more = {"GUIBIN_STATE_DIR": str(bank.settings.state_dir), "GUIBIN_BANK_PORT": str(port)}
    child = start_service(BANK_PORT, given_urls(bank.settings), bank.settings, line, more)
    try:
        wait_until_ready(child, port)
        yield port
    finally:
        stop([child])
        line.close()


async def _ids(session: AsyncSession, query: TextClause, **values: UUID) -> list[UUID]:
    return list((await session.execute(query, {"most": ASKED, **values})).scalars())


def _asked(port: int, token: str, paths: Sequence[str]) -> list[float]:
    """Ask for each path over one connection; returns the seconds of all but the first."""
    connection, seconds = http.client.HTTPConnection(HOST, port, timeout=60), []
    for path in paths:
        began = time.monotonic()
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
        seconds.append(time.monotonic() - began)
        if answer.status != http.client.OK:
            raise OperatorError(f"The port answered {answer.status} for {path}.")
    connection.close()
    return seconds[1:]


async def _tags(bank: KeptBank) -> bool:
    """Ask the services for previews of the rules in force, and why customers have their tags.

    They are asked as the bank port asks them, in its role: the policies of the rows cost what they cost there.
    """
    async with sessions_as(Role.BANK, bank.settings) as factory:
        async with factory() as session:
            await open_rows(session, _EVERYBODY)
            rules = (await session.execute(_RULES)).all()
            ids = await _ids(session, _ANYBODY)

        async def preview(session: AsyncSession, number: int) -> object:
            return await preview_rule(session, _EVERYBODY, rule=rules[number % len(rules)].rule)

        async def why(session: AsyncSession, number: int) -> object:
            code = rules[number % len(rules)].tag_code
            return await explain(session, _EVERYBODY, customer_id=ids[number % len(ids)], code=code)

        previews = await _waited(factory, preview, len(rules))
        whys = await _waited(factory, why, ASKED)
    return all([_told("preview", previews, PREVIEW_GOAL), _told("why", whys, WHY_GOAL)])


async def _waited(
    factory: Callable[[], AsyncSession], ask: Callable[[AsyncSession, int], Awaitable[object]], times: int
) -> list[float]:
    seconds = []
    for number in range(times):
        began = time.monotonic()
        async with factory() as session:
            await open_rows(session, _EVERYBODY)
            await ask(session, number)
        seconds.append(time.monotonic() - began)
    return seconds[1:]


def _told(name: str, seconds: Sequence[float], goal: float) -> bool:
    ordered = sorted(seconds)
    half, p95 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95) - 1]
    typer.echo(f"  {name:22} p50 {half * 1000:5.0f} ms, p95 {p95 * 1000:5.0f} ms (goal {goal * 1000:.0f} ms)")
    return p95 <= goal * _FLOOR
