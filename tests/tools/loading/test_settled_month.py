"""The demo bank's month with a supplier: there once, with the differences that are planted in the supplier's file."""

from collections import Counter
from datetime import date, datetime

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin import wiring
from guibin.core import clock
from guibin.points import invariants as points_invariants
from guibin.rights import invariants as rights_invariants
from guibin.security.ciphers import KeyRing
from guibin.security.key_file import KeyMaterial
from guibin.suppliers.repository.service_level import service_by_month
from guibin.suppliers.settlements import invariants as settlement_invariants
from guibin.suppliers.settlements.models import Settlement, SettlementDifference
from guibin_tools.demo.rights import RIGHTS
from guibin_tools.demo.suppliers import MONTHS_REDEMPTIONS
from guibin_tools.loading.catalogue import load_rights
from guibin_tools.loading.settled_month import load_settled_month
from support.points import add_customers

BUSINESS_DATE, NOW = date(2026, 11, 24), datetime(2026, 11, 25, 12, tzinfo=clock.BUSINESS_ZONE)
SERVED = [right for right in RIGHTS if right.code in {"airport_transfer", "hotel_upgrade"}]


async def test_a_newcomer_finds_a_month_with_a_supplier_whose_file_differs(session: AsyncSession) -> None:
    for seed in wiring.SEEDERS.values():
        await seed(session)
    keys = KeyRing(KeyMaterial.generate())
    await load_rights(session, keys, SERVED, business_date=BUSINESS_DATE, seed=7)
    await add_customers(session, MONTHS_REDEMPTIONS)
    with clock.fixed_at(NOW):
        for _ in range(2):
            await load_settled_month(session, keys, business_date=BUSINESS_DATE)

    settlement = (await session.exec(select(Settlement))).one()
    found = Counter((await session.exec(select(SettlementDifference.finding))).all())
    assert (settlement.month, settlement.lines, settlement.equal_lines) == (date(2026, 10, 1), 23, 21)
    assert found == {"only_ours": 1, "price_differs": 1, "doubled": 1, "only_theirs": 1}
    served, *_ = await service_by_month(
        session, supplier_id=settlement.supplier_id, first=date(2026, 10, 1), until=date(2026, 11, 1), now=NOW
    )
    assert (served.ordered, served.in_time, served.late, served.failed) == (24, 22, 1, 1)
    for check in (points_invariants.check, rights_invariants.check, settlement_invariants.check):
        assert await check(session) == []
