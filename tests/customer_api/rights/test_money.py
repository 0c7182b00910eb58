"""Rights that cost money beside points: reserved until the bank's payment service tells that it was paid, or not."""

from collections import Counter
from datetime import datetime, timedelta

import httpx
import pytest
from sqlmodel import col, select

from guibin.core import clock
from guibin.outbox.models import OutboxEvent
from guibin.points import invariants as points_invariants
from guibin.rights import invariants
from guibin.rights.service import end_unpaid
from support.points import sessions_of
from support.shop import Shop
from support.till import PRICES, Till


@pytest.fixture
def till(shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient) -> Till:
    return Till(shop.house, customer_client, bank_client)


async def told(till: Till) -> Counter[str]:
    """Return how often redemptions told what."""
    async with till.house.sessions() as session:
        query = select(OutboxEvent.type).where(col(OutboxEvent.type).startswith("redemption."))
        return Counter(name.removeprefix("redemption.") for name in (await session.exec(query)).all())


async def refuse_violations(till: Till) -> None:
    async with till.house.sessions() as session:
        assert await points_invariants.check(session) == []
        assert await invariants.check(session) == []


async def end_later(till: Till) -> int:
    """Let the worker look an hour from now."""
    async with sessions_of(till.house.database.worker_url, pool_size=2) as sessions:
        with clock.fixed_at(clock.now() + timedelta(hours=1)):
            return await end_unpaid(sessions)


async def test_a_repayment_told_again_counts_once_however_many_came_after_it(shop: Shop, till: Till) -> None:
    me, right = await shop.customer(1_000), await shop.right(prices=PRICES, stock=5)
    redemption = (await till.redeem(me, right, 3)).json()["id"]
    await till.tell(redemption, "paid", "150.00")
    await till.refund(redemption, units=1)
    await till.refund(redemption, units=1)  # after the service looked at its list and let the money of the first go
    first = await till.tell(redemption, "repaid", "50.00", ref="R1")
    listed = await till.repayments()
    await till.tell(redemption, "repaid", "50.00", ref="R2")
    await till.refund(redemption, units=1)

    again = await till.tell(redemption, "repaid", "50.00", ref="R1")
    other = await till.tell(redemption, "repaid", "49.99", ref="R2")
    owed = await till.repayments()
    last = await till.tell(redemption, "repaid", "50.00", ref="R3")

    assert (first.status_code, first.json()["repaid"], first.json()["repayable"]) == (200, "50.00", "100.00")
    assert [(one["repayable"], one["repaid"]) for one in listed] == [("100.00", "50.00")]
    assert (again.status_code, again.json()["repaid"]) == (200, "100.00")
    assert (other.json()["code"], other.json()["due"]) == ("amount_differs", "50.00")
    assert [(one["repayable"], one["repaid"]) for one in owed] == [("150.00", "100.00")]
    assert (last.json()["repaid"], await till.repayments()) == ("150.00", [])
    await refuse_violations(till)


