"""Webhooks over HTTP: who says where events go, how the secret is handed over, what came of a delivery."""

import hmac
from dataclasses import replace
from typing import Any

import httpx
from fastapi import FastAPI
from sqlmodel import select

from guibin.audit.models import AuditEntry
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.settings import Profile
from guibin.outbox.events import EventName
from guibin.outbox.rules import OLD_SECRET_LIFE
from support.house import House, life_in, open_client
from support.outbox import happen, relay_of
from support.points import sessions_of
from support.receivers import BAD, GOOD, receiving

NEW: dict[str, Any] = {
    "name": "消息中心",
    "url": "http://127.0.0.1:9/hook",
    "event_types": ["right.back_in_stock", "redemption.confirmed"],
}
ROLE, OTHER = "administrator", "second_administrator"


async def create(client: httpx.AsyncClient, house: House, **parts: Any) -> dict[str, Any]:
    """Let one administrator submit a webhook and another agree; return it as it is read."""
    asked = await client.post("/v1/webhooks", json=NEW | parts, headers=house.headers(ROLE))
    assert asked.status_code == 202, asked.text
    agreed = await agree(client, house, asked)
    assert agreed.status_code == 200, agreed.text
    found = await client.get(f"/v1/webhooks/{agreed.json()['subject']}", headers=house.headers(ROLE))
    made: dict[str, Any] = found.json()
    return made


async def agree(client: httpx.AsyncClient, house: House, asked: httpx.Response, role: str = OTHER) -> httpx.Response:
    path = f"/v1/approvals/{asked.json()['approval_id']}/approve"
    return await client.post(path, json={}, headers=house.headers(role, key=str(new_id())))


async def relay(house: House, turns: int = 2) -> None:
    """Let the worker go round."""
    async with (
        sessions_of(house.database.worker_url, pool_size=4) as sessions,
        relay_of(sessions, house.keys) as running,
    ):
        for _ in range(turns):
            await running.turn()
            await running.landed()


async def test_a_webhook_is_added_read_changed_and_switched_off(bank_client: httpx.AsyncClient, house: House) -> None:
    made = await create(bank_client, house)
    path = f"/v1/webhooks/{made['id']}"
    assert (made["key_id"], made["state"], made["revision"], made["old_secret_until"]) == ("k1", "active", 1, None)
    read = await bank_client.get(path, headers=house.headers("auditor"))
    assert (read.json(), read.headers["ETag"]) == (made, '"1"')
    off = NEW | {"state": "off", "name": "停用"}
    late = await bank_client.put(path, json=off, headers=house.headers(ROLE) | {"If-Match": '"7"'})
    blind = await bank_client.put(path, json=off, headers=house.headers(ROLE))
    changed = await bank_client.put(path, json=off, headers=house.headers(ROLE) | {"If-Match": '"1"'})
    assert (late.status_code, blind.status_code, changed.status_code) == (412, 428, 200)
    assert changed.json() == made | {"state": "off", "name": "停用", "revision": 2}
    listed = await bank_client.get("/v1/webhooks", headers=house.headers("auditor"))
    assert listed.json()["items"] == [changed.json()]
    tested = await bank_client.post(f"{path}/test", headers=house.headers(ROLE))
    assert (tested.status_code, tested.json()["code"]) == (409, "webhook_off")


