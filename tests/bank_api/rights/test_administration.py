"""Drafting, changing, submitting and suspending rights; stock and codes."""

from typing import Any

import httpx
import pytest
from sqlmodel import col, select, update

from guibin.audit.models import AuditEntry
from guibin.core.ids import new_id, to_public
from guibin.organisation.models import RoleGrant, StaffRole
from support.shop import Shop

OPERATOR, APPROVER = "rights_operator", "rights_approver"
TERMS: dict[str, Any] = {
    "minimum_tier": "T1",
    "prices": [{"tier": "T3", "points": 80}, {"tier": None, "points": 100}],
    "quotas": [{"tier": "T2", "period": "year", "times": 2}],
    "limit": {"times": 4, "period": "month"},
    "on_sale_from": "2026-11-01T00:00:00+08:00",
    "on_sale_to": None,
}
CONTENT: dict[str, Any] = {
    "category": "travel",
    "name_zh": "机场贵宾厅",
    "name_en": "Airport lounge",
    "description_zh": "一次",
    "description_en": "One visit",
    "terms": TERMS,
}
NEW: dict[str, Any] = CONTENT | {
    "code": "airport_lounge",
    "wallet": "reward",
    "fulfilment": "hand_out",
    "stock_mode": "counted",
}
STORED_TERMS = TERMS | {"on_sale_from": "2026-10-31T16:00:00+00:00"}


class Desk:
    """The bank port as its people use it; every command gets a key of its own."""

    def __init__(self, shop: Shop, client: httpx.AsyncClient) -> None:
        self.shop = shop
        self.client = client

    async def post(self, path: str, role: str = OPERATOR, key: str | None = "", **body: Any) -> httpx.Response:
        headers = self.shop.house.headers(role, key=str(new_id()) if key == "" else key)
        return await self.client.post(path, json=body, headers=headers)

    async def get(self, path: str, role: str = OPERATOR) -> httpx.Response:
        return await self.client.get(path, headers=self.shop.house.headers(role))

    async def put(self, path: str, etag: str | None, role: str = OPERATOR, **body: Any) -> httpx.Response:
        condition = {"If-Match": etag} if etag else {}
        return await self.client.put(path, json=body, headers=self.shop.house.headers(role) | condition)

    async def create(self, **change: Any) -> str:
        answer = await self.post("/v1/rights", **NEW | change)
        assert answer.status_code == 201, answer.text
        return f"/v1/rights/{answer.json()['id']}"

    async def submit(self, path: str) -> str:
        answer = await self.post(f"{path}/submit")
        assert answer.status_code == 202, answer.text
        assert answer.json()["status"] == "pending"
        return f"/v1/approvals/{answer.json()['approval_id']}"

    async def publish(self, path: str) -> None:
        answer = await self.post(f"{await self.submit(path)}/approve", APPROVER)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def desk(shop: Shop, bank_client: httpx.AsyncClient) -> Desk:
    return Desk(shop, bank_client)


async def test_a_new_right_is_a_draft_that_no_customer_sees(desk: Desk, customer_client: httpx.AsyncClient) -> None:
    path = await desk.create()
    right = (await desk.get(path)).json()
    assert (right["state"], right["terms"], right["draft_terms"]) == ("draft", None, STORED_TERMS)
    headers = desk.shop.house.customer_headers(await desk.shop.customer(0))
    assert (await customer_client.get(path, headers=headers)).status_code == 404


async def test_terms_come_into_force_when_another_person_approves_them(
    desk: Desk, customer_client: httpx.AsyncClient
) -> None:
    path = await desk.create()
    approval = await desk.submit(path)
    assert (await desk.get(path)).json()["state"] == "pending"
    seen = (await desk.get(approval, APPROVER)).json()
    assert (seen["kind"], seen["payload"]["terms"], seen["preview"]["before"]) == ("right.publish", STORED_TERMS, None)
    answer = await desk.post(f"{approval}/approve", APPROVER, payload_hash=seen["payload_hash"])
    assert answer.status_code == 200
    right = (await desk.get(path)).json()
    assert (right["state"], right["terms"], right["draft_terms"]) == ("published", STORED_TERMS, None)
    headers = desk.shop.house.customer_headers(await desk.shop.customer(0, tier="T2"))
    shown = (await customer_client.get(path, headers=headers)).json()
    assert (shown["price"], shown["quota_left"], shown["limit"]) == (100, 2, {"times": 4, "period": "month"})


