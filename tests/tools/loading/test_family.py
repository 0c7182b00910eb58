"""The demo bank's family and company: there once, of people of one branch with one family name."""

from sqlalchemy import text

from guibin_tools.loading.family import load_family
from support.house import EAST, WEST, House


async def test_a_newcomer_finds_a_family_of_three_who_agreed_and_a_company_with_its_owner(house: House) -> None:
    named = (("欧阳明", EAST), ("李四光", EAST), ("欧阳兰", WEST), ("欧阳安", EAST), ("欧阳宁", EAST), ("李白", EAST))
    people = [await house.add_customer(name=name, branch=branch) for name, branch in named]
    company = await house.add_customer(name="星河贸易有限公司", branch=WEST)
    async with house.sessions() as session:
        as_company = text("UPDATE customer SET party_type = 'company' WHERE id = :company")
        await session.execute(as_company, {"company": company})
        for _ in range(2):
            await load_family(session, house.keys)
        family = await session.execute(text("SELECT customer_id, role, shares_tier FROM household_member ORDER BY id"))
        granted = "SELECT customer_id FROM consent WHERE state = 'granted' AND purpose = 'family' ORDER BY id"
        words = await session.execute(text(granted))
        spends = await session.execute(text("SELECT customer_id, role, month_limit FROM points_pool_role"))
        links = await session.execute(text("SELECT customer_id, kind, other_id FROM customer_link ORDER BY id"))
    members = [people[number] for number in (0, 3, 4)]
    assert [tuple(row) for row in family] == [
        (members[0], "head", False),
        (members[1], "spouse", True),
        (members[2], "child", True),
    ]
    assert list(words.scalars()) == members
    assert [tuple(row) for row in spends] == [(members[1], "spender", 5_000)]
    kinds = ("owner", "legal_representative")
    assert [tuple(row) for row in links] == [(people[0], kind, company) for kind in kinds]