async def test_a_webhook_another_address_and_other_events_take_a_second_administrator(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    mine = house.headers(ROLE)
    asked = await bank_client.post("/v1/webhooks", json=NEW, headers=mine)
    alone = await agree(bank_client, house, asked, ROLE)
    none = (await bank_client.get("/v1/webhooks", headers=mine)).json()["items"]
    agreed = await agree(bank_client, house, asked)
    path = f"/v1/webhooks/{agreed.json()['subject']}"
    made = (await bank_client.get(path, headers=mine)).json()
    secrets = (await bank_client.get(f"{path}/secret", headers=mine)).json()["items"]
    assert (alone.status_code, alone.json()["code"], none) == (403, "self_approval", [])
    assert agreed.json()["preview"] == {
        "before": {},
        "after": NEW | {"event_types": made["event_types"], "state": "active"},
    }
    assert (made["url"], made["revision"], secrets[0]["key_id"]) == (NEW["url"], 1, "k1")
    assert "whsec_" not in agreed.text

    wider: list[dict[str, Any]] = [{"url": "http://127.0.0.1:9/elsewhere"}, {"event_types": ["points.expiring"]}]
    read = mine | {"If-Match": '"1"'}
    changes = [await bank_client.put(path, json=NEW | change, headers=read) for change in wider]
    refused = [await agree(bank_client, house, change, ROLE) for change in changes]
    waiting = (await bank_client.get(path, headers=mine)).json()
    first, late = [await agree(bank_client, house, change) for change in changes]
    moved = (await bank_client.get(path, headers=mine)).json()
    assert ([one.status_code for one in changes], waiting) == ([202, 202], made)
    assert [one.json()["code"] for one in refused] == ["self_approval"] * 2
    assert first.json()["preview"] == {"before": {"url": NEW["url"]}, "after": wider[0]}
    assert (late.status_code, late.json()["code"]) == (412, "version_conflict")
    assert moved == made | wider[0] | {"revision": 2}

    there = NEW | wider[0]
    asked = await bank_client.put(path, json=NEW, headers=mine | {"If-Match": '"2"'})
    off = await bank_client.put(path, json=there | {"state": "off"}, headers=mine | {"If-Match": '"2"'})
    undone = await agree(bank_client, house, asked)
    on = await bank_client.put(path, json=there, headers=mine | {"If-Match": '"3"'})
    assert (off.status_code, off.json()["state"], undone.json()["code"]) == (200, "off", "version_conflict")
    assert (on.status_code, (await bank_client.get(path, headers=mine)).json()["state"]) == (202, "off")
    await agree(bank_client, house, on)
    assert (await bank_client.get(path, headers=mine)).json()["state"] == "active"


WRONG: tuple[dict[str, Any], ...] = (
    {"url": "ftp://hooks.bank.example/"},
    {"url": "https://user:word@hooks.bank.example/"},
    {"event_types": []},
    {"event_types": ["points.expiring", "points.expiring"]},
    {"event_types": ["webhook.test"]},
    {"event_types": ["points.earned"]},
    {"secret": "whsec_mine"},
    {"name": ""},
)


async def test_what_makes_no_webhook_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    for wrong in WRONG:
        refused = await bank_client.post("/v1/webhooks", json=NEW | wrong, headers=house.headers(ROLE))
        assert refused.status_code == 422, wrong


async def test_g8_outside_development_no_address_inside_is_taken(house: House, bank_app: FastAPI) -> None:
    outside = house.settings.model_copy(update={"profile": Profile.PRODUCTION, "token_max_life_seconds": 86_400})
    life = life_in(replace(house, settings=outside), bank_app, database_url=house.database.bank_url)
    async with open_client(bank_app, life=life) as client:
        made = await create(client, house, url="https://hooks.bank.example/guibin")
        path, headers = f"/v1/webhooks/{made['id']}", house.headers(ROLE) | {"If-Match": '"1"'}
        for url in (
            "http://hooks.bank.example/",
            "https://169.254.169.254/",
            "https://localhost/",
            "file:///etc/passwd",
        ):
            added = await client.post("/v1/webhooks", json=NEW | {"url": url}, headers=house.headers(ROLE))
            changed = await client.put(path, json=NEW | {"url": url}, headers=headers)
            assert {(one.status_code, one.json()["code"]) for one in (added, changed)} == {(422, "url_not_allowed")}
            assert url not in added.text


async def test_who_does_not_run_the_house_neither_changes_webhooks_nor_sees_a_secret(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    made = await create(bank_client, house)
    path = f"/v1/webhooks/{made['id']}"
    for role in ("auditor", "hq_operator", "manager"):
        headers = house.headers(role)
        answers = [
            await bank_client.post("/v1/webhooks", json=NEW, headers=headers),
            await bank_client.get(f"{path}/secret", headers=headers),
            await bank_client.post(f"{path}/rotate-secret", headers=headers),
        ]
        assert {answer.status_code for answer in answers} == {403}
    assert (await bank_client.get(path, headers=house.headers("manager"))).status_code == 403


async def test_a_secret_is_shown_on_its_own_page_only_and_the_old_one_signs_for_a_day(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    async with receiving() as receiver:
        made = await create(bank_client, house, url=receiver.url)
        path = f"/v1/webhooks/{made['id']}"
        first = (await bank_client.get(f"{path}/secret", headers=house.headers(ROLE))).json()["items"]
        turned = await bank_client.post(f"{path}/rotate-secret", headers=house.headers(ROLE))
        both = (await bank_client.get(f"{path}/secret", headers=house.headers(ROLE))).json()["items"]
        await happen(house.sessions)
        await relay(house)
        with clock.fixed_at(clock.now() + OLD_SECRET_LIFE):
            await happen(house.sessions)
            await relay(house)
    assert [one["key_id"] for one in first] == ["k1"]
    assert (turned.status_code, turned.json()["key_id"]) == (200, "k2")
    assert both == [{"key_id": "k2", "secret": both[0]["secret"]}, first[0]]
    assert both[0]["secret"] not in turned.text
    assert first[0]["secret"] != both[0]["secret"]
    assert [set(marks(one.headers)) for one in receiver.received] == [{"t", "k1", "k2"}, {"t", "k2"}]
    for one in both:
        found = marks(receiver.received[0].headers)
        signed = f"{found['t']}.".encode() + receiver.received[0].body
        assert found[one["key_id"]] == hmac.digest(one["secret"].encode(), signed, "sha256").hex()


def marks(headers: dict[str, str]) -> dict[str, str]:
    """Read the header of signatures."""
    return dict(part.split("=", 1) for part in headers["guibin-signature"].split(","))


async def test_deliveries_are_listed_and_a_dead_one_is_sent_again_with_its_id(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    async with receiving(answer=BAD) as receiver:
        made = await create(bank_client, house, url=receiver.url)
        path = f"/v1/webhooks/{made['id']}/deliveries"
        await happen(house.sessions)
        await relay(house)
        (failed,) = (await listed(bank_client, house, path))["items"]
        assert (failed["state"], failed["attempts"], failed["status"], failed["answer"]) == ("waiting", 1, 500, "oops")
        receiver.answer = GOOD
        again = await bank_client.post(f"{path}/{failed['id']}/resend", headers=house.headers(ROLE))
        assert (again.status_code, again.json()["attempts"]) == (200, 0)
        await relay(house)
        (sent,) = (await listed(bank_client, house, f"{path}?state=delivered"))["items"]
    assert (sent["id"], sent["status"], sent["answer"], sent["failure"]) == (failed["id"], 200, "ok", None)
    assert [one["id"] for one in receiver.events()] == [failed["event_id"]] * 2
    assert (await listed(bank_client, house, f"{path}?state=dead"))["items"] == []
    lost = await bank_client.post(
        f"/v1/webhooks/{made['id']}/deliveries/{made['id'].replace('whk', 'dlv')}/resend", headers=house.headers(ROLE)
    )
    assert lost.status_code == 404


async def listed(client: httpx.AsyncClient, house: House, path: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(path, headers=house.headers("auditor"))).json()
    return found


async def test_a_test_goes_to_one_webhook_alone_and_the_trail_tells_of_it(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    async with receiving() as receiver, receiving() as other:
        made = await create(bank_client, house, url=receiver.url)
        await create(bank_client, house, url=other.url)
        tested = await bank_client.post(f"/v1/webhooks/{made['id']}/test", headers=house.headers(ROLE))
        assert tested.status_code == 204
        await relay(house)
    assert [event["type"] for event in receiver.events()] == [EventName.WEBHOOK_TEST]
    assert receiver.events()[0]["subject"] == made["id"]
    assert other.events() == []
    async with house.sessions() as session:
        told = (await session.exec(select(AuditEntry.action).where(AuditEntry.object_id == made["id"]))).all()
    assert sorted(told) == ["webhook.create", "webhook.test"]
