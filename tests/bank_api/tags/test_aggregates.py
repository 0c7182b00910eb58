"""Analysts see counts over everybody, and none that could tell of somebody (k = 20)."""

from uuid import UUID

import httpx

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer
from guibin.tags.models import CustomerFact, CustomerTag, Tag, TagAxis, TagKind, TagSource, TagState
from support.house import EAST, House

CUSTOMERS, CODE = 45, "gift_received"


async def make(house: House) -> list[UUID]:
    """Add customers, and a tag that nobody has."""
    now, day, branch = clock.now(), clock.today(), house.branches[EAST].id
    ids = [new_id() for _ in range(CUSTOMERS)]
    async with house.sessions() as session:
        session.add(
            Tag(
                code=CODE,
                kind=TagKind.MANUAL,
                axis=TagAxis.SERVICE,
                state=TagState.PUBLISHED,
                name_zh="已领取礼品",
                name_en="Gift received",
                created_at=now,
            )
        )
        session.add_all(
            Customer(
                id=one,
                party_type="person",
                status="active",
                branch_id=branch,
                gender="U",
                leading_line="e_finance",
                created_at=now,
            )
            for one in ids
        )
        await session.flush()
        session.add_all(
            CustomerFact(customer_id=one, as_of=day, branch_id=branch, branch=EAST, gender="U") for one in ids
        )
        await session.commit()
    return ids


async def give(house: House, customers: list[UUID]) -> None:
    async with house.sessions() as session:
        for one in customers:
            session.add(CustomerTag(customer_id=one, tag_code=CODE, source=TagSource.MANUAL, since=clock.today()))
        await session.commit()


async def test_a_count_is_shown_when_neither_side_of_it_is_small(bank_client: httpx.AsyncClient, house: House) -> None:
    ids, given = await make(house), 0
    for members, shown in ((0, None), (19, None), (20, 44.44), (25, 55.56), (26, None), (45, None)):
        await give(house, ids[given:members])
        given = members
        tag = (await bank_client.get(f"/v1/tags/{CODE}", headers=house.headers("analyst"))).json()
        assert (tag["members"], tag["reach_percent"]) == ((members, shown) if shown else (None, None)), members
        tag = (await bank_client.get(f"/v1/tags/{CODE}", headers=house.headers("branch_head"))).json()
        assert tag["members"] == members


async def test_who_sees_counts_sees_no_row_of_a_customer(bank_client: httpx.AsyncClient, house: House) -> None:
    customers = await make(house)
    await give(house, customers[:25])
    one = to_public("cus", customers[0])
    for role in ("analyst", "marketing", "finance"):
        headers = house.headers(role)
        for path, status in (("", 403), ("/tags", 404), ("/tier", 404), ("/points", 404), ("/redemptions", 404)):
            answer = await bank_client.get(f"/v1/customers/{one}{path}", headers=headers)
            assert answer.status_code == status, path
        assert (await bank_client.get("/v1/customers", headers=headers)).status_code == 403
        listed = await bank_client.get("/v1/redemptions", headers=headers)
        assert listed.json()["items"] == []
