"""Each planted fault is found, and only that one."""

from collections.abc import Sequence

import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.rights import invariants
from guibin.rights.service import UseRequest, use_code
from guibin.security.ciphers import KeyRing
from support.points import DAY, NOON, let_owner_post
from support.rights import TERMINAL, add_customer_with, add_pool, add_right, hold_units, take

DAILY = {"code": "daily", "daily": {"at": "00:00", "units": 3, "first_day": str(DAY)}}
FAULTS: Sequence[tuple[str, str]] = (
    ("I5", "UPDATE redemption SET points_charged = points_charged + 1 WHERE points_charged > 0"),
    ("I5", "UPDATE redemption SET entry_id = NULL"),
    ("I5", "UPDATE points_entry SET source_id = source_id || 'x' WHERE kind = 'redeem'"),
    ("I6", "UPDATE rights_stock SET sold = sold + 1, free = free - 1"),
    ("I6", "UPDATE rights_item SET limit_times = 0, limit_period = 'month' WHERE stock_mode = 'counted'"),
    ("I6", "UPDATE rights_stock SET reserved = reserved + 1, free = free - 1"),
    ("I6", "UPDATE stock_hold SET units = units + 1"),
    ("I6", "UPDATE stock_release SET taken = taken + 1"),
    ("I6", "UPDATE release_use SET units = units - 1"),
    ("I6", "UPDATE stock_hold SET line = 'none'"),
    ("I6", "UPDATE voucher_code SET held_for = gen_random_uuid() WHERE held_for IS NOT NULL"),
    ("I6", "UPDATE reservation SET state = 'released', ended_at = created_at"),
    ("I7", "UPDATE voucher_code SET redemption_id = NULL, customer_id = NULL, taken_at = NULL WHERE used_at IS NULL"),
    ("I7", "UPDATE voucher_code SET redemption_id = gen_random_uuid() WHERE taken_at IS NOT NULL AND used_at IS NULL"),
    ("I7", "UPDATE voucher_code SET used_at = taken_at"),
    ("I7", "UPDATE voucher_code SET returned_at = taken_at WHERE taken_at IS NOT NULL AND used_at IS NULL"),
    ("I7", "DELETE FROM voucher_use"),
    ("I7", "UPDATE voucher_use SET amount_fen = 1"),
    ("I7", "UPDATE voucher_use SET redemption_id = gen_random_uuid()"),
    ("I8", "UPDATE redemption SET state = 'fulfilled' WHERE fulfilment = 'code'"),
    ("I8", "UPDATE redemption_step SET state = 'fulfilled'"),
    ("I8", "DELETE FROM redemption_step"),
)


@pytest.fixture
async def busy(session: AsyncSession, keys: KeyRing) -> AsyncSession:
    """Return a session in which a customer has redeemed and reserved of a counted right and of one with codes."""
    await let_owner_post(session)
    customer = await add_customer_with(session)
    counted = await add_right(session, stock=4, offer={"release_plan": {"lines": [DAILY]}})
    pool = await add_pool(session, keys, ["CODE-0001", "CODE-0002"])
    await take(session, customer, counted, quantity=2)
    await take(session, customer, pool)
    for right_id in (counted, pool):
        await hold_units(session, customer, right_id)
    await take(session, customer, await add_pool(session, keys, ["USED-0001", "USED-0002"]), quantity=2)
    with clock.fixed_at(NOON):
        await use_code(session, actor=TERMINAL, keys=keys, request=UseRequest(code="USED-0001"))
    return session


async def test_a_sound_database_raises_no_alarm(busy: AsyncSession) -> None:
    assert await invariants.check(busy) == []


@pytest.mark.parametrize(("invariant", "fault"), FAULTS)
async def test_a_planted_fault_is_found(busy: AsyncSession, invariant: str, fault: str) -> None:
    await busy.flush()
    await (await busy.connection()).execute(text(fault))
    assert {found.id for found in await invariants.check(busy)} == {invariant}


async def test_an_entry_without_a_redemption_is_found(busy: AsyncSession) -> None:
    await (await busy.connection()).execute(text("UPDATE redemption SET entry_id = NULL, points_charged = 0"))
    found = await invariants.check(busy)
    assert {(one.id, one.key[:4]) for one in found} == {("I5", "ent_")}


async def test_a_limit_of_terms_that_came_later_is_no_fault(busy: AsyncSession) -> None:
    terms = "UPDATE rights_item SET limit_times = 1, limit_period = 'lifetime', revision = revision + 1"
    await (await busy.connection()).execute(text(terms))
    assert await invariants.check(busy) == []