async def test_a_right_for_points_and_money_is_reserved_then_paid_and_repaid_unit_by_unit(
    shop: Shop, till: Till
) -> None:
    me, right = await shop.customer(1_000), await shop.right(prices=PRICES, stock=5)
    other = await shop.right()

    seen = await till.read(me, f"/v1/rights/{right}")
    look = await till.redeem(me, right, 3, dry_run=True)
    asked = await till.redeem(me, right, 3)
    redemption = asked.json()["id"]
    left = (await shop.left_of(right), await till.available(me))
    early = await till.tell(redemption, "repaid", "150.00")
    wrong = await till.tell(redemption, "paid", "149.99")
    unknown = await till.tell((await till.redeem(me, other)).json()["id"], "paid", "1.00")
    paid = await till.tell(redemption, "paid", "150.00")
    again = await till.tell(redemption, "paid", "150.00")
    twice = await till.tell(redemption, "paid", "150.00", ref="P2")
    failed = await till.tell(redemption, "payment-failed")
    shown = await till.read(me, f"/v1/redemptions/{redemption}")
    part = await till.refund(redemption, units=1)
    owed = await till.repayments()
    much = await till.tell(redemption, "repaid", "50.01", ref="R1")
    repaid = await till.tell(redemption, "repaid", "50.00", ref="R1")
    repaid_again = await till.tell(redemption, "repaid", "50.00", ref="R1")
    nothing = await till.tell(redemption, "repaid", "50.00", ref="R2")
    rest = await till.refund(redemption)

    assert (seen["price"], seen["money"], seen["prices"][0]["money"]) == (100, "50.00", "50.00")
    assert (look.json()["points_charged"], look.json()["money"]) == (300, "150.00")
    assert (asked.status_code, asked.json()["state"], asked.json()["lots"]) == (201, "awaiting_payment", [])
    assert (asked.json()["points_charged"], asked.json()["available_after"]) == (300, 700)
    due = asked.json()["payment"]
    assert (due["amount"], due["state"]) == ("150.00", "due")
    minutes = datetime.fromisoformat(due["due_until"]) - datetime.fromisoformat(asked.json()["created_at"])
    assert minutes == timedelta(minutes=30)
    assert left == (2, 700)
    assert (early.status_code, early.json()["code"]) == (409, "nothing_to_repay")
    assert (wrong.json()["code"], wrong.json()["due"]) == ("amount_differs", "150.00")
    assert unknown.status_code == 404
    assert (paid.status_code, paid.json()["state"], paid.json()["reference"]) == (200, "paid", "P1")
    assert again.json() == paid.json()
    assert (twice.json()["code"], failed.json()["code"]) == ("already_paid", "already_paid")
    assert (shown["state"], shown["payment"]["state"], sum(lot["points"] for lot in shown["lots"])) == (
        "confirmed",
        "paid",
        300,
    )
    assert [step["state"] for step in shown["steps"]] == ["awaiting_payment", "confirmed"]
    assert (part.json()["points_refunded"], part.json()["payment"]["repayable"]) == (100, "50.00")
    assert [(one["redemption_id"], one["repayable"], one["repaid"]) for one in owed] == [(redemption, "50.00", "0.00")]
    assert (much.json()["code"], much.json()["due"]) == ("amount_differs", "50.00")
    assert (repaid.json()["repaid"], repaid_again.json()) == ("50.00", repaid.json())
    assert nothing.json()["code"] == "nothing_to_repay"
    assert (rest.json()["state"], rest.json()["payment"]["repayable"]) == ("refunded", "150.00")
    assert [one["repaid"] for one in await till.repayments()] == ["50.00"]
    assert (await till.available(me), await shop.left_of(right)) == (900, 5)
    assert await told(till) == {"payment_due": 1, "confirmed": 2, "refunded": 2, "repayable": 2}
    await refuse_violations(till)


async def test_what_is_not_paid_gives_everything_back_its_code_unseen_and_late_money_is_refused(
    shop: Shop, till: Till
) -> None:
    first, second = await shop.customer(150), await shop.customer(150)
    right = await shop.pool(["CODE-000001"], prices=PRICES, offer={"pay_minutes": 15})

    asked = (await till.redeem(first, right)).json()
    hidden = await till.customer.get(f"/v1/redemptions/{asked['id']}/code", headers=till.house.customer_headers(first))
    taken = await till.redeem(second, right)
    none_yet = await _end_now(till)
    ended = await end_later(till)
    late = await till.tell(asked["id"], "paid", "50.00")
    after = await till.read(first, f"/v1/redemptions/{asked['id']}")
    next_one = (await till.redeem(second, right)).json()
    gone = await till.tell(next_one["id"], "payment-failed")
    gone_again = await till.tell(next_one["id"], "payment-failed")
    last = (await till.redeem(first, right)).json()
    dropped = await till.cancel(first, last["id"])
    too_late = await till.tell(last["id"], "paid", "50.00")
    bought = (await till.redeem(second, right)).json()
    paid = await till.tell(bought["id"], "paid", "50.00")
    code = await till.customer.get(f"/v1/redemptions/{bought['id']}/code", headers=till.house.customer_headers(second))

    assert hidden.status_code == 404
    assert taken.json()["code"] in {"out_of_stock", "limit_reached"}
    assert (none_yet, ended) == (0, 1)
    assert (late.status_code, late.json()["code"]) == (409, "payment_over")
    assert (after["state"], after["payment"]["state"], after["lots"]) == ("unpaid", "void", [])
    assert (gone.json()["state"], gone_again.json()) == ("void", gone.json())
    assert (dropped.json()["state"], too_late.json()["code"]) == ("cancelled", "payment_over")
    assert (paid.status_code, code.json()["codes"][0]["code"]) == (200, "CODE-000001")
    assert (await till.available(first), await till.available(second)) == (150, 50)
    await refuse_violations(till)


async def _end_now(till: Till) -> int:
    async with sessions_of(till.house.database.worker_url, pool_size=2) as sessions:
        return await end_unpaid(sessions)
