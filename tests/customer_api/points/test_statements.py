"""The monthly statements that customers see of their points."""

from datetime import UTC, date, datetime
from uuid import UUID

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.points import service
from guibin.points.models import EntryKind
from support.house import WEST, House
from support.points import commit_points, post_points, sessions_of

OCTOBER, NOVEMBER = datetime(2026, 10, 9, 4, tzinfo=UTC), datetime(2026, 11, 3, 4, tzinfo=UTC)
PATH = "/v1/me/points/statements"


@pytest.fixture
async def me(house: House) -> UUID:
    """A customer who earned in October, spent and earned in November, and whose October is closed."""
    customer_id = await house.add_customer()
    await commit_points(house.database, customer_id, 500, at=OCTOBER, expires_on=date(2027, 12, 31))
    await commit_points(house.database, customer_id, 20, at=OCTOBER, expires_on=date(2026, 10, 31))
    async with sessions_of(house.database.bank_url, pool_size=1) as factory, factory() as session:
        await post_points(session, customer_id, EntryKind.ORDER, 120, at=NOVEMBER)
        await post_points(session, customer_id, EntryKind.ADJUST_CREDIT, 7, at=NOVEMBER, expires_on=date(2028, 12, 31))
        await session.commit()
    async with sessions_of(house.database.worker_url, pool_size=1) as factory, factory() as session:
        with clock.fixed_at(datetime(2026, 11, 1, 1, tzinfo=UTC)):
            await service.close_days(session, day=date(2026, 10, 31))
        await session.commit()
    return customer_id


async def test_a_statement_leads_from_opening_to_closing_and_says_what_ends_when(
    customer_client: httpx.AsyncClient, house: House, me: UUID
) -> None:
    headers = house.customer_headers(me)

    months = (await customer_client.get(PATH, headers=headers)).json()["items"]
    october = (await customer_client.get(f"{PATH}/2026-10", headers=headers)).json()
    november = (await customer_client.get(f"{PATH}/2026-11", headers=headers)).json()

    assert months[-2:] == [{"month": "2026-11", "closed": False}, {"month": "2026-10", "closed": True}]
    assert (october["closed"], october["first"], october["last"]) == (True, "2026-10-01", "2026-10-31")
    before, after = october["wallets"][0], november["wallets"][0]
    moved = ("earned", "redeemed", "refunded", "clawed_back", "expired", "adjusted", "transferred")
    assert [before[name] for name in ("opening", *moved, "closing")] == [0, 520, 0, 0, 0, 0, 0, 0, 520]
    assert [after[name] for name in ("opening", *moved, "closing")] == [520, 0, -120, 0, 0, 0, 7, 0, 407]
    assert before["due_to_expire"] == [
        {"date": "2026-10-31", "points": 20},
        {"date": "2027-12-31", "points": 500},
    ]
    assert (await customer_client.get(f"{PATH}/2026-09", headers=headers)).json()["code"] == "not_found"
    assert (await customer_client.get(f"{PATH}/2199-12", headers=headers)).json()["code"] == "not_found"
    for month in ("2026-13", "2026-1", "202610", "2026-10-01"):
        assert (await customer_client.get(f"{PATH}/{month}", headers=headers)).status_code == 422


async def test_who_accepts_html_gets_a_page_without_scripts_under_its_own_policy(
    customer_client: httpx.AsyncClient, house: House, me: UUID
) -> None:
    headers = house.customer_headers(me) | {"Accept": "text/html"}

    answer = await customer_client.get(f"{PATH}/2026-11", headers=headers)
    english = await customer_client.get(f"{PATH}/2026-11", headers=headers | {"Accept-Language": "en"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policies = answer.headers.get_list("content-security-policy")
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'; style-src 'sha256-")
    assert "积分对账单 2026-11" in answer.text
    assert to_public("cus", me) in answer.text
    assert "<td>-120</td>" in answer.text
    assert "<script" not in answer.text
    assert "Points statement 2026-11" in english.text
    refused = await customer_client.get("/v1/me/points", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (406, "not_acceptable")


async def test_l1_l2_a_neighbours_statement_is_not_found_and_nobody_has_one_before_this_month(
    customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient, house: House, me: UUID
) -> None:
    new = await house.add_customer(branch=WEST)
    month = f"{clock.today():%Y-%m}"

    fresh = (await customer_client.get(PATH, headers=house.customer_headers(new))).json()
    empty = (await customer_client.get(f"{PATH}/{month}", headers=house.customer_headers(new))).json()

    assert fresh == {"items": [{"month": month, "closed": False}]}
    assert {(one["opening"], one["closing"]) for one in empty["wallets"]} == {(0, 0)}
    for tail in ("", f"/{month}"):
        path = f"/v1/customers/{to_public('cus', new)}/points/statements{tail}"
        elsewhere = await bank_client.get(path, headers=house.headers("branch_head"))
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "not_found")
    path = f"/v1/customers/{to_public('cus', me)}/points/statements"
    shown = await bank_client.get(f"{path}/2026-10", headers=house.headers("branch_head"))
    own = await customer_client.get(f"{PATH}/2026-10", headers=house.customer_headers(me))
    assert shown.json() == own.json()
    assert (await bank_client.get(path, headers=house.headers("branch_head"))).json()["items"][-1]["closed"] is True
