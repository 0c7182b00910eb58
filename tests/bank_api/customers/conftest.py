"""A bank with two customers whom feeds have told of: one in the east with a manager, one in the west."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import pytest

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.models import CustomerAccess
from guibin.products.models import Product, ProductClass, Side
from guibin.tags.models import CustomerFact, CustomerTag, Tag, TagAxis, TagKind, TagState
from support.house import EAST, WEST, House
from support.lines import BALANCES, HOLDINGS, PARTIES, Lines, balance, holding, id_card, party

EAST_CARD, WEST_CARD = id_card(1), id_card(2)
EAST_PHONE, EAST_NUMBER = "15412345678", "60000001"


@dataclass(frozen=True)
class Known:
    """The customers and what is known of them."""

    east: UUID
    west: UUID


@pytest.fixture
async def known(house: House) -> Known:
    async with house.sessions() as session:
        lines = Lines(session, house.keys)
        session.add(
            Product(
                code="PF101",
                line="personal_finance",
                product_class=ProductClass.DEPOSITS,
                side=Side.ASSET,
                name_zh="活期存款",
                name_en="Current deposit",
            )
        )
        await session.flush()
        identity = {"certificate_type": "id_card", "phone": EAST_PHONE, "customer_no": EAST_NUMBER}
        await lines.take(
            PARTIES,
            party("E", branch_code=EAST, certificate_no=EAST_CARD, city_code="310100", **identity),
            party("W", branch_code=WEST, name="王小明", certificate_type="id_card", certificate_no=WEST_CARD),
        )
        await lines.take(HOLDINGS, holding("E", "6222020000001234", rate="0.001"), holding("E", "6222020000005678"))
        await lines.take(BALANCES, balance("6222020000001234", "2026-11-20", "250000.00"))
        east, west = await lines.customer_of("E"), await lines.customer_of("W")
        assert east is not None
        assert west is not None
        await _figures(lines, house, east)
        await session.commit()
    return Known(east, west)


async def _figures(lines: Lines, house: House, east: UUID) -> None:
    session, day = lines.session, date(2026, 11, 24)
    session.add(CustomerAccess(customer_id=east, staff_id=house.staff["manager"].id, role="primary", valid_from=day))
    session.add(
        CustomerFact(
            customer_id=east,
            as_of=day,
            branch_id=house.branches[EAST].id,
            branch=EAST,
            gender="M",
            aum_fen=250_000_00,
            aum_mda_fen=199_999_99,
            aum_mda_month=date(2026, 10, 1),
            liabilities_fen=0,
            stale_lines=["credit_card"],
            customer_kinds=["personal"],
        )
    )
    session.add(
        Tag(
            code="golf",
            kind=TagKind.MANUAL,
            axis=TagAxis.SERVICE,
            state=TagState.PUBLISHED,
            name_zh="高尔夫",
            name_en="Golf",
            created_at=clock.now(),
        )
    )
    await session.flush()
    session.add(CustomerTag(customer_id=east, tag_code="golf", source="manual", since=day, set_by=new_id()))
    await session.flush()
