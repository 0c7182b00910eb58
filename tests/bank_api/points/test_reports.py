"""The books of points over HTTP: liability, roll-forward, forecast, accounting files, codes, reconciliations."""

import csv
import io
from datetime import UTC, date, datetime
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.points import invariants, service
from guibin.points.models import EntryKind
from support.house import EAST, WEST, House
from support.points import post_points, sessions_of

OCTOBER, NOVEMBER = datetime(2026, 10, 9, 4, tzinfo=UTC), datetime(2026, 11, 3, 4, tzinfo=UTC)
CLOSED = date(2026, 11, 4)
CODES = {
    "codes": [
        {"wallet": "reward", "movement": "issued", "debit": "6602.11", "credit": "2241.07"},
        {"wallet": "reward", "movement": "used", "debit": "2241.07", "credit": "1002.01"},
    ]
}


@pytest.fixture
async def customers(house: House) -> list[UUID]:
    """Two customers of two branches with what they earned at two costs, spent and let expire."""
    east, west = await house.add_customer(branch=EAST), await house.add_customer(branch=WEST)
    async with house.sessions() as session:
        await session.execute(text("UPDATE wallet SET funding_line = NULL"))
        await session.commit()
    async with sessions_of(house.database.bank_url, pool_size=1) as factory, factory() as session:
        await post_points(session, east, EntryKind.EARN, 500, at=OCTOBER, expires_on=date(2027, 12, 31))
        await post_points(session, west, EntryKind.EARN, 40, at=OCTOBER, expires_on=date(2026, 11, 2))
        await post_points(session, west, EntryKind.EARN, 8, at=OCTOBER, wallet="service", expires_on=None)
        await session.commit()
    async with house.sessions() as session:
        await session.execute(
            text("UPDATE wallet SET cost_fen = 12, funding_line = 'credit_card' WHERE code = 'reward'")
        )
        await session.commit()
    async with sessions_of(house.database.bank_url, pool_size=1) as factory, factory() as session:
        await post_points(session, east, EntryKind.EARN, 100, at=NOVEMBER, expires_on=date(2028, 12, 31))
        await post_points(session, east, EntryKind.ORDER, 120, at=NOVEMBER)
        await session.commit()
    async with sessions_of(house.database.worker_url, pool_size=1) as factory, factory() as session:
        with clock.fixed_at(NOVEMBER):
            await service.expire(session, day=date(2026, 11, 2))
        await session.commit()
    return [east, west]


async def close(house: House) -> None:
    async with sessions_of(house.database.worker_url, pool_size=1) as factory, factory() as session:
        await service.close_days(session, day=CLOSED)
        found = await invariants.check(session)
        await service.record_reconciliation(session, day=CLOSED, violations=found)
        await session.commit()


