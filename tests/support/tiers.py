"""Customers with a month-daily average, tiers and managers, for tests of the night's decisions."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.definitions.repository import list_versions
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.models import Customer
from guibin.holdings.models import Holding, HoldingBalance, LineDay
from guibin.holdings.months import last_complete_month
from guibin.managers import defaults as managers
from guibin.managers.models import Grade, Manager
from guibin.organisation.models import Staff
from guibin.products.models import Product
from guibin.tags.models import CustomerFact
from guibin.tiers import defaults as tiers
from guibin.tiers.models import OverrideMode, TierCause, TierHistory, TierOverride, TierScheme
from guibin.tiers.repository import active_scheme
from guibin.tiers.terms import Terms

DAY = date(2026, 11, 24)
MONTH = date(2026, 10, 1)
MILLION = 1_000_000_00
LINE = "personal_finance"


def tier_changes(**counts: int) -> dict[str, int]:
    """Return what an evaluation counts: the given causes, and nobody for the others."""
    return {cause.value: counts.get(cause.value, 0) for cause in TierCause}


async def seed_defaults(session: AsyncSession) -> None:
    """Add the default tiers, their scheme and the matrix."""
    await tiers.seed(session)
    await managers.seed(session)


async def put_average(
    session: AsyncSession,
    customer_id: UUID,
    average_fen: int | None,
    *,
    day: date = DAY,
    stale_lines: Sequence[str] = (),
) -> None:
    """Let a customer's deposit have a month-daily average, which the facts of a day know; None is unknown.

    The lines have sent the balances of the day, but for `stale_lines`, the first of which is that of the deposit.
    """
    customer = await session.get_one(Customer, customer_id)
    await session.merge(
        CustomerFact(
            customer_id=customer_id,
            as_of=day,
            branch_id=customer.branch_id,
            branch="000001",
            gender="U",
            aum_mda_fen=average_fen,
            aum_mda_month=None if average_fen is None else last_complete_month(day).first,
            stale_lines=list(stale_lines),
        )
    )
    names = {"name_zh": "活期存款", "name_en": "Deposit", "line": LINE, "product_class": "deposits", "side": "asset"}
    await session.merge(Product.model_validate({"code": "AVG_DEPOSIT", **names}))
    await session.flush()
    await session.merge(_deposit(customer_id, day, stale_lines[0] if stale_lines else LINE))
    await session.flush()
    if not stale_lines:
        await session.merge(LineDay(line=LINE, day=day, arrived_at=clock.now()))
    first = last_complete_month(day).first
    gone = delete(HoldingBalance).where(
        col(HoldingBalance.customer_id) == customer_id,
        col(HoldingBalance.holding_id) == customer_id,
        col(HoldingBalance.day) >= first,
    )
    await session.execute(gone)
    if average_fen is not None:
        session.add(HoldingBalance(customer_id=customer_id, holding_id=customer_id, day=first, balance_fen=average_fen))
    await session.flush()


def _deposit(customer_id: UUID, day: date, line: str) -> Holding:
    return Holding(
        customer_id=customer_id,
        id=customer_id,
        line=line,
        holding_ref=customer_id.bytes,
        last4="0000",
        record_ref=b"r",
        product_code="AVG_DEPOSIT",
        side="asset",
        opened_on=date(2025, 1, 1),
        status="active",
        as_of=day,
        feed_file_id=customer_id,
    )


async def set_terms(session: AsyncSession, **terms: object) -> None:
    """Let the scheme in force say something else beside its lines."""
    scheme = await active_scheme(session)
    assert scheme is not None
    scheme.terms = Terms.model_validate(terms).model_dump(mode="json")
    await session.flush()


async def give_tier(
    session: AsyncSession,
    customer_id: UUID,
    code: str | None,
    *,
    on: date = DAY,
    average_fen: int = MILLION,
    route: str | None = None,
) -> None:
    """Let a tier begin on a day."""
    scheme = (await list_versions(session, TierScheme, limit=1))[0]
    session.add(
        TierHistory(
            customer_id=customer_id,
            id=new_id(),
            tier_code=code,
            effective_on=on,
            cause="first",
            metric_fen=average_fen,
            metric_month=MONTH,
            route=route,
            scheme_id=scheme.id,
            recorded_at=clock.now(),
        )
    )
    await session.flush()


async def add_override(
    session: AsyncSession,
    customer_id: UUID,
    tier: str,
    mode: OverrideMode = OverrideMode.HOLD,
    *,
    start: date = DAY + timedelta(days=1),
    days: int = 30,
) -> TierOverride:
    """Give a tier by hand for some days, as if somebody had approved it."""
    row = TierOverride(
        customer_id=customer_id,
        id=new_id(),
        tier_code=tier,
        mode=mode,
        reason_code="retention",
        reason="资产正从他行转入",
        valid_from=start,
        valid_to=start + timedelta(days=days),
        approval_id=new_id(),
        maker_id=new_id(),
        approver_id=new_id(),
        created_at=clock.now(),
    )
    session.add(row)
    await session.flush()
    return row


async def add_manager(
    session: AsyncSession,
    branch_id: UUID,
    grade: Grade,
    *,
    capacity: int = 10,
    active: bool = True,
    staff: Staff | None = None,
) -> Manager:
    """Add a manager of a branch, with a member of staff of his own where none is given."""
    if staff is None:
        number = str(new_id())
        staff = Staff(id=new_id(), no=number, issuer="test", subject=number, branch_id=branch_id)
        session.add(staff)
        await session.flush()
    manager = Manager(
        id=new_id(),
        staff_id=staff.id,
        branch_id=branch_id,
        grade=grade,
        capacity=capacity,
        active=active,
        created_at=clock.now(),
    )
    session.add(manager)
    await session.flush()
    return manager


async def branch_of(session: AsyncSession, customer_id: UUID) -> UUID:
    """Return the branch of a customer."""
    return (await session.get_one(Customer, customer_id)).branch_id
