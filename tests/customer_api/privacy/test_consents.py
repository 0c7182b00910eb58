"""GET and PUT /v1/me/consents, and what a no changes: nothing but the messages."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from guibin.core import clock
from guibin.privacy.models import Purpose
from guibin.privacy.repository import has_consent
from guibin.tags.models import CustomerTag, Tag, TagAxis, TagKind, TagSource, TagState
from support.house import House
from support.shop import Shop

YES = {"purpose": "profiling", "granted": True, "text_version": 1}
NO = {"purpose": "profiling", "granted": False}


@pytest.fixture
def shop(house: House) -> Shop:
    return Shop(house)


async def put(client: httpx.AsyncClient, headers: dict[str, str], *decisions: dict[str, Any]) -> httpx.Response:
    return await client.put("/v1/me/consents", json={"decisions": list(decisions)}, headers=headers)


def word_on(answer: httpx.Response, purpose: str, channel: str = "any") -> Any:
    return next(
        item["state"] for item in answer.json()["items"] if (item["purpose"], item["channel"]) == (purpose, channel)
    )


async def test_silence_is_no_and_every_purpose_has_its_text_in_both_languages(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    headers = shop.house.customer_headers(await shop.customer(0))
    chinese = await customer_client.get("/v1/me/consents", headers=headers)
    english = await customer_client.get("/v1/me/consents", headers=headers | {"Accept-Language": "en"})
    assert chinese.status_code == 200
    shown = [(item["purpose"], item["channel"], item["legal_basis"]) for item in chinese.json()["items"]]
    assert shown[0] == ("service", "any", "contract")
    assert [entry for entry in shown if entry[0] == "marketing"] == [
        ("marketing", channel, "consent") for channel in ("sms", "phone", "wechat", "app")
    ]
    assert {item["state"] for item in chinese.json()["items"]} == {None}
    for one, other in zip(chinese.json()["items"], english.json()["items"], strict=True):
        assert one["text"] != other["text"]
        assert other["text"].isascii()


async def test_a_yes_a_no_and_a_withdrawal_are_kept_word_by_word(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer(0)
    headers = shop.house.customer_headers(customer)
    marketing = {"purpose": "marketing", "channel": "sms", "granted": False}
    granted = await put(customer_client, headers, YES, marketing)
    assert (word_on(granted, "profiling"), word_on(granted, "marketing", "sms")) == ("granted", "denied")
    assert (await put(customer_client, headers, YES)).status_code == 200
    async with shop.house.sessions() as session:
        assert await has_consent(session, customer, Purpose.PROFILING)
    withdrawn = await put(customer_client, headers, NO)
    assert word_on(withdrawn, "profiling") == "revoked"
    async with shop.house.sessions() as session:
        assert not await has_consent(session, customer, Purpose.PROFILING)
    seen = await bank_client.get(f"/v1/customers/cus_{customer}/consents", headers=shop.house.headers("branch_head"))
    assert [(word["purpose"], word["state"], word["given_at"]) for word in seen.json()["history"]] == [
        ("profiling", "revoked", "customer_port"),
        ("marketing", "denied", "customer_port"),
        ("profiling", "granted", "customer_port"),
    ]
    assert all(word["evidence"] for word in seen.json()["history"])


REFUSED: tuple[tuple[dict[str, Any], str, dict[str, Any]], ...] = (
    (YES | {"text_version": 2}, "consent_text_changed", {"purpose": "profiling", "version": 1}),
    ({"purpose": "profiling", "granted": True}, "consent_text_changed", {"purpose": "profiling", "version": 1}),
    ({"purpose": "service", "granted": False}, "consent_not_needed", {}),
    ({"purpose": "marketing", "granted": False}, "consent_not_needed", {}),
    (YES | {"channel": "sms"}, "consent_not_needed", {}),
)


async def test_a_word_that_cannot_be_taken_is_refused(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    headers = shop.house.customer_headers(await shop.customer(0))
    for decision, code, facts in REFUSED:
        refused = await put(customer_client, headers, decision)
        assert (refused.status_code, refused.json()["code"]) == (409, code)
        assert {name: refused.json()[name] for name in facts} == facts


async def test_without_profiling_the_catalogue_is_the_same_in_order_price_and_eligibility(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    """Neutral: what a customer may have and pays follows from the tier, the points and the past, never from a tag."""
    customer = await shop.customer(150, tier="T2")
    headers = shop.house.customer_headers(customer)
    await shop.right(prices=[{"tier": "T2", "points": 80}, {"tier": None, "points": 100}])
    await shop.right(minimum_tier="T3")
    await shop.right(quotas=[{"tier": "T2", "period": "month", "times": 1}])
    assert word_on(await put(customer_client, headers, YES), "profiling") == "granted"
    with_consent = await customer_client.get("/v1/rights", headers=headers)
    tier = await customer_client.get("/v1/me/tier", headers=headers)
    assert word_on(await put(customer_client, headers, NO), "profiling") == "revoked"
    without = await customer_client.get("/v1/rights", headers=headers)
    await tag(shop.house, customer)
    tagged = await customer_client.get("/v1/rights", headers=headers)
    assert [item["price"] for item in without.json()["items"]] == [80, 100, 100]
    assert with_consent.json() == without.json() == tagged.json()
    assert (await customer_client.get("/v1/me/tier", headers=headers)).json() == tier.json()


async def tag(house: House, customer_id: Any) -> None:
    async with house.sessions() as session:
        session.add(
            Tag(
                code="vip",
                kind=TagKind.MANUAL,
                axis=TagAxis.SERVICE,
                state=TagState.PUBLISHED,
                created_at=clock.now(),
                name_zh="高价值",
                name_en="High value",
            )
        )
        await session.flush()
        session.add(CustomerTag(customer_id=customer_id, tag_code="vip", source=TagSource.MANUAL, since=clock.today()))
        await session.commit()


async def test_the_database_keeps_tags_from_the_customer_port_and_words_from_being_changed(house: House) -> None:
    """The second nets: of the neutral catalogue, and of the proof of consents."""
    refused = [("guibin_customer", "customer_tag", "SELECT"), ("guibin_customer", "customer_tag", "UPDATE")]
    refused += [
        (role, "consent", verb)
        for role in ("guibin_customer", "guibin_bank", "guibin_worker")
        for verb in ("UPDATE", "DELETE")
    ]
    async with house.sessions() as session:
        for role, table, verb in refused:
            statement = text("SELECT has_table_privilege(:role, :table, :verb)")
            held = (await session.execute(statement, {"role": role, "table": table, "verb": verb})).scalar_one()
            assert not held, (role, table, verb)
