"""Step-up (trust: rows R12, R13): many points need a proof, for this customer, right, quantity and points, once."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import new_id
from support.house import House
from support.logins import Known, add_known
from support.points import commit_points
from support.shop import Shop
from support.transfers import Giving
from support.waiting import until
from support.wechat import WeChatSimulator

OFFER = {"step_up_points": 200}


class Counter:
    """Redeems over HTTP as customers whose phones the bank knows."""

    def __init__(self, house: House, client: httpx.AsyncClient, wechat: WeChatSimulator) -> None:
        self.house, self.client, self.wechat, self.shop = house, client, wechat, Shop(house)

    async def customer(self) -> Known:
        known = await add_known(self.house)
        await commit_points(self.house.database, known.id, 1_000, at=clock.now())
        return known

    async def post(self, path: str, known: Known, **body: Any) -> httpx.Response:
        headers = self.house.customer_headers(known.id, key=str(new_id()))
        return await self.client.post(f"/v1/{path}", json=body, headers=headers)

    async def code(self, known: Known, **wish: Any) -> str:
        before = len(self.wechat.messages(known.phone))
        answer = await self.post("step-ups", known, **wish)
        assert answer.status_code == 202, answer.text

        async def come() -> list[dict[str, Any]]:
            messages = self.wechat.messages(known.phone)
            return messages if len(messages) > before else []

        newest = (await until(come))[0]
        assert newest["purpose"] == "step_up"
        return str(newest["code"])

    async def proof(self, known: Known, **wish: Any) -> str:
        answer = await self.post("step-ups/confirm", known, otp=await self.code(known, **wish), **wish)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["step_up_token"])


@pytest.fixture
def counter(house: House, customer_client: httpx.AsyncClient, wechat: WeChatSimulator) -> Counter:
    return Counter(house, customer_client, wechat)


async def test_r13_many_points_without_a_proof_are_refused_with_the_ways_to_give_one(counter: Counter) -> None:
    known, right = await counter.customer(), await counter.shop.right(offer=OFFER)
    refused = await counter.post("redemptions", known, right_id=right, quantity=2)
    assert (refused.status_code, refused.json()["code"]) == (401, "step_up_required")
    assert (refused.json()["methods"], refused.json()["points"]) == (["otp"], 200)
    small = await counter.post("redemptions", known, right_id=right, quantity=1)
    assert small.status_code == 201
    seen = await counter.post("redemptions", known, right_id=right, quantity=2, dry_run=True)
    assert seen.json()["step_up"] is True


async def test_a_proof_lets_one_redemption_through_and_no_second_one(counter: Counter) -> None:
    known, right = await counter.customer(), await counter.shop.right(offer=OFFER)
    wish = {"right_id": right, "quantity": 2}
    token = await counter.proof(known, **wish)
    done = await counter.post("redemptions", known, step_up_token=token, **wish)
    assert (done.status_code, done.json()["points_charged"]) == (201, 200)
    again = await counter.post("redemptions", known, step_up_token=token, **wish)
    assert (again.status_code, again.json()["code"]) == (403, "step_up_invalid")


async def test_r12_a_proof_of_somebody_or_for_something_else_or_too_old_or_altered_is_refused(counter: Counter) -> None:
    known, other = await counter.customer(), await counter.customer()
    right, another = await counter.shop.right(offer=OFFER), await counter.shop.right(offer=OFFER)
    wish: dict[str, Any] = {"right_id": right, "quantity": 2}
    token = await counter.proof(known, **wish)
    cases: list[tuple[Known, dict[str, Any]]] = [
        (other, wish),
        (known, wish | {"right_id": another}),
        (known, wish | {"quantity": 3}),
        (known, wish | {"step_up_token": token[:-2] + ("AA" if token[-2:] != "AA" else "BB")}),
        (known, wish | {"step_up_token": "nonsense"}),
    ]
    for who, body in cases:
        answer = await counter.post("redemptions", who, **{"step_up_token": token, **body})
        assert (answer.status_code, answer.json()["code"]) == (403, "step_up_invalid"), body
    with clock.fixed_at(clock.now() + timedelta(minutes=5, seconds=1)):
        late = await counter.post("redemptions", known, step_up_token=token, **wish)
    assert (late.status_code, late.json()["code"]) == (403, "step_up_invalid")


async def test_a_wrong_password_and_one_for_another_redemption_prove_nothing(counter: Counter) -> None:
    known, right = await counter.customer(), await counter.shop.right(offer=OFFER)
    code = await counter.code(known, right_id=right, quantity=2)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for body in ({"quantity": 2, "otp": wrong}, {"quantity": 3, "otp": code}):
        answer = await counter.post("step-ups/confirm", known, right_id=right, **body)
        assert (answer.status_code, answer.json()["code"]) == (401, "otp_invalid")
    twice = [await counter.post("step-ups/confirm", known, right_id=right, quantity=2, otp=code) for _ in range(2)]
    assert [answer.status_code for answer in twice] == [200, 401]


async def test_a_transfer_of_many_points_takes_a_proof_that_is_about_it(counter: Counter) -> None:
    giving = Giving(counter.house, counter.client)
    await giving.allow(step_up_from=50)
    known, receiver = await counter.customer(), await counter.shop.customer(0)
    transfer = {"code": await giving.code(receiver), "wallet": "reward", "points": 60}
    token = await counter.proof(known, transfer=transfer)
    more = await counter.post("me/points/transfers", known, step_up_token=token, **transfer | {"points": 61})
    assert (more.status_code, more.json()["code"]) == (403, "step_up_invalid")
    done = await counter.post("me/points/transfers", known, step_up_token=token, **transfer)
    assert done.status_code == 201, done.text
    both = await counter.post("step-ups", known, right_id="rgt_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4", transfer=transfer)
    neither = await counter.post("step-ups", known)
    assert [both.status_code, neither.status_code] == [422, 422]
