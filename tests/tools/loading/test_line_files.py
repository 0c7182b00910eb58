"""The demo bank's file of links and its file of identity events: there once."""

from sqlalchemy import text

from guibin_tools.loading.line_files import PAYROLL, load_line_files
from support.house import House
from support.lines import DAY, PARTIES, Lines, party


async def test_a_newcomer_finds_employees_by_a_payroll_and_somebody_with_another_number(house: House) -> None:
    async with house.sessions() as session:
        lines = Lines(session, house.keys)
        people = [party(f"P{n}", name=f"王{n}", customer_no=f"100000000{n}") for n in range(3)]
        company = party("C", party_type="company", name="星河贸易有限公司", customer_no="2000000000")
        await lines.take(PARTIES, company, *people, line=PAYROLL)
        for _ in range(2):
            await load_line_files(session, house.keys, business_date=DAY)
        found = await lines.rows("SELECT kind, line, count(*) FROM customer_link GROUP BY kind, line")
        events = (await session.execute(text("SELECT kind, outcome FROM identity_event"))).all()
    assert found == [("employee", PAYROLL.value, 3)]
    assert [tuple(event) for event in events] == [("renumber", "renumbered")]
