import asyncio
import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from guibin.idempotency.rules import fingerprint
from support.demo_port import DemoPort, problem, spends_of, types_of
from support.demo_routes import BOB, FIRST, SECOND


async def test_the_same_key_and_body_have_one_effect_and_one_answer(port: DemoPort) -> None:
    answers = [await port.spend("k1") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.content for answer in answers}) == 1
    assert ["Idempotent-Replayed" in answer.headers for answer in answers] == [False, True, True]
    assert answers[1].headers["content-type"] == "application/json"
    assert await port.points() == 90


async def test_parallel_twins_have_one_effect_and_one_answer(port: DemoPort) -> None:
    async def until_answered() -> httpx.Response:
        answer = await port.spend("k1")
        while answer.status_code == 503 or answer.json().get("code") == "idempotency_in_progress":
            answer = await port.spend("k1")
        return answer

    answers = await asyncio.gather(*(until_answered() for _ in range(32)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert await port.points() == 90


async def test_h26_a_key_with_another_body_is_refused_without_effect(port: DemoPort) -> None:
    await port.spend("k1")
    problem(await port.spend("k1", points=11), 422, "idempotency_key_reused")
    assert await port.points() == 90


async def test_h26_a_key_with_another_account_in_the_path_is_refused_without_a_trace_of_the_first(
    port: DemoPort,
) -> None:
    await port.spend("k1", note="about the first")
    answer = await port.spend("k1", account=SECOND, note="about the first")
    body = problem(answer, 422, "idempotency_key_reused")
    assert set(body) == {"type", "title", "status", "code", "request_id"}
    assert str(FIRST) not in answer.text
    assert await port.points(SECOND) == 100


async def test_the_same_key_of_another_customer_is_new(port: DemoPort) -> None:
    first = await port.spend("k1", points=10)
    second = await port.spend("k1", points=20, who=BOB)
    assert [first.json()["left"], second.json()["left"]] == [90, 70]
    assert "Idempotent-Replayed" not in second.headers


async def test_a_key_is_free_again_after_a_refusal_of_who_is_calling(port: DemoPort) -> None:
    problem(await port.client.post(spends_of(FIRST), headers={"Idempotency-Key": "k1"}, json={}), 401, "token_required")
    reader = port.headers("cus_" + str(BOB), "points:read", Idempotency_Key="k1")
    problem(await port.client.post(spends_of(FIRST), headers=reader, json={"points": 10}), 403, "forbidden")
    assert (await port.spend("k1", who=BOB)).status_code == 201


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"points": "ten"}, "validation_failed"), ({"points": 10, "fail": "invalid"}, "not_on_mondays")],
)
async def test_a_key_is_free_again_after_a_refusal_of_the_shape(
    port: DemoPort, wrong: dict[str, Any], code: str
) -> None:
    problem(await port.spend("k1", **wrong), 422, code)
    answer = await port.spend("k1")
    assert answer.status_code == 201
    assert await port.points() == 90


async def test_a_business_refusal_is_replayed_after_the_state_has_changed(port: DemoPort) -> None:
    first = await port.spend("k1", points=150)
    body = problem(first, 409, "insufficient_points")
    assert (body["required"], body["available"], body["missing"]) == (150, 100, 50)
    await port.query(f"UPDATE demo_account SET points = 500 WHERE id = '{FIRST}'")
    again = await port.spend("k1", points=150)
    assert again.status_code == 409
    assert again.content == first.content
    assert again.headers["content-type"] == "application/problem+json"
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (await port.spend("k2", points=150)).status_code == 201


async def test_a_refused_command_leaves_nothing_but_its_answer(port: DemoPort) -> None:
    problem(await port.spend("k1", points=150), 409, "insufficient_points")
    assert await port.entries() == 0


async def test_h23_a_missing_key_is_refused_where_points_move(port: DemoPort) -> None:
    problem(await port.spend(None), 422, "idempotency_key_required")
    assert await port.points() == 100


@pytest.mark.parametrize("key", ["", "k" * 129, "a b", "schlüssel", "\U0001f511"])
async def test_h24_a_header_that_is_no_key_is_refused(port: DemoPort, key: str) -> None:
    headers: list[tuple[bytes, bytes]] = [(b"idempotency-key", key.encode())]
    headers += [(name.encode(), value.encode()) for name, value in port.customer().items()]
    answer = await port.client.post(spends_of(FIRST), headers=headers, json={"points": 10})
    problem(answer, 422, "idempotency_key_invalid")


