"""A bank's day over HTTP: feeds come in at one end, a customer redeems a right at the other."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from guibin.core import clock
from guibin.core.database import SessionFactory, make_engine, make_session_factory
from guibin.core.ids import from_public
from guibin.points import invariants as points_invariants
from guibin.rights import invariants as rights_invariants
from guibin.runs.service import carry_out
from support.house import House

from . import feeds


@dataclass
class Bank:
    """Both ports of a started bank, and the sessions of its worker."""

    house: House
    bank: httpx.AsyncClient
    customer: httpx.AsyncClient
    nights: SessionFactory
    day: date
    month: date
    keys: int = 0

    def key(self) -> str:
        self.keys += 1
        return f"journey-{self.keys}"

    async def post(self, role: str, path: str, body: dict[str, Any], status: int) -> Any:
        answer = await self.bank.post(path, json=body, headers=self.house.headers(role, key=self.key()))
        assert answer.status_code == status, answer.text
        return answer.json()

    async def get(self, role: str, path: str, status: int = 200) -> Any:
        answer = await self.bank.get(path, headers=self.house.headers(role))
        assert answer.status_code == status, answer.text
        return answer.json()

    async def load(self, line: str, kind: str, content: bytes, *, day: date | None = None, status: int = 201) -> Any:
        answer = await self.bank.post(
            f"/v1/feeds/{line}/files",
            params={"kind": kind, "date": (day or self.day).isoformat()},
            content=content,
            headers={**self.house.headers("hq_operator", key=self.key()), "Content-Type": "text/csv"},
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    async def approve(self, role: str, submitted: Any) -> None:
        approval = await self.get(role, f"/v1/approvals/{submitted['approval_id']}")
        body = {"payload_hash": approval["payload_hash"]}
        await self.post(role, f"/v1/approvals/{submitted['approval_id']}/approve", body, 200)

    async def night(self) -> Any:
        run = await self.post("hq_operator", "/v1/runs/nightly", {"date": self.day.isoformat()}, 201)
        run_id = from_public("run", run["id"])
        assert run_id is not None
        await carry_out(self.nights, run_id)
        found = await self.get("hq_operator", f"/v1/runs/{run['id']}")
        assert found["state"] == "finished"
        return {step["name"]: step["counts"] for step in found["steps"]}

    async def find(self, customer_no: str) -> str:
        found = await self.bank.post(
            "/v1/customers/search", json={"customer_no": customer_no}, headers=self.house.headers("hq_operator")
        )
        assert found.status_code == 200, found.text
        (one,) = found.json()["items"]
        return str(one["id"])

    def as_customer(self, public_id: str, *, key: str | None = None) -> dict[str, str]:
        customer_id = from_public("cus", public_id)
        assert customer_id is not None
        return self.house.customer_headers(customer_id, key=key)


@pytest.fixture
async def started(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> AsyncIterator[Bank]:
    engine = make_engine(house.database.worker_url, pool_size=3, application="guibin-worker")
    day = clock.last_closed_day()
    first = (day + timedelta(days=1)).replace(day=1)
    month = (first - timedelta(days=1)).replace(day=1)
    yield Bank(house, bank_client, customer_client, make_session_factory(engine), day, month)
    await engine.dispose()


async def load_the_day(started: Bank) -> None:
    before = started.month - timedelta(days=1)
    product = {
        "code": "demand_deposit",
        "line": "personal_finance",
        "product_class": "deposits",
        "side": "asset",
        "name_zh": "活期存款",
        "name_en": "Demand deposit",
    }
    await started.post("hq_operator", "/v1/products", product, 201)
    await started.load("personal_finance", "parties", feeds.parties())
    await started.load("credit_card", "parties", feeds.card_parties())
    await started.load("personal_finance", "holdings", feeds.holdings(before))
    await started.load("personal_finance", "balances", feeds.balances(started.month, started.day))
    await started.load("personal_finance", "events", feeds.events(started.day))


async def test_feeds_are_validated_row_by_row_and_the_same_file_twice_changes_nothing(started: Bank) -> None:
    first = await started.load("personal_finance", "parties", feeds.parties())
    assert (first["rows_read"], first["rows_accepted"], first["rows_rejected"]) == (5, 2, 3)
    rejects = await started.get("hq_operator", f"/v1/feeds/files/{first['id']}/rejects")
    assert [(row["row"], row["code"]) for row in rejects["items"]] == [
        (4, "certificate_invalid"),
        (5, "missing_value"),
        (6, "duplicate_in_file"),
    ]
    again = await started.load("personal_finance", "parties", feeds.parties(), status=200)
    assert again["id"] == first["id"]
    assert again["rows_accepted"] == first["rows_accepted"]
    broken = feeds.parties() + b'"PF-7","unfinished\n'
    refused = await started.load("personal_finance", "parties", broken, status=422)
    assert refused["code"] == "file_malformed"
    files = await started.get("hq_operator", "/v1/feeds/files")
    assert len(files["items"]) == 1


async def test_two_lines_become_one_customer_and_no_personal_value_stands_in_clear(started: Bank) -> None:
    await load_the_day(started)
    customer_id = await started.find("C0000001")
    seen = await started.get("hq_operator", f"/v1/customers/{customer_id}")
    assert set(seen["lines"]) == {"personal_finance", "credit_card"}
    assert seen["name"] == "诸葛**"
    clear = ["诸葛", "明月", "王小明", feeds.certificate(1), "19900000001", "C0000001", "不存在的路", "622200000000001"]
    assert await values_in_clear(started.house.database.admin_url, clear) == []


async def values_in_clear(url: str, values: list[str]) -> list[str]:
    """Search every column of every table for personal values, as text and as bytes."""
    connection = await asyncpg.connect(url)
    found = []
    try:
        columns = await connection.fetch(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
        )
        for column in columns:
            table, name = column["table_name"], column["column_name"]
            for value in values:
                as_bytes = column["data_type"] == "bytea"
                place = f'position($1 in "{name}")' if as_bytes else f'strpos("{name}"::text, $1)'
                query = f'SELECT count(*) FROM "{table}" WHERE {place} > 0'
                given = value.encode() if as_bytes else value
                if await connection.fetchval(query, given):
                    found.append(f"{table}.{name}: {value}")
    finally:
        await connection.close()
    return found


async def test_the_night_gives_tags_tiers_managers_and_points_and_a_second_night_changes_nothing(
    started: Bank,
) -> None:
    await load_the_day(started)
    staff_id = started.house.staff["manager"].id
    manager = {"staff_id": f"stf_{staff_id}", "grade": "senior", "capacity": 10}
    await started.post("hq_operator", "/v1/managers", manager, 201)
    counts = await started.night()
    assert counts["tiers"]["first"] == 2
    assert counts["coverage"]["assigned"] == 1

    rich, modest = await started.find("C0000001"), await started.find("C0000002")
    facts = (await started.get("manager", f"/v1/customers/{rich}"))["facts"]
    assert facts["aum"] == "1500000.00"
    assert facts["aum_mda"] == "1500000.00"
    tier = await started.get("manager", f"/v1/customers/{rich}/tier")
    assert (tier["current"]["code"], tier["current"]["metric"]) == ("T2", "1500000.00")
    lower = await started.get("hq_operator", f"/v1/customers/{modest}/tier")
    assert (lower["current"]["code"], lower["current"]["metric"]) == ("T0", None)
    await started.get("manager", f"/v1/customers/{modest}", status=404)

    tags = await started.get("hq_operator", f"/v1/customers/{rich}/tags")
    assert tags["items"]
    why = await started.get("manager", f"/v1/customers/{rich}/tags/{tags['items'][0]['code']}/why")
    assert why["has"]
    assert all("met" in condition for condition in why["conditions"])

    mine = await started.customer.get("/v1/me/points", headers=started.as_customer(rich))
    (reward,) = [wallet for wallet in mine.json()["wallets"] if wallet["wallet"] == "reward"]
    assert reward["available"] == 300
    assert reward["expiring"] == [{"date": f"{clock.today().year + 2}-12-31", "points": 300}]

    before = await fingerprint(started.house.database.admin_url)
    again = await started.night()
    changes = {f"{step}.{name}": number for step, kinds in again.items() for name, number in kinds.items()}
    quiet = (
        "read",
        "fresh",
        "stale",
        "missing",
        "waiting",
        "customers",
        "unchanged",
        "rules",
        "members",
        "entries",
        "checked",
    )
    assert {name: number for name, number in changes.items() if number and not name.endswith(quiet)} == {}
    assert await fingerprint(started.house.database.admin_url) == before


CHANGED_BY_A_NIGHT = (
    "customer_fact",
    "customer_tag",
    "tier_history",
    "coverage",
    "unassigned",
    "customer_access",
    "points_account",
    "points_entry",
    "points_lot",
    "business_event",
    "care_task",
)


async def fingerprint(url: str) -> dict[str, str]:
    """Return a hash of the content of every table that a night may change."""
    connection = await asyncpg.connect(url)
    try:
        return {
            table: await connection.fetchval(
                f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"
            )
            for table in CHANGED_BY_A_NIGHT
        }
    finally:
        await connection.close()


async def publish_a_right(started: Bank) -> str:
    body = {
        "code": "airport_lounge",
        "wallet": "reward",
        "fulfilment": "code",
        "stock_mode": "codes",
        "category": "travel",
        "name_zh": "机场贵宾厅",
        "name_en": "Airport lounge",
        "description_zh": "一次入厅",
        "description_en": "One visit",
        "terms": {
            "prices": [{"tier": "T2", "points": 100}, {"tier": None, "points": 150}],
            "quotas": [{"tier": "T2", "period": "year", "times": 1}],
        },
    }
    right = await started.post("rights_operator", "/v1/rights", body, 201)
    await started.post("rights_operator", f"/v1/rights/{right['id']}/codes", {"generate": 3}, 200)
    submitted = await started.post("rights_operator", f"/v1/rights/{right['id']}/submit", {}, 202)
    assert submitted["status"] == "pending"
    await started.approve("rights_approver", submitted)
    return str(right["id"])


async def test_a_customer_redeems_quota_first_then_points_and_the_code_is_used_at_the_bank_port(
    started: Bank,
) -> None:
    await load_the_day(started)
    right_id = await publish_a_right(started)
    await started.night()
    me = await started.find("C0000001")

    listed = await started.customer.get("/v1/rights", headers=started.as_customer(me))
    (offer,) = listed.json()["items"]
    assert (offer["price"], offer["quota_left"], offer["eligible"], offer["reasons"]) == (100, 1, True, [])
    poor = await started.customer.get("/v1/rights", headers=started.as_customer(await started.find("C0000002")))
    (reason,) = poor.json()["items"][0]["reasons"]
    assert reason["code"] == "insufficient_points"
    assert reason["missing"] == 150

    request = {"right_id": right_id, "quantity": 1}
    free = await started.customer.post("/v1/redemptions", json=request, headers=started.as_customer(me, key="r1"))
    assert (free.status_code, free.json()["quota_used"], free.json()["points_charged"]) == (201, 1, 0)
    paid = await started.customer.post("/v1/redemptions", json=request, headers=started.as_customer(me, key="r2"))
    assert (paid.status_code, paid.json()["quota_used"], paid.json()["points_charged"]) == (201, 0, 100)
    assert paid.json()["available_after"] == 200
    replay = await started.customer.post("/v1/redemptions", json=request, headers=started.as_customer(me, key="r2"))
    assert replay.content == paid.content
    assert replay.headers["Idempotent-Replayed"] == "true"

    shown = await started.customer.get(f"/v1/redemptions/{paid.json()['id']}/code", headers=started.as_customer(me))
    code = shown.json()["codes"][0]["code"]
    used = await started.post("lobby", "/v1/voucher-uses", {"code": code.lower()}, 200)
    assert used["redemption_id"] == paid.json()["id"]
    twice = await started.post("lobby", "/v1/voucher-uses", {"code": code}, 409)
    assert twice["code"] == "already_used"
    redemption = await started.customer.get(f"/v1/redemptions/{paid.json()['id']}", headers=started.as_customer(me))
    assert redemption.json()["state"] == "fulfilled"

    async with started.house.sessions() as session:
        assert await points_invariants.check(session) == []
        assert await rights_invariants.check(session) == []


async def test_points_are_corrected_by_two_people_and_the_audit_shows_both(started: Bank) -> None:
    await load_the_day(started)
    await started.night()
    me = await started.find("C0000001")
    body = {"customer_id": me, "wallet": "reward", "points": 600, "reason": "系统故障少计积分，补录六百分"}
    submitted = await started.post("hq_operator", "/v1/points/adjustments", body, 202)
    own = await started.bank.post(
        f"/v1/approvals/{submitted['approval_id']}/approve", json={}, headers=started.house.headers("hq_operator")
    )
    assert own.status_code == 403
    await started.approve("hq_approver", submitted)
    points = await started.get("hq_operator", f"/v1/customers/{me}/points")
    (reward,) = [wallet for wallet in points["wallets"] if wallet["wallet"] == "reward"]
    assert reward["available"] == 900
    entries = await started.customer.get("/v1/me/points/entries", headers=started.as_customer(me))
    assert "补录六百分" in entries.json()["items"][0]["reason"]
    trail = await started.get("auditor", f"/v1/audit?customer_id={me}")
    results = [row["result"] for row in trail["items"] if row["action"] == "points.adjust"]
    assert {"submitted", "approved"} <= set(results)