async def test_rejected_terms_are_a_draft_again(desk: Desk) -> None:
    path = await desk.create()
    answer = await desk.post(f"{await desk.submit(path)}/reject", APPROVER, comment="too cheap")
    assert answer.status_code == 200
    right = (await desk.get(path)).json()
    assert (right["state"], right["draft_terms"]) == ("draft", STORED_TERMS)
    await desk.publish(path)


async def test_terms_are_not_submitted_anew_by_who_may_not_submit_any_more(desk: Desk) -> None:
    approval = await desk.submit(await desk.create())
    assert (await desk.post(f"{approval}/request-changes", APPROVER, comment="too cheap")).status_code == 200
    house = desk.shop.house
    async with house.sessions() as session:
        session.add(
            StaffRole(staff_id=house.staff[OPERATOR].id, role="manager", branch_id=house.staff[OPERATOR].branch_id)
        )
        grant = update(RoleGrant).where(col(RoleGrant.role) == OPERATOR, col(RoleGrant.verb) == "submit")
        await session.exec(grant.values(active=False))
        await session.commit()
    refused = await desk.post(f"{approval}/amend")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_the_operator_cannot_approve(desk: Desk) -> None:
    answer = await desk.post(f"{await desk.submit(await desk.create())}/approve", OPERATOR)
    assert answer.status_code == 403


async def test_terms_that_were_changed_after_they_were_submitted_are_not_published(desk: Desk) -> None:
    path = await desk.create()
    approval = await desk.submit(path)
    etag = (await desk.get(path)).headers["etag"]
    cheaper = CONTENT | {"terms": TERMS | {"prices": [{"tier": None, "points": 1}]}}
    assert (await desk.put(path, etag, **cheaper)).json()["state"] == "draft"
    answer = await desk.post(f"{approval}/approve", APPROVER)
    assert (answer.status_code, answer.json()["code"]) == (409, "state_conflict")
    assert (await desk.get(approval, APPROVER)).json()["state"] == "failed"
    assert (await desk.get(path)).json()["terms"] is None


async def test_new_terms_of_a_published_right_wait_while_the_old_ones_hold(desk: Desk) -> None:
    path = await desk.create()
    await desk.publish(path)
    dearer = TERMS | {"prices": [{"tier": None, "points": 120}]}
    etag = (await desk.get(path)).headers["etag"]
    changed = await desk.put(path, etag, **CONTENT | {"name_en": "Lounge", "terms": dearer})
    assert (changed.status_code, changed.json()["name_en"], changed.json()["terms"]) == (200, "Lounge", STORED_TERMS)
    approval = await desk.submit(path)
    preview = (await desk.get(approval, APPROVER)).json()["preview"]
    assert (preview["change"], preview["changed"], preview["before"]) == ("new_terms", ["prices"], STORED_TERMS)
    assert (await desk.get(path)).json()["state"] == "published"
    await desk.post(f"{approval}/approve", APPROVER)
    assert (await desk.get(path)).json()["terms"]["prices"] == [{"tier": None, "points": 120}]


async def test_only_the_texts_change_when_the_terms_are_as_before(desk: Desk) -> None:
    path = await desk.create()
    await desk.publish(path)
    etag = (await desk.get(path)).headers["etag"]
    assert (await desk.put(path, etag, **CONTENT | {"name_en": "Lounge"})).json()["draft_terms"] is None
    answer = await desk.post(f"{path}/submit")
    assert (answer.status_code, answer.json()["code"], answer.json()["from"]) == (409, "state_conflict", "published")


async def test_a_pending_right_is_not_submitted_again(desk: Desk) -> None:
    path = await desk.create()
    await desk.submit(path)
    answer = await desk.post(f"{path}/submit")
    assert (answer.status_code, answer.json()["code"]) == (409, "state_conflict")


async def test_a_suspended_right_is_off_sale_at_once_and_comes_back_through_four_eyes(desk: Desk) -> None:
    path = await desk.create()
    await desk.publish(path)
    assert (await desk.post(f"{path}/suspend")).json()["state"] == "suspended"
    again = await desk.post(f"{path}/suspend")
    assert (again.status_code, again.json()["code"]) == (409, "state_conflict")
    await desk.publish(path)
    right = (await desk.get(path)).json()
    assert (right["state"], right["terms"]) == ("published", STORED_TERMS)


async def test_an_approval_from_before_a_suspension_does_not_undo_it(desk: Desk) -> None:
    path = await desk.create()
    await desk.publish(path)
    etag = (await desk.get(path)).headers["etag"]
    await desk.put(path, etag, **CONTENT | {"terms": TERMS | {"limit": None}})
    approval = await desk.submit(path)
    await desk.post(f"{path}/suspend")
    answer = await desk.post(f"{approval}/approve", APPROVER)
    assert (answer.status_code, answer.json()["code"]) == (409, "state_conflict")
    assert (await desk.get(path)).json()["state"] == "suspended"