async def test_the_liability_is_what_the_lots_cost_at_issue_and_rolls_forward_to_itself(
    bank_client: httpx.AsyncClient, house: House, customers: list[UUID]
) -> None:
    assert len(customers) == 2
    headers = house.headers("finance")

    async def ask(path: str) -> dict[str, object]:
        answer = await bank_client.get(f"/v1/points/{path}", headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    now = await ask("liability")
    before = await ask("liability?as_of=2026-10-31&group_by=expiry_year")
    lines = await ask("liability?group_by=funding_line")
    months = await ask("roll-forward?from=2026-10-01&to=2026-11-24&by=month")
    forecast = await ask("forecast")

    assert now["total"] == {"points": 488, "cost": "58.00"}
    assert before["items"] == [
        {"wallet": "reward", "group": "2026", "points": 40, "pending": 0, "cost": "4.00"},
        {"wallet": "reward", "group": "2027", "points": 500, "pending": 0, "cost": "50.00"},
        {"wallet": "service", "group": "2028", "points": 8, "pending": 0, "cost": "8.00"},
    ]
    assert [(one["wallet"], one["group"], one["cost"]) for one in lines["items"]] == [  # type: ignore[attr-defined]
        ("reward", "credit_card", "12.00"),
        ("reward", None, "38.00"),
        ("service", None, "8.00"),
    ]
    november = months["items"][2]  # type: ignore[index]
    assert (november["begins"], november["wallet"]) == ("2026-11-01", "reward")
    assert november["opening"] == {"points": 540, "cost": "54.00"}
    assert november["issued"] == {"points": 100, "cost": "12.00"}
    assert november["used"] == {"points": 120, "cost": "12.00"}
    assert november["expired"] == {"points": 40, "cost": "4.00"}
    assert november["closing"] == {"points": 480, "cost": "50.00"}
    assert forecast["redemption_rates"] == [{"wallet": "reward", "used": 0, "expired": 40, "rate": 0.0}]
    assert [(one["month"], one["due"]["points"]) for one in forecast["months"]] == [  # type: ignore[attr-defined]
        ("2027-12", 380),
        ("2028-12", 100),
        ("2028-12", 8),
    ]


async def agree(client: httpx.AsyncClient, house: House, submitted: httpx.Response, role: str) -> httpx.Response:
    path = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
    return await client.post(path, json={}, headers=house.headers(role, key=str(new_id())))


async def test_a_closed_day_has_one_accounting_file_and_the_codes_that_it_was_closed_with(
    bank_client: httpx.AsyncClient, house: House, customers: list[UUID]
) -> None:
    assert len(customers) == 2
    headers, path = house.headers("finance"), "/v1/points/account-codes"
    open_day = await bank_client.get("/v1/points/accounting/2026-11-03", headers=headers)
    first = await bank_client.get(path, headers=headers)
    put = await bank_client.put(path, headers=headers | {"If-Match": first.headers["etag"]}, json=CODES)
    alone = await agree(bank_client, house, put, "finance")
    unchanged = (await bank_client.get(path, headers=headers)).json()["revision"]
    agreed = await agree(bank_client, house, put, "hq_approver")
    await close(house)
    stale = await bank_client.put(path, headers=headers | {"If-Match": first.headers["etag"]}, json=CODES)
    other = [
        await bank_client.put(path, headers=headers | {"If-Match": '"1"'}, json={"codes": codes})
        for codes in ([], CODES["codes"])
    ]
    again, late = [await agree(bank_client, house, one, "hq_approver") for one in other]
    now = await bank_client.get(path, headers=headers)
    as_csv = headers | {"Accept": "text/csv"}
    files = [await bank_client.get("/v1/points/accounting/2026-11-03", headers=as_csv) for _ in range(2)]
    found = (await bank_client.get("/v1/points/accounting/2026-11-03", headers=headers)).json()

    assert (open_day.status_code, open_day.json()["code"]) == (409, "day_not_closed")
    assert (first.json(), put.status_code, unchanged) == ({"revision": 0, "codes": []}, 202, 0)
    assert (alone.status_code, alone.json()["code"]) == (403, "self_approval")
    assert agreed.json()["preview"] == {"before": [], "after": CODES["codes"]}
    assert (again.status_code, now.json()) == (200, {"revision": 2, "codes": []})
    assert (late.status_code, late.json()["code"]) == (412, "version_conflict")
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    assert [
        (one["movement"], one["branch"], one["funding_line"], one["points"], one["cost"], one["credit"])
        for one in found["lines"]
    ] == [
        ("expired", WEST, "", 40, "4.00", ""),
        ("issued", EAST, "credit_card", 100, "12.00", "2241.07"),
        ("used", EAST, "", 120, "12.00", "1002.01"),
    ]
    control = found["control"]
    assert (control["entries"], control["points"], control["lines_points"], control["agrees"]) == (3, -60, -60, True)
    assert files[0].content == files[1].content
    assert files[0].content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(files[0].text.lstrip("\ufeff"))))
    assert [row["points"] for row in rows if row["record"] == "line"] == ["40", "100", "120"]
    assert {row["movement"]: row["points"] for row in rows if row["record"] == "control"} == {
        "entries": "3",
        "balances": "-60",
        "pending": "0",
        "debt": "0",
        "lines": "-60",
    }


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        ([{**CODES["codes"][0], "wallet": "unknown"}], "unknown"),
        ([CODES["codes"][0], CODES["codes"][0]], "duplicate"),
    ],
)
async def test_account_codes_of_no_wallet_or_twice_are_refused(
    bank_client: httpx.AsyncClient, house: House, codes: list[dict[str, str]], error: str
) -> None:
    headers = house.headers("finance") | {"If-Match": '"0"'}
    answer = await bank_client.put("/v1/points/account-codes", headers=headers, json={"codes": codes})
    assert (answer.status_code, answer.json()["errors"][0]["type"]) == (422, error)


async def test_the_reconciliation_names_each_fault_and_only_the_books_people_see_it(
    bank_client: httpx.AsyncClient, house: House, customers: list[UUID]
) -> None:
    path = "/v1/points/reconciliation"
    async with house.sessions() as session:
        await session.execute(
            text("UPDATE points_account SET balance = balance + 1 WHERE customer_id = :id AND wallet = 'reward'"),
            {"id": customers[0]},
        )
        await session.commit()
    await close(house)

    listed = (await bank_client.get(path, headers=house.headers("auditor"))).json()["items"]
    one = await bank_client.get(f"{path}/2026-11-04", headers=house.headers("hq_operator"))
    none = await bank_client.get(f"{path}/2026-11-05", headers=house.headers("hq_approver"))

    assert [(row["day"], row["attempt"], row["faults"]) for row in listed] == [("2026-11-04", 1, 2)]
    key = f"cus_{customers[0]}/reward"
    assert [(fault["invariant"], fault["key"]) for fault in one.json()["found"]] == [("I2", key), ("I4", key)]
    assert none.status_code == 404
    for tail in ("liability", "roll-forward", "forecast", "accounting/2026-11-04", "account-codes", "reconciliation"):
        assert (await bank_client.get(f"/v1/points/{tail}")).status_code == 401
        refused = await bank_client.get(f"/v1/points/{tail}", headers=house.headers("manager"))
        assert refused.status_code == 403
    for query in ("roll-forward?to=2199-01-01", "liability?group_by=name"):
        answer = await bank_client.get(f"/v1/points/{query}", headers=house.headers("finance"))
        assert answer.status_code == 422, query


async def test_l4_no_balance_is_told_of_a_day_that_lies_ahead(house: House, bank_client: httpx.AsyncClient) -> None:
    for day, status in (("2199-01-01", 422), (f"{clock.today()}", 200)):
        answer = await bank_client.get(f"/v1/points/liability?as_of={day}", headers=house.headers("finance"))
        assert answer.status_code == status, answer.text
        assert [error["type"] for error in answer.json().get("errors", [])] == ["date_range"] * (status == 422)
