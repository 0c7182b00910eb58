"""Limits that are counted in the database (trust: T-RL-1), with the numbers of production."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from guibin.core import clock
from guibin.core.database import make_engine, make_session_factory
from guibin.core.settings import Profile
from guibin.security.ciphers import KeyRing
from guibin.web.counters import SharedCounters
from guibin.web.declaration import RateClass
from guibin.web.errors import CodeLocked, DailyLimit, LimitReached
from guibin.web.limiter import RateLimiter
from guibin.web.limits import Allowance
from support.databases import Database, cloned_database
from support.server import Server

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)
NOWHERE = "postgresql+asyncpg://nobody@127.0.0.1:1/none"


class Processes:
    """Two limiters as two processes have them, on one database."""

    def __init__(self, url: str, keys: KeyRing) -> None:
        self.engines = [make_engine(url, pool_size=4, application="limits") for _ in range(2)]
        self.limiters = [
            RateLimiter(Profile.PRODUCTION, processes=2, shared=SharedCounters(make_session_factory(engine)), keys=keys)
            for engine in self.engines
        ]
        self.calls = 0

    async def call(self, rate: RateClass, subject: str) -> Allowance:
        self.calls += 1
        return await self.limiters[self.calls % 2].count_together(rate, subject)

    async def guess_wrong(self, subject: str) -> None:
        await self.call(RateClass.VOUCHER_CODE, subject)
        await self.limiters[self.calls % 2].count_wrong(RateClass.VOUCHER_CODE, subject)

    async def allowed(self, rate: RateClass, subject: str, *, tries: int = 60) -> tuple[int, LimitReached]:
        for number in range(tries):
            try:
                await self.call(rate, subject)
            except LimitReached as refused:
                return number, refused
        raise AssertionError("never refused")


@pytest.fixture(scope="module")
async def limits_database(server: Server, worker_name: str) -> AsyncIterator[Database]:
    async with cloned_database(server, f"t_{worker_name}_limits") as database:
        yield database


@pytest.fixture(scope="module")
async def processes(limits_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Processes]:
    made = Processes(limits_database.customer_url, KeyRing.create(tmp_path_factory.mktemp("keys") / "keys.json"))
    yield made
    for engine in made.engines:
        await engine.dispose()


@pytest.mark.parametrize(
    ("rate", "calls", "code"),
    [
        (RateClass.LOGIN, 10, "rate_limited"),
        (RateClass.OTP, 50, "rate_limited"),
        (RateClass.REDEEM, 6, "rate_limited"),
        (RateClass.REVEAL, 10, "rate_limited"),
        (RateClass.EXPORT, 5, "daily_limit"),
    ],
)
async def test_two_processes_together_allow_exactly_the_limit(
    processes: Processes, rate: RateClass, calls: int, code: str
) -> None:
    with clock.fixed_at(NOON):
        allowed, refused = await processes.allowed(rate, "ann")
    assert (allowed, refused.code) == (calls, code)


async def test_of_many_calls_at_once_exactly_the_limit_is_allowed(processes: Processes) -> None:
    answers = await asyncio.gather(
        *(processes.call(RateClass.REDEEM, "crowd") for _ in range(40)), return_exceptions=True
    )
    assert sum(isinstance(answer, Allowance) for answer in answers) == 6
    assert all(isinstance(answer, Allowance | LimitReached) for answer in answers)


async def test_a_refused_call_is_counted_by_no_limit(processes: Processes) -> None:
    for minute in range(5):
        with clock.fixed_at(NOON + timedelta(minutes=2 * minute)):
            assert (await processes.allowed(RateClass.REDEEM, "day"))[0] == 6
    with clock.fixed_at(NOON + timedelta(minutes=12)):
        allowed, refused = await processes.allowed(RateClass.REDEEM, "day")
    assert (allowed, type(refused), refused.limit) == (0, DailyLimit, "redeem_per_day")


async def test_a_day_ends_at_midnight_in_shanghai_and_not_before(processes: Processes) -> None:
    evening = datetime(2026, 11, 25, 15, 59, tzinfo=UTC)
    with clock.fixed_at(evening):
        _, refused = await processes.allowed(RateClass.EXPORT, "night")
        assert refused.retry_after == 60
    with clock.fixed_at(evening + timedelta(seconds=59)):
        assert (await processes.allowed(RateClass.EXPORT, "night"))[0] == 0
    with clock.fixed_at(evening + timedelta(seconds=60)):
        assert (await processes.allowed(RateClass.EXPORT, "night"))[0] == 5


async def test_an_allowance_says_what_all_processes_have_left(processes: Processes) -> None:
    with clock.fixed_at(NOON):
        await processes.call(RateClass.REDEEM, "left")
        assert await processes.call(RateClass.REDEEM, "left") == Allowance(limit=6, remaining=4, reset=60)


async def test_five_wrong_codes_in_an_hour_close_the_entry_of_codes_for_a_day(processes: Processes) -> None:
    with clock.fixed_at(NOON):
        for _ in range(5):
            await processes.guess_wrong("guesser")
        with pytest.raises(CodeLocked) as refused:
            await processes.call(RateClass.VOUCHER_CODE, "guesser")
        assert refused.value.facts == {"limit": "wrong_code_per_hour", "retry_after": 86_400}
        await processes.call(RateClass.LOGIN, "guesser")
        await processes.call(RateClass.VOUCHER_CODE, "another")
    with clock.fixed_at(NOON + timedelta(hours=23, minutes=59)), pytest.raises(CodeLocked):
        await processes.call(RateClass.VOUCHER_CODE, "guesser")
    with clock.fixed_at(NOON + timedelta(hours=24)):
        await processes.guess_wrong("guesser")


async def test_right_codes_are_not_counted_and_wrong_ones_are_forgotten_after_an_hour(processes: Processes) -> None:
    with clock.fixed_at(NOON):
        for _ in range(20):
            await processes.call(RateClass.VOUCHER_CODE, "cashier")
        for _ in range(4):
            await processes.guess_wrong("cashier")
    with clock.fixed_at(NOON + timedelta(hours=1)):
        for _ in range(4):
            await processes.guess_wrong("cashier")
        await processes.call(RateClass.VOUCHER_CODE, "cashier")


async def test_what_stands_in_the_table_is_no_address(processes: Processes, limits_database: Database) -> None:
    await processes.call(RateClass.LOGIN, "203.0.113.77")
    engine = make_engine(limits_database.owner_url, pool_size=1, application="limits")
    async with engine.connect() as connection:
        rows = (await connection.execute(text("SELECT rate_counter::text AS row FROM rate_counter"))).all()
    await engine.dispose()
    assert rows
    assert not [row for row in rows if "203.0.113.77" in row.row or b"203.0.113.77".hex() in row.row]


async def test_without_its_table_each_process_allows_its_share_and_no_more(database: Database, tmp_path: Path) -> None:
    owner = make_engine(database.owner_url, pool_size=1, application="limits")
    async with owner.begin() as connection:
        await connection.execute(text("ALTER TABLE rate_counter RENAME TO gone"))
    await owner.dispose()
    made = Processes(database.customer_url, KeyRing.create(tmp_path / "keys.json"))
    await alone(made)


async def test_without_a_database_each_process_allows_its_share_and_no_more(tmp_path: Path) -> None:
    await alone(Processes(NOWHERE, KeyRing.create(tmp_path / "keys.json")))


async def alone(made: Processes) -> None:
    with clock.fixed_at(NOON):
        assert (await made.allowed(RateClass.REDEEM, "ann"))[0] == 6
        assert (await made.allowed(RateClass.EXPORT, "ann"))[0] == 4
        for limiter in made.limiters:
            for _ in range(2):
                await limiter.count_together(RateClass.VOUCHER_CODE, "ann")
                await limiter.count_wrong(RateClass.VOUCHER_CODE, "ann")
            with pytest.raises(CodeLocked):
                await limiter.count_together(RateClass.VOUCHER_CODE, "ann")
    for engine in made.engines:
        await engine.dispose()