async def test_a_change_needs_the_version_that_was_read(desk: Desk) -> None:
    path = await desk.create()
    etag = (await desk.get(path)).headers["etag"]
    assert (await desk.put(path, None, **CONTENT)).status_code == 428
    first, second = await desk.put(path, etag, **CONTENT), await desk.put(path, etag, **CONTENT)
    assert (first.status_code, second.status_code, second.json()["code"]) == (200, 412, "version_conflict")
    assert first.headers["etag"] != etag


async def test_the_code_of_a_right_is_used_once(desk: Desk) -> None:
    await desk.create()
    answer = await desk.post("/v1/rights", **NEW)
    assert (answer.status_code, answer.json()["code"]) == (409, "right_code_taken")


async def test_a_right_is_created_once_by_one_key(desk: Desk) -> None:
    first, second = [await desk.post("/v1/rights", key="k1", **NEW) for _ in range(2)]
    assert (first.status_code, second.content, second.headers["Idempotent-Replayed"]) == (201, first.content, "true")


WRONG: list[dict[str, Any]] = [
    {"code": "机场"},
    {"wallet": "gold"},
    {"category": "cars"},
    {"fulfilment": "code"},
    {"stock_mode": "codes"},
    {"name_zh": ""},
    {"name_en": "x" * 81},
    {"state": "published"},
    {"revision": 1},
]
WRONG_TERMS: list[dict[str, Any]] = [
    {"prices": []},
    {"prices": [{"tier": None, "points": -1}]},
    {"prices": [{"tier": None, "points": 10**10 + 1}]},
    {"prices": [{"tier": None, "points": 1.5}]},
    {"prices": [{"points": 1}]},
    {"prices": [{"tier": "T1", "points": 1}, {"tier": "T1", "points": 2}]},
    {"prices": [{"tier": "T99", "points": 1}]},
    {"quotas": [{"tier": "T1", "period": "week", "times": 1}]},
    {"quotas": [{"tier": "T1", "period": "day", "times": 0}]},
    {"quotas": [{"tier": "T99", "period": "day", "times": 1}]},
    {"limit": {"times": 1}},
    {"minimum_tier": "T99"},
    {"on_sale_from": "2026-11-01T00:00:00"},
    {"on_sale_from": "2026-11-01T00:00:00Z", "on_sale_to": "2026-11-01T08:00:00+08:00"},
]


async def test_a_right_of_the_wrong_form_is_refused(desk: Desk) -> None:
    bodies = [NEW | change for change in WRONG] + [NEW | {"terms": TERMS | change} for change in WRONG_TERMS]
    for body in bodies:
        answer = await desk.post("/v1/rights", **body)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), body
    assert (await desk.get("/v1/rights")).json()["items"] == []


async def test_stock_is_added_and_shown(desk: Desk) -> None:
    path = await desk.create()
    assert (await desk.get(path)).json()["stock"] == {"initial": 0, "free": 0, "reserved": 0, "sold": 0}
    await desk.post(f"{path}/stock", add=5)
    answer = await desk.post(f"{path}/stock", key="k1", add=3)
    assert (answer.status_code, answer.json()["stock"]) == (200, {"initial": 8, "free": 8, "reserved": 0, "sold": 0})
    again = await desk.post(f"{path}/stock", key="k1", add=3)
    assert again.content == answer.content
    assert (await desk.get(path)).json()["stock"]["free"] == 8


async def test_a_suppliers_codes_and_our_own_fill_the_pool_and_are_never_shown(desk: Desk) -> None:
    path = await desk.create(fulfilment="code", stock_mode="codes")
    answer = await desk.post(f"{path}/codes", codes=["ABCD-1234", "abcd 1234", "ABCD-5678"])
    assert answer.json() == {"added": 2, "duplicates": 1, "pool": {"total": 2, "free": 2, "reserved": 0, "used": 0}}
    made = await desk.post(f"{path}/codes", generate=1000)
    assert made.json() == {
        "added": 1000,
        "duplicates": 0,
        "pool": {"total": 1002, "free": 1002, "reserved": 0, "used": 0},
    }
    shown = await desk.get(path)
    assert shown.json()["pool"]["total"] == 1002
    assert b"ABCD" not in answer.content + shown.content


async def test_stock_and_codes_go_to_the_right_kind_of_right(desk: Desk) -> None:
    counted = await desk.create()
    pooled = await desk.create(code="coffee", fulfilment="code", stock_mode="codes")
    wrong = [await desk.post(f"{counted}/codes", generate=1), await desk.post(f"{pooled}/stock", add=1)]
    assert [(answer.status_code, answer.json()["code"]) for answer in wrong] == [(409, "wrong_stock_mode")] * 2


