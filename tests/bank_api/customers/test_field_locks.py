"""Fields of one customer that people hold, over HTTP: by four eyes, against files, through merges, until released."""

from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import text, update
from sqlmodel import col, select

from guibin.core import clock
from guibin.core.ids import from_public, new_id
from guibin.customers import merging
from guibin.customers.locks.service import end_locks
from guibin.customers.matching import compose_stale
from guibin.customers.models import Customer, CustomerMerge
from guibin.organisation.models import StaffRole
from guibin.security.actors import NIGHTLY_JOB
from support.house import EAST, WEST, House
from support.lines import CARDS, FINANCE, PARTIES, Lines, Row, party

from .test_policy import approve, fed, shown

WHY = "客户到网点出示证明，以信用卡条线所登记的为准"


class Page:
    """A customer's page, and what a person of head office does about its fields."""

    def __init__(self, house: House, client: httpx.AsyncClient, customer: str) -> None:
        self.house = house
        self.client = client
        self.customer = customer

    @property
    def url(self) -> str:
        return f"/v1/customers/{self.customer}"

    async def hold(self, field: str, **body: Any) -> httpx.Response:
        headers = self.house.headers("hq_operator")
        return await self.client.put(f"{self.url}/field-locks/{field}", json={"reason": WHY} | body, headers=headers)

    async def release(self, field: str, **body: Any) -> int:
        headers = self.house.headers("hq_operator", key=str(new_id()))
        sent = {"reason": WHY} | body
        answer = await self.client.post(f"{self.url}/field-locks/{field}/release", json=sent, headers=headers)
        return answer.status_code

    async def field(self, name: str) -> Any:
        return (await shown(self.house, self.client, self.url))[name]

    async def locks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await shown(self.house, self.client, f"{self.url}/field-locks"))["items"]
        return found

    async def bring(self, row: Row, day: int, line: Any = FINANCE) -> None:
        async with self.house.sessions() as session:
            one = {"customer_no": "60000001", "branch_code": EAST}
            taken = await Lines(session, self.house.keys).take(PARTIES, row | one, line=line, day=date(2026, 11, day))
            assert taken.rejects == ()
            await session.commit()


@pytest.fixture
async def page(house: House, bank_client: httpx.AsyncClient) -> Page:
    async with house.sessions() as session:
        return Page(house, bank_client, await fed(session, house))


async def test_a_field_is_held_with_a_lines_word_until_it_is_released(page: Page) -> None:
    house, client = page.house, page.client
    silent = await page.hold("employer", line="personal_finance")
    assert (silent.status_code, silent.json()["code"]) == (409, "field_not_said")
    past = await page.hold("phone", until=clock.today().isoformat())
    assert (past.status_code, past.json()["errors"][0]["loc"]) == (422, ["body", "until"])
    assert (await approve(house, client, await page.hold("phone", line="credit_card"))).json()["state"] == "approved"
    assert (await page.field("phone"), await page.field("held_fields")) == ("154****0002", ["phone"])

    # Neither records that have spoken before nor a new record that leads them change it; other fields go on.
    await page.bring(party("A", phone="15400000003", city_code="310100"), 23)
    await page.bring(party("X", phone="15400000004"), 25, CARDS)
    await page.bring(party("G", phone="15400000005"), 25)
    assert (await page.field("phone"), await page.field("city_code")) == ("154****0002", "310100")
    lock = (await page.locks())[0]
    assert (lock["field"], lock["line"], lock["until"], lock["reason"]) == ("phone", "credit_card", None, WHY)
    assert lock["locked_by"] != lock["approved_by"]
    words = [(one["line"], one["agrees"]) for one in lock["words"]]
    assert words == [("personal_finance", False), ("personal_finance", False), ("credit_card", False)]

    assert await page.release("phone") == 204
    assert (await page.field("phone"), await page.locks()) == ("154****0005", [])
    assert await page.release("phone") == 404


async def test_a_lock_ends_on_its_day(page: Page) -> None:
    tomorrow = date.fromordinal(clock.today().toordinal() + 1).isoformat()
    await approve(page.house, page.client, await page.hold("employer", until=tomorrow))
    await page.bring(party("X", phone="15400000002", employer="乙公司"), 25, CARDS)
    assert [word["agrees"] for word in (await page.locks())[0]["words"]] == [False]
    async with page.house.sessions() as session:
        assert await end_locks(session, open_keys=lambda: page.house.keys, limit=10) == 0
        await session.execute(text("UPDATE customer_field_lock SET until = CURRENT_DATE - 1"))
        assert await end_locks(session, open_keys=lambda: page.house.keys, limit=10) == 1
        await session.commit()
    assert await page.locks() == []


async def test_a_merge_takes_locks_along_and_gives_them_back(page: Page) -> None:
    house = page.house
    await approve(house, page.client, await page.hold("phone", line="credit_card"))
    losing_id = from_public("cus", page.customer)
    assert losing_id is not None
    async with house.sessions() as session:
        lines = Lines(session, house.keys)
        await lines.take(PARTIES, party("Z", phone="15400000009", branch_code=EAST))
        surviving_id = await lines.customer_of("Z")
        assert surviving_id is not None
        day = clock.today()
        await merging.merge(
            session,
            actor=NIGHTLY_JOB,
            losing_id=losing_id,
            surviving_id=surviving_id,
            day=day,
            reason="identity_event",
            stale=True,
        )
        await compose_stale(session, open_keys=lambda: house.keys, limit=10)
        await session.commit()
    other = Page(house, page.client, f"cus_{surviving_id}")
    assert (await other.field("phone"), await other.field("held_fields")) == ("154****0002", ["phone"])
    async with house.sessions() as session:
        journal = (await session.exec(select(CustomerMerge))).one()
        await merging.unmerge(session, actor=NIGHTLY_JOB, journal=journal, day=day, reason="identity_event")
        await compose_stale(session, open_keys=lambda: house.keys, limit=10)
        await session.commit()
    assert (await other.field("phone"), await other.locks()) == ("154****0009", [])
    assert (await page.field("phone"), await page.field("held_fields")) == ("154****0002", ["phone"])


async def test_who_works_in_another_branch_holds_and_releases_nothing(page: Page) -> None:
    await approve(page.house, page.client, await page.hold("phone"))
    async with page.house.sessions() as session:
        west = (await session.get_one(Customer, await page.house.add_customer(branch=WEST))).branch_id
        mine = col(StaffRole.staff_id) == page.house.staff["hq_operator"].id
        await session.execute(update(StaffRole).where(mine).values(branch_id=west))
        await session.commit()
    assert (await page.hold("name")).status_code == await page.release("phone") == 404
