"""What customers, lines, staff and the night do to the bank, each with its key, over HTTP."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from chaos.bank import Bank
from chaos.clients import Client
from chaos.history import History, Operation, Outcome
from sqlalchemy.exc import DBAPIError

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.ids import to_public
from guibin.points import service
from guibin.rights.models import Fulfilment

LINE = "credit_card"
EXPIRED_AT_ONCE = 5
PARTS = 0.5
"""The share of refunds that give back one unit."""

LEFT = 0.3
"""The share of reservations that nobody takes."""

SHOWN_AGAIN = 0.1
"""The share of transfers for which the receiver shows a code that was shown before: it is good once."""

DELIVERIES: Mapping[Fulfilment, dict[str, Any]] = {
    Fulfilment.ORDER: {},
    Fulfilment.TOP_UP: {"delivery": {"recharge_account": "13800138000"}},
}
"""What a customer says beside the right, for each way in which the supplier delivers."""

CANCELLABLE: Mapping[str, object] = {"cancel_hours": 24}
REASON = "系统故障少计积分，按工单补录"


@dataclass
class Floor:
    """Where everything happens: who may act, on whom and on what, and what has been done so far."""

    bank: Bank
    history: History
    customers: Sequence[UUID]
    rights: Sequence[str]
    pools: frozenset[str]
    bounded: Sequence[str]
    priced: Sequence[str]
    worker: SessionFactory
    tokens: dict[str, dict[str, str]]
    redeemed: list[Operation] = field(default_factory=list)
    earned: list[Operation] = field(default_factory=list)
    holds: list[Operation] = field(default_factory=list)
    ordered: dict[str, Fulfilment] = field(default_factory=dict)
    shown: list[Operation] = field(default_factory=list)
    begun: int = 0

    def someone(self, dice: Random) -> tuple[str, dict[str, str]]:
        """Choose a customer; returns the public id and the headers."""
        public = to_public("cus", dice.choice(self.customers))
        return public, self.tokens[public]

    def begin(self, kind: str, port: str, customer: str, **facts: object) -> Operation:
        """Note that an operation begins, under a key of its own."""
        return self.history.invoke(kind, port, customer, f"{kind}-{len(self.history.operations)}", **facts)


async def earn(floor: Floor, client: Client) -> None:
    """Let a line send an event."""
    customer, _ = floor.someone(client.dice)
    amount = f"{client.dice.randint(1, 200)}.00"
    operation = floor.begin("earn", "bank", customer, amount=amount)
    event = {
        "line": LINE,
        "reference": operation.key,
        "customer_id": customer,
        "event_type": "card_spend",
        "occurred_at": clock.now().isoformat(),
        "amount": amount,
    }
    url = f"{floor.bank.url('bank')}/v1/points/events"
    await client.send(operation, "POST", url, floor.tokens["line"], {"events": [event]})
    if operation.outcome is Outcome.OK and operation.answer["results"][0]["entry_ids"]:
        floor.earned.append(operation)


async def redeem(floor: Floor, client: Client) -> None:
    """Let a customer redeem a right."""
    customer, headers = floor.someone(client.dice)
    right, quantity = client.dice.choice(floor.rights), client.dice.choice((1, 1, 1, 2))
    operation = floor.begin("redeem", "customer", customer, right=right, quantity=quantity)
    body = {"right_id": right, "quantity": quantity}
    await client.send(operation, "POST", f"{floor.bank.url('customer')}/v1/redemptions", headers, body)
    if operation.outcome is Outcome.OK:
        floor.redeemed.append(operation)


async def reserve(floor: Floor, client: Client) -> None:
    """Let a customer hold units of a right and then mostly take them; the others are left to lapse."""
    customer, headers = floor.someone(client.dice)
    right, quantity = client.dice.choice(floor.bounded), client.dice.choice((1, 1, 1, 2))
    operation = floor.begin("reserve", "customer", customer, right=right, quantity=quantity)
    url = floor.bank.url("customer")
    await client.send(operation, "POST", f"{url}/v1/rights/{right}/reservations", headers, {"quantity": quantity})
    if operation.outcome is not Outcome.OK or client.dice.random() < LEFT:
        return
    taken = floor.begin("redeem", "customer", customer, right=right, quantity=quantity, of=operation.answer["id"])
    body = {"right_id": right, "quantity": quantity, "reservation_id": operation.answer["id"]}
    await client.send(taken, "POST", f"{url}/v1/redemptions", headers, body)
    if taken.outcome is Outcome.OK:
        floor.redeemed.append(taken)


async def order(floor: Floor, client: Client) -> None:
    """Let a customer redeem what the supplier delivers; the worker orders it."""
    customer, headers = floor.someone(client.dice)
    right, quantity = client.dice.choice(list(floor.ordered)), client.dice.choice((1, 1, 1, 2))
    operation = floor.begin("redeem", "customer", customer, right=right, quantity=quantity)
    body = {"right_id": right, "quantity": quantity, **DELIVERIES[floor.ordered[right]]}
    await client.send(operation, "POST", f"{floor.bank.url('customer')}/v1/redemptions", headers, body)
    if operation.outcome is Outcome.OK:
        floor.redeemed.append(operation)


async def give(floor: Floor, client: Client) -> None:
    """Let a customer show a code and another one pass points on by it; now and then it is one that was shown before."""
    url = f"{floor.bank.url('customer')}/v1/me/points"
    if floor.shown and client.dice.random() < SHOWN_AGAIN:
        shown = client.dice.choice(floor.shown)
    else:
        receiver, theirs = floor.someone(client.dice)
        shown = floor.begin("show", "customer", receiver)
        await client.send(shown, "GET", f"{url}/receiving-codes/reward", theirs)
        if shown.outcome is not Outcome.OK:
            return
        floor.shown.append(shown)
    customer, headers = floor.someone(client.dice)
    points = client.dice.randint(1, 60)
    operation = floor.begin("transfer", "customer", customer, to=shown.customer, points=points)
    body = {"code": shown.answer["code"], "wallet": "reward", "points": points}
    await client.send(operation, "POST", f"{url}/transfers", headers, body)


async def use(floor: Floor, client: Client) -> None:
    """Show the first code of a redemption and use it; some are used already, and some by two at once."""
    coded = [one for one in floor.redeemed if one.facts["right"] in floor.pools]
    if not coded:
        return await redeem(floor, client)
    redemption = client.dice.choice(coded)
    path = f"{floor.bank.url('customer')}/v1/redemptions/{redemption.answer['id']}/code"
    shown = floor.begin("code", "customer", redemption.customer, redemption=redemption.answer["id"])
    await client.send(shown, "GET", path, floor.tokens[redemption.customer])
    if shown.outcome is not Outcome.OK or not shown.answer["codes"]:
        return None
    code = client.dice.choice(shown.answer["codes"])
    operation = floor.begin("use", "bank", redemption.customer, redemption=redemption.answer["id"])
    url = f"{floor.bank.url('bank')}/v1/voucher-uses"
    await client.send(operation, "POST", url, floor.tokens["terminal"], {"code": code["code"]})
    return None


async def adjust(floor: Floor, client: Client) -> None:
    """Let one person submit a correction and another approve it."""
    customer, _ = floor.someone(client.dice)
    points = client.dice.choice((-1, 1)) * client.dice.randint(1, 60)
    body = {"customer_id": customer, "wallet": "reward", "points": points, "reason": REASON}
    await by_two_people(floor, client, "/v1/points/adjustments", body, customer, points=points)


async def reverse(floor: Floor, client: Client) -> None:
    """Let one person submit that a part of an earning is taken back and another approve it; some is gone by then."""
    if not floor.earned:
        return await earn(floor, client)
    earning = client.dice.choice(floor.earned)
    entry = earning.answer["results"][0]["entry_ids"][0]
    points = client.dice.randint(1, 20)
    body = {"customer_id": earning.customer, "points": points, "reason": REASON}
    await by_two_people(floor, client, f"/v1/points/entries/{entry}/reverse", body, earning.customer, points=-points)
    return None


async def by_two_people(
    floor: Floor, client: Client, path: str, body: dict[str, Any], customer: str, *, points: int
) -> None:
    """Submit what moves so many points, and let another person approve it."""
    submitted = floor.begin("submit", "bank", customer, points=points)
    url, house = floor.bank.url("bank"), floor.bank.house
    await client.send(submitted, "POST", f"{url}{path}", house.headers("hq_operator"), body)
    if submitted.outcome is Outcome.OK:
        approval = submitted.answer["approval_id"]
        decided = floor.begin("approve", "bank", customer, approval=approval, points=points)
        approver = house.headers("hq_approver")  # logged in just now, as a decision wants it
        await client.send(decided, "POST", f"{url}/v1/approvals/{approval}/approve", approver, {})


async def cancel(floor: Floor, client: Client) -> None:
    """Let a customer cancel a redemption; some are used, cancelled or refunded already, and some by two at once."""
    if not floor.redeemed:
        return await redeem(floor, client)
    redemption = client.dice.choice(floor.redeemed)
    operation = floor.begin("cancel", "customer", redemption.customer, redemption=redemption.answer["id"])
    url = f"{floor.bank.url('customer')}/v1/redemptions/{redemption.answer['id']}/cancel"
    await client.send(operation, "POST", url, floor.tokens[redemption.customer], {})
    return None


async def refund(floor: Floor, client: Client) -> None:
    """Let the bank refund a redemption by one unit, or all that still stands of it."""
    if not floor.redeemed:
        return await redeem(floor, client)
    redemption = client.dice.choice(floor.redeemed)
    units = 1 if client.dice.random() < PARTS else None
    operation = floor.begin("refund", "bank", redemption.customer, redemption=redemption.answer["id"], units=units)
    url = f"{floor.bank.url('bank')}/v1/redemptions/{redemption.answer['id']}/refund"
    body = {"units": units, "reason": REASON}
    await client.send(operation, "POST", url, floor.bank.house.headers("hq_operator"), body)
    return None


async def hold(floor: Floor, client: Client) -> None:
    """Let a service set points aside for a customer."""
    customer, _ = floor.someone(client.dice)
    operation = floor.begin("hold", "bank", customer)
    body = {
        "customer_id": customer,
        "wallet": "reward",
        "points": client.dice.randint(1, 40),
        "expires_at": (clock.now() + timedelta(hours=1)).isoformat(),
        "reference": operation.key,
        "reason": REASON,
    }
    url = f"{floor.bank.url('bank')}/v1/points/holds"
    await client.send(operation, "POST", url, floor.tokens["line"], body)
    if operation.outcome is Outcome.OK:
        floor.holds.append(operation)


async def close_hold(floor: Floor, client: Client) -> None:
    """Let the service spend what it set aside, or a part of it, or give it free; some are closed already."""
    if not floor.holds:
        return await hold(floor, client)
    held = client.dice.choice(floor.holds)
    how = client.dice.choice(("capture", "release"))
    points = client.dice.randint(1, held.answer["points"])
    operation = floor.begin(how, "bank", held.customer, hold=held.answer["id"], points=points)
    body: dict[str, Any] = {"customer_id": held.customer} | ({"points": points} if how == "capture" else {})
    url = f"{floor.bank.url('bank')}/v1/points/holds/{held.answer['id']}/{how}"
    await client.send(operation, "POST", url, floor.tokens["line"], body)
    return None


async def look(floor: Floor, client: Client) -> None:
    """Let a customer look at the points; no balance is ever below nothing or below what is held."""
    customer, headers = floor.someone(client.dice)
    operation = floor.begin("look", "customer", customer)
    await client.send(operation, "GET", f"{floor.bank.url('customer')}/v1/me/points", headers)
    for wallet in operation.answer.get("wallets", []):
        if not 0 <= wallet["available"] <= wallet["balance"] - wallet["held"]:
            floor.history.fault(f"{customer} saw {wallet}")


async def expire(floor: Floor, _client: Client) -> None:
    """Let points that ended expire for a few accounts, as the night does with its batches."""
    operation = floor.begin("expire", "worker", "")
    try:
        async with floor.worker() as session:
            await service.expire(session, day=clock.last_closed_day(), limit=EXPIRED_AT_ONCE)
            await session.commit()
        operation.outcome = Outcome.OK
    except (DBAPIError, OSError):
        operation.outcome = Outcome.INFO
    floor.history.end(operation, writes=True)


Act = Callable[[Floor, Client], Awaitable[None]]

MIX: Mapping[Act, int] = {
    earn: 24,
    redeem: 22,
    reserve: 4,
    order: 5,
    give: 7,
    use: 8,
    cancel: 6,
    refund: 6,
    hold: 5,
    close_hold: 5,
    adjust: 6,
    reverse: 5,
    look: 8,
    expire: 1,
}
"""How often each is done."""