async def test_stock_and_codes_of_the_wrong_form_are_refused(desk: Desk) -> None:
    path = await desk.create(fulfilment="code", stock_mode="codes")
    for body in ({"add": 0}, {"add": -1}, {"add": 1_000_001}, {"add": "1"}, {}):
        assert (await desk.post(f"{path}/stock", **body)).status_code == 422, body
    wrong: list[dict[str, Any]] = [
        {},
        {"codes": []},
        {"codes": ["ABCD-1234"], "generate": 1},
        {"codes": ["A-1"]},
        {"codes": ["ABCD\x001234"]},
        {"codes": ["ABCD-1234"] * 1001},
        {"generate": 0},
        {"generate": 1001},
    ]
    for body in wrong:
        assert (await desk.post(f"{path}/codes", **body)).status_code == 422, body
    for command in ("stock", "codes"):
        answer = await desk.post(f"{path}/{command}", key=None, add=1)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_required")


async def test_the_list_is_filtered_and_comes_page_by_page(desk: Desk) -> None:
    paths = [await desk.create(code=f"right_{number}") for number in range(3)]
    await desk.publish(paths[1])
    first = (await desk.get("/v1/rights?limit=2")).json()
    rest = (await desk.get(f"/v1/rights?limit=2&cursor={first['next_cursor']}")).json()
    assert [f"/v1/rights/{item['id']}" for item in first["items"] + rest["items"]] == paths
    published = (await desk.get("/v1/rights?state=published&category=travel")).json()["items"]
    assert [f"/v1/rights/{item['id']}" for item in published] == [paths[1]]
    assert (await desk.get("/v1/rights?category=health")).json()["items"] == []
    assert (await desk.get("/v1/rights?state=gone")).status_code == 422


async def test_each_command_leaves_one_line_in_the_audit_trail(desk: Desk) -> None:
    path = await desk.create()
    await desk.post(f"{path}/stock", add=1)
    await desk.put(path, (await desk.get(path)).headers["etag"], **CONTENT)
    await desk.publish(path)
    await desk.post(f"{path}/suspend")
    async with desk.shop.house.sessions() as session:
        rows = (await session.exec(select(AuditEntry).order_by(col(AuditEntry.at), col(AuditEntry.id)))).all()
    trail = [(row.action, row.result) for row in rows if row.action.startswith("right.")]
    assert trail == [
        ("right.create", "done"),
        ("right.stock", "done"),
        ("right.change", "done"),
        ("right.publish", "submitted"),
        ("right.publish", "approved"),
        ("right.suspend", "done"),
    ]


async def test_every_command_is_for_rights_operators_alone(desk: Desk, bank_client: httpx.AsyncClient) -> None:
    path = await desk.create()
    customer = desk.shop.house.customer_headers(await desk.shop.customer(0), key="k1")
    commands: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/v1/rights", NEW | {"code": "other"}),
        ("PUT", path, CONTENT),
        ("POST", f"{path}/submit", {}),
        ("POST", f"{path}/suspend", {}),
        ("POST", f"{path}/stock", {"add": 1}),
        ("POST", f"{path}/codes", {"generate": 1}),
    ]
    for method, url, body in commands:
        nobody = await bank_client.request(method, url, json=body, headers={"Idempotency-Key": "k1"})
        stranger = await bank_client.request(method, url, json=body, headers=customer)
        assert (nobody.status_code, stranger.status_code) == (401, 401), url
        for role in ("lobby", "manager", APPROVER, "auditor"):
            key = None if method == "PUT" else "k1"
            answer = await bank_client.request(method, url, json=body, headers=desk.shop.house.headers(role, key=key))
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (url, role)
    for url in ("/v1/rights", path):
        assert (await desk.get(url, "lobby")).status_code == 200
        assert (await desk.get(url, "administrator")).status_code == 403
        assert (await bank_client.get(url)).status_code == 401


async def test_an_unknown_right_is_not_found_by_any_command(desk: Desk) -> None:
    for right, status in ((to_public("rgt", new_id()), 404), ("rgt_1", 422)):
        path = f"/v1/rights/{right}"
        answers = [
            await desk.get(path),
            await desk.put(path, '"1"', **CONTENT),
            await desk.post(f"{path}/submit"),
            await desk.post(f"{path}/suspend"),
            await desk.post(f"{path}/stock", add=1),
            await desk.post(f"{path}/codes", generate=1),
        ]
        assert {answer.status_code for answer in answers} == {status}
