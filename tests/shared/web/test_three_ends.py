"""The three ends of a unit of work, seen from outside: commit, refuse and keep what must survive, or roll back."""

import pytest
from sqlalchemy import text

from support.demo_port import DemoPort, problem
from support.demo_routes import SECOND


@pytest.mark.parametrize("key", [None, "k1"])
@pytest.mark.parametrize(("fail", "status"), [("counted", 409), ("counted_invalid", 422), ("flush", 409)])
async def test_a_refusal_undoes_the_command_and_keeps_what_must_survive(
    port: DemoPort, key: str | None, fail: str, status: int
) -> None:
    headers = port.customer() if key is None else port.customer(Idempotency_Key=key)
    answer = await port.client.post("/v1/demo/tries", headers=headers, json={"points": 10, "fail": fail})
    assert answer.status_code == status
    assert await port.entries() == 0
    assert len(await port.query("SELECT 1 FROM demo_try")) == 1
    assert len(await port.query("SELECT 1 FROM idempotency_key")) == (1 if key and status == 409 else 0)


async def test_a_bug_answers_a_problem_without_its_message_and_stores_nothing(port: DemoPort) -> None:
    answer = await port.spend("k1", fail="bug")
    problem(answer, 500, "internal_fault")
    assert "13812345678" not in answer.text
    assert await port.entries() == 0
    assert (await port.spend("k1")).status_code == 201


async def test_a_broken_check_of_the_database_stores_nothing(port: DemoPort) -> None:
    problem(await port.spend("k1", fail="check"), 500, "internal_fault")
    assert await port.points() == 100


async def test_a_commit_that_the_database_refuses_never_answers_success(port: DemoPort) -> None:
    problem(await port.spend("k1", fail="deferred"), 500, "internal_fault")
    assert await port.entries() == 0
    assert await port.points() == 100


async def test_a_commit_over_a_lost_connection_answers_503_and_the_same_key_works_again(
    port: DemoPort, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = await port.spend("k1", fail="cut")
    body = problem(answer, 503, "retry_later")
    assert any("sqlstate" in line and body["request_id"] in line for line in capfd.readouterr().out.splitlines())
    assert answer.headers["Retry-After"] == "1"
    assert await port.points() == 100
    assert (await port.spend("k1")).status_code == 201


async def test_a_lock_time_out_in_a_command_answers_503(port: DemoPort) -> None:
    async with port.owner.connect() as other:
        await other.execute(text("SELECT FROM demo_account WHERE id = :id FOR UPDATE"), {"id": SECOND})
        problem(await port.spend("k1", fail="locked"), 503, "retry_later")
    assert (await port.spend("k1")).status_code == 201