async def test_h24_two_keys_are_refused(port: DemoPort) -> None:
    headers = [*port.customer().items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "a")]
    answer = await port.client.post(spends_of(FIRST), headers=headers, json={"points": 10})
    problem(answer, 422, "idempotency_key_invalid")


async def test_a_key_of_128_visible_characters_is_taken(port: DemoPort) -> None:
    assert (await port.spend("~" * 64 + "!" * 64)).status_code == 201


async def test_h23_a_dry_run_needs_no_key_and_stores_nothing(port: DemoPort) -> None:
    answer = await port.spend(None, dry_run=True)
    assert answer.status_code == 200
    assert answer.json()["left"] == 90
    assert await port.points() == 100
    assert await port.query("SELECT 1 FROM idempotency_key") == []


async def test_a_dry_run_with_a_key_does_not_use_it_up(port: DemoPort) -> None:
    assert (await port.spend("k1", dry_run=True)).status_code == 200
    assert (await port.spend("k1")).status_code == 201


async def test_white_space_and_the_order_of_fields_do_not_matter(port: DemoPort) -> None:
    headers = {**port.customer(Idempotency_Key="k1"), "Content-Type": "application/json"}
    first = await port.client.post(spends_of(FIRST), headers=headers, content=b'{"points":10,"note":"a"}')
    second = await port.client.post(spends_of(FIRST), headers=headers, content=b'{ "note": "\\u0061",\n "points": 10 }')
    assert second.content == first.content
    assert second.headers["Idempotent-Replayed"] == "true"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@given(body=st.dictionaries(st.text(max_size=5), JSON_VALUES, max_size=5), data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_the_fingerprint_sees_the_meaning_of_a_body_only(body: dict[str, Any], data: st.DataObject) -> None:
    shuffled = dict(data.draw(st.permutations(list(body.items()))))
    written = json.dumps(shuffled, indent=data.draw(st.integers(0, 3)), ensure_ascii=data.draw(st.booleans()))
    assert fingerprint("POST", "/a", [], json.loads(written)) == fingerprint("POST", "/a", [], body)
    assert fingerprint("POST", "/a", [], {**body, "more": 1}) != fingerprint("POST", "/a", [], body)


async def test_h25_a_twin_in_flight_answers_in_progress(port: DemoPort) -> None:
    async with port.owner.connect() as twin:
        await twin.execute(
            text("INSERT INTO idempotency_key (actor_id, key, fingerprint, created_at) VALUES (:who, 'k1', :f, now())"),
            {"who": BOB, "f": b"f" * 32},
        )
        answer = await port.spend("k1", who=BOB)
        await twin.rollback()
    problem(answer, 409, "idempotency_in_progress")
    assert answer.headers["Retry-After"] == "1"
    assert (await port.spend("k1", who=BOB)).status_code == 201


async def test_a_key_whose_answer_is_no_longer_kept_never_has_a_second_effect(port: DemoPort) -> None:
    await port.spend("k1")
    await port.query("UPDATE idempotency_key SET created_at = created_at - interval '7 days 1 second'")
    problem(await port.spend("k1"), 409, "idempotency_key_expired")
    assert await port.points() == 90


async def test_a_key_whose_answer_was_deleted_never_has_a_second_effect(port: DemoPort) -> None:
    await port.spend("k1")
    await port.query("UPDATE idempotency_key SET body = NULL")
    problem(await port.spend("k1"), 409, "idempotency_key_expired")
    assert await port.points() == 90


async def test_an_optional_key_may_be_left_out_and_counts_when_it_is_there(port: DemoPort) -> None:
    url = "/v1/demo/tries"
    for headers in (port.customer(), port.customer(Idempotency_Key="k1"), port.customer(Idempotency_Key="k1")):
        assert (await port.client.post(url, headers=headers, json={"points": 10})).status_code == 200
    assert await port.points() == 80


async def test_the_errors_of_a_body_say_where_and_what(port: DemoPort) -> None:
    body = problem(await port.spend("k1", points=0, tags=["a"] * 4), 422, "validation_failed")
    assert types_of(body) == ["too_small", "too_many_items"]
    assert body["errors"][0]["loc"] == ["body", "points"]
