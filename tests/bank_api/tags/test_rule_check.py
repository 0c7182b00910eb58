"""Rules over HTTP in both forms, tried against a customer who is written down."""

from typing import Any

import httpx

from support.house import House
from support.tagging import RICH

TEXT = "aum_mda >= 1000000.00"
NEW = {"axis": "asset_structure", "name_zh": "文本规则客户", "name_en": "By a rule as text"}


async def check(client: httpx.AsyncClient, house: House, **body: Any) -> httpx.Response:
    return await client.post("/v1/rules/check", json=body, headers=house.headers("hq_operator"))


async def test_a_rule_is_answered_in_both_forms_whichever_was_sent(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    for body in ({"rule": RICH}, {"rule_text": TEXT}):
        answer = await check(bank_client, house, **body)
        assert (answer.status_code, answer.json()) == (200, {"rule": RICH, "rule_text": TEXT, "tried": None})
    both = await check(bank_client, house, rule=RICH, rule_text=TEXT)
    assert (both.status_code, both.json()["code"]) == (422, "validation_failed")

    made = await bank_client.post(
        "/v1/tags", json=NEW | {"code": "rich", "rule_text": TEXT}, headers=house.headers("hq_operator")
    )
    assert (made.status_code, made.json()["draft_rule"], made.json()["draft_rule_text"]) == (201, RICH, TEXT)
    assert made.json()["rule_text"] is None


async def test_a_text_that_is_no_rule_is_refused_at_its_place(bank_client: httpx.AsyncClient, house: House) -> None:
    answer = await check(bank_client, house, rule_text="age > 60 and\n  wealth > 1")
    assert (answer.status_code, answer.json()["code"]) == (422, "rule_text_invalid")
    assert [answer.json()[name] for name in ("line", "column", "reason")] == [2, 3, "rule_field_unknown"]


async def test_a_rule_is_tried_against_a_customer_who_is_written_down(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    text = (
        'age >= 60 and tag("rich", for 3 days) and sum(holding.balance where holding.class = "fund") > 5.00'
        ' and sequence(event.type = "salary" then event.type = "login" within 2 days)'
    )
    fixture = {
        "as_of": "2026-11-24",
        "facts": {"age": 61, "products": ["GOLD"]},
        "events": [
            {"event.type": "salary", "event.date": "2026-11-20"},
            {"event.type": "login", "event.date": {"days_from_now": -2}},
        ],
        "holdings": [{"holding.class": "fund", "holding.balance": "5.01"}],
        "tags": {"rich": {"since": "2026-11-22"}},
    }
    tried = (await check(bank_client, house, rule_text=text, fixture=fixture)).json()["tried"]
    assert (tried["matches"], tried["first_failing"]) == (True, None)
    assert [one["actual"] for one in tried["conditions"]] == [61, True, "5.01", True]
    early = fixture | {"tags": {"rich": {"since": "2026-11-23"}}}
    tried = (await check(bank_client, house, rule_text=text, fixture=early)).json()["tried"]
    assert (tried["matches"], tried["first_failing"]) == (False, "rule/all/1")


async def test_a_fixture_that_says_what_there_is_not_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    for fixture, code in (
        ({"facts": {"wealth": 1}}, "rule_field_unknown"),
        ({"facts": {"age": "old"}}, "rule_value_invalid"),
        ({"events": [{"event.type": "login"}]}, "rule_value_invalid"),
        ({"holdings": [{"event.type": "login"}]}, "rule_field_unknown"),
    ):
        answer = await check(bank_client, house, rule=RICH, fixture=fixture)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
