"""Every planted fault is found, and a clean ledger raises no alarm."""

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.holdings.models import EventType
from guibin.points import service
from guibin.points.invariants import check
from guibin.points.models import EntryKind
from support.points import NOON, add_customers, event_rows, let_owner_post, post_points


@pytest.fixture
async def customer(session: AsyncSession) -> UUID:
    """A customer who has earned by an event, spent, and was corrected."""
    await let_owner_post(session)
    customer_id, _ = await add_customers(session, 2)
    session.add_all(event_rows(customer_id, EventType.SALARY, reference="salary-1"))
    await session.flush()
    with clock.fixed_at(NOON):
        await service.earn_pending(session, limit=10)
    await post_points(session, customer_id, EntryKind.REDEEM, 30)
    await post_points(session, customer_id, EntryKind.ADJUST_CREDIT, 5)
    return customer_id


@pytest.mark.usefixtures("customer")
async def test_a_clean_ledger_raises_no_alarm(session: AsyncSession) -> None:
    assert await check(session) == []


ENTRY_COPY = (
    "INSERT INTO points_entry (customer_id, id, wallet, seq, kind, points, debt_change, pending_change, contra,"
    " balance_after, reason_zh, reason_en, source_kind, source_id, actor_id, posted_at, posted_on)"
    " SELECT {customer}, gen_random_uuid(), wallet, {seq}, kind, points, debt_change, pending_change, contra,"
    " {after}, reason_zh, reason_en, source_kind, {source}, actor_id, posted_at, posted_on"
    " FROM points_entry WHERE kind = 'earn'"
)
OTHER_ACCOUNT = (
    "INSERT INTO points_account (customer_id, wallet, balance, held, debt, pending, version, state, opened_at,"
    " moved) SELECT c.id, 'reward', 0, 0, 0, 0, 0, 'open', now(), '{}' FROM customer c"
    " WHERE NOT EXISTS (SELECT FROM points_account a WHERE a.customer_id = c.id)"
)
FAULTS = {
    "a balance that was raised": (["UPDATE points_account SET balance = balance + 1"], {"I2", "I4"}),
    "a sum of a kind that was raised": (
        ["UPDATE points_account SET moved = moved || jsonb_build_object('earn', 1)"],
        {"I2"},
    ),
    "a version that was raised": (["UPDATE points_account SET version = version + 1"], {"I2"}),
    "an entry that is missing": (
        [
            "DELETE FROM points_lot WHERE entry_id IN (SELECT id FROM points_entry WHERE kind = 'adjust_credit')",
            "DELETE FROM points_entry WHERE kind = 'adjust_credit'",
        ],
        {"I2", "I4"},
    ),
    "an entry that is doubled": (
        [ENTRY_COPY.format(customer="customer_id", seq="4", after="375", source="'event-2'")],
        {"I2", "I4", "I5"},
    ),
    "an entry that was altered": (
        ["UPDATE points_entry SET points = 201 WHERE kind = 'earn'"],
        {"I2", "I4", "I5", "I13"},
    ),
    "a balance after an entry that was altered": (["UPDATE points_entry SET balance_after = 0 WHERE seq = 2"], {"I13"}),
    "a sequence with a gap": (["UPDATE points_entry SET seq = 9 WHERE seq = 3"], {"I2", "I13"}),
    "a lot that holds more": (
        ["UPDATE points_lot SET remaining = remaining + 1 WHERE remaining < original"],
        {"I4"},
    ),
    "a use that is missing": (["DELETE FROM points_lot_use"], {"I4"}),
    "pending points without an entry": (["UPDATE points_account SET pending = 5"], {"I2", "I4"}),
    "held points without a hold": (
        ["UPDATE points_account SET held = 5", "UPDATE points_lot SET held = 5 WHERE remaining > 150"],
        {"I4"},
    ),
    "an entry that was taken back for more than it gave": (
        [
            "UPDATE points_entry SET kind = 'claw_back', contra = 'issuance',"  # noqa: ISC004 - one statement
            " refers_to = (SELECT id FROM points_entry WHERE kind = 'adjust_credit') WHERE kind = 'redeem'"
        ],
        {"I2", "I8"},
    ),
    "debt without an entry": (["UPDATE points_account SET debt = 5"], {"I3"}),
    "a closed account with debt": (["UPDATE points_account SET debt = 5, state = 'closed'"], {"I3"}),
    "an earned event without an entry": (["UPDATE points_entry SET source_kind = 'run' WHERE kind = 'earn'"], {"I5"}),
    "an entry whose event is pending": (["UPDATE business_event SET state = 'pending'"], {"I5"}),
    "an event that earned for two customers": (
        [
            OTHER_ACCOUNT,
            ENTRY_COPY.format(
                customer="(SELECT customer_id FROM points_account WHERE version = 0)",
                seq="1",
                after="200",
                source="source_id",
            ),
        ],
        {"I2", "I4", "I5"},
    ),
}


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_planted_fault_is_found(session: AsyncSession, fault: str) -> None:
    statements, broken = FAULTS[fault]
    connection = await session.connection()
    for statement in statements:
        await connection.execute(text(statement))

    found = await check(session)

    assert {violation.id for violation in found} == broken
    assert all(violation.key and violation.text for violation in found)


@pytest.mark.usefixtures("customer")
async def test_a_contra_account_that_does_not_fit_is_found(session: AsyncSession) -> None:
    connection = await session.connection()
    await connection.execute(text("ALTER TABLE points_entry DROP CONSTRAINT ck_points_entry_kind_fits"))
    await connection.execute(text("UPDATE points_entry SET contra = 'expiry' WHERE kind = 'redeem'"))

    assert {violation.id for violation in await check(session)} == {"I1"}
