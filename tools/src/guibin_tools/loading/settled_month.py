"""Loads a supplier with the month before: what customers had of it, our statement, and the supplier's beside it.

The month's redemptions are such as a bank takes over from what it had before: free by quota, so that no points move.
"""

import csv
import hashlib
import io
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.clock import BUSINESS_ZONE
from guibin.core.ids import new_id, to_public
from guibin.core.money import format_cny
from guibin.customers.models import Customer
from guibin.rights.models import Redemption, RedemptionState, RedemptionStep, RightsItem
from guibin.security.actors import NIGHTLY_JOB
from guibin.security.ciphers import KeyRing
from guibin.suppliers.models import Supplier
from guibin.suppliers.settlements.repository import list_lines
from guibin.suppliers.settlements.rules import months_before
from guibin.suppliers.settlements.service import build_settlement, take_statement
from guibin_tools.demo.suppliers import MONTHS_REDEMPTIONS, SERVING_SUPPLIER, Served, month_of_service, planted
from guibin_tools.loading.suppliers import find_by_code, load_supplier


async def load_settled_month(session: AsyncSession, keys: KeyRing, *, business_date: date) -> None:
    """Load the serving supplier with the month before that of a day, once the customers are there.

    Its file is laid beside our statement, with differences that are left to be decided.
    """
    month = months_before(business_date.replace(day=1), 1)
    if not await load_supplier(session, keys, SERVING_SUPPLIER, base_url=None, first_day=month):
        return
    query = select(Customer.id).order_by(col(Customer.id).desc()).limit(MONTHS_REDEMPTIONS)
    customers = (await session.exec(query)).all()
    rights = {item.code: item for item in (await session.exec(select(RightsItem))).all()}
    for customer_id, served in zip(customers, month_of_service(), strict=False):
        await _keep(session, customer_id, rights[served.right], served, month)
    supplier = await find_by_code(session, SERVING_SUPPLIER.code)
    if supplier is not None:
        await _settle(session, supplier, month)


async def _keep(session: AsyncSession, customer_id: UUID, item: RightsItem, served: Served, month: date) -> None:
    """Keep a redemption that a quota paid for, with the steps of its life."""
    at = datetime.combine(month.replace(day=served.day), time(served.hour), BUSINESS_ZONE)
    end = RedemptionState.FAILED if served.failed else RedemptionState.FULFILLED
    back = 1 if served.failed else 0
    redemption = Redemption(
        customer_id=customer_id,
        id=new_id(),
        right_id=item.id,
        right_revision=item.revision,
        quantity=1,
        quota_used=1,
        quantity_refunded=back,
        quota_refunded=back,
        points_charged=0,
        wallet=item.wallet,
        state=end,
        fulfilment=item.fulfilment,
        created_at=at,
        actor_id=customer_id,
    )
    session.add(redemption)
    await session.flush()
    for state, when in ((RedemptionState.CONFIRMED, at), (end, at + timedelta(hours=served.hours))):
        step = RedemptionStep(
            customer_id=customer_id, redemption_id=redemption.id, state=state, at=when, actor_id=customer_id
        )
        session.add(step)
    await session.flush()


async def _settle(session: AsyncSession, supplier: Supplier, month: date) -> None:
    """Build our statement of the month and lay the supplier's beside it."""
    settlement = await build_settlement(session, actor=NIGHTLY_JOB, supplier_id=supplier.id, month=month)
    ours = [
        (to_public("rdm", line.redemption_id), code, line.quantity, format_cny(line.price_fen))
        for line, code, _ in await list_lines(session, settlement)
        if line.redemption_id is not None
    ]
    content = _file(planted(ours)) if len(ours) > 2 else b""  # noqa: PLR2004 - as many as the differences need
    if content:
        digest = hashlib.sha256(content).digest()
        await take_statement(session, actor=NIGHTLY_JOB, settlement=settlement, file=io.BytesIO(content), sha256=digest)


def _file(rows: Sequence[Sequence[object]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows([("reference", "right", "quantity", "price"), *rows])
    return written.getvalue().encode()
