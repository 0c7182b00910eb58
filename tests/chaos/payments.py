"""Money beside points: customers buy, and the bank's payment service takes money, gives it back, and tells of it.

It stands in the process of the run, with a book of its own: what it took, and what became of that. What is refused it
gives back itself; what it has no answer to it tells again until it has one, as any payment service must.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import asyncpg
import httpx
from chaos.clients import Client
from chaos.history import Operation, Outcome
from chaos.operations import Act, Floor

SECOND_PAYMENTS, TOLD_AGAIN, WRONG_AMOUNTS = 0.1, 0.15, 0.1
"""The shares of payments by somebody who has paid, of those told once more, and of those by a fen too little."""

LATE: Final = 5
"""Payments at the end of what is not awaited any more."""

ENDING_SECONDS, LOOK_SECONDS, PAGE = 300.0, 1.0, 100
STILL_DUE: Final = "SELECT 'rdm_' || redemption_id FROM redemption_payment WHERE state = 'due'"


@dataclass
class Payment:
    """Money that was taken from a customer; `kept` is None as long as nobody knows whether the bank wants it."""

    redemption: str
    customer: str
    fen: int
    kept: bool | None = None


@dataclass
class Repayment:
    """Money that went back to a customer because units of a redemption did; `told` once the bank has heard of it."""

    redemption: str
    customer: str
    fen: int
    told: bool = False


@dataclass
class Gateway:
    """The payment service of the run: its book, by its own references, and what customers want to pay for."""

    dice: Random
    bought: list[Operation] = field(default_factory=list)
    payments: dict[str, Payment] = field(default_factory=dict)
    repayments: dict[str, Repayment] = field(default_factory=dict)

    @property
    def mix(self) -> Mapping[Act, int]:
        """How often each thing is done that has to do with money."""
        return {self.buy: 8, self.pay: 8, self.fail: 2, self.repay: 3}

    async def buy(self, floor: Floor, client: Client) -> None:
        """Let a customer redeem what also costs money; some never pay, and its time ends while the run goes on."""
        customer, headers = floor.someone(client.dice)
        right, quantity = client.dice.choice(floor.priced), client.dice.choice((1, 1, 1, 2))
        operation = floor.begin("redeem", "customer", customer, right=right, quantity=quantity)
        body = {"right_id": right, "quantity": quantity}
        await client.send(operation, "POST", f"{floor.bank.url('customer')}/v1/redemptions", headers, body)
        if operation.outcome is Outcome.OK:
            floor.redeemed.append(operation)
            self.bought.append(operation)

    async def pay(self, floor: Floor, client: Client) -> None:
        """Take money and tell of it: mostly once, now and then twice, again, a fen too little, or too late."""
        if not self.bought:
            return await self.buy(floor, client)
        if self.payments and client.dice.random() < TOLD_AGAIN:
            return await self._tell(floor, client, client.dice.choice(list(self.payments)))
        taken = {payment.redemption for payment in self.payments.values()}
        fresh = [one for one in self.bought if one.answer["id"] not in taken]
        wanted = self.bought if not fresh or client.dice.random() < SECOND_PAYMENTS else fresh
        bought = client.dice.choice(wanted)
        fen = due_of(bought) - (client.dice.random() < WRONG_AMOUNTS)
        return await self._tell(floor, client, self._take(bought, fen))

    async def fail(self, floor: Floor, client: Client) -> None:
        """Tell that a payment failed; some were paid, or given up, before."""
        if not self.bought:
            return await self.buy(floor, client)
        bought = client.dice.choice(self.bought[-20:])
        redemption = bought.answer["id"]
        operation = floor.begin("payment-failed", "bank", bought.customer, redemption=redemption)
        url = f"{floor.bank.url('bank')}/v1/redemptions/{redemption}/payment-failed"
        await client.send(operation, "POST", url, floor.tokens["gateway"])
        return None

    async def repay(self, floor: Floor, client: Client) -> None:
        """Look at what is to be repaid, and repay the first; two do so at once, and more becomes due meanwhile."""
        if listed := await self._listed(floor, client):
            await self._repay(floor, client, client.dice.choice(listed[:3]))

    async def let_money_end(self, floor: Floor, client: Client) -> None:
        """Tell again what is not known, wait for what is not paid, pay some too late, repay all; or that is a fault."""
        deadline = time.monotonic() + ENDING_SECONDS
        for reference in [name for name, payment in self.payments.items() if payment.kept is None]:
            while self.payments[reference].kept is None and time.monotonic() < deadline:
                await self._tell(floor, client, reference)
        await _until_none_is_due(floor, deadline)
        for bought in self.dice.sample(self.bought, min(LATE, len(self.bought))):
            await self._tell(floor, client, self._take(bought, due_of(bought)))
        while (listed := await self._listed(floor, client)) and time.monotonic() < deadline:
            for due in listed:
                await self._repay(floor, client, due)
        if listed:
            floor.history.fault(f"{len(listed)} redemptions are not repaid: {listed[0]}")

    def _take(self, bought: Operation, fen: int) -> str:
        """Take money from a customer, under a reference of its own."""
        reference = f"P{len(self.payments):05}"
        self.payments[reference] = Payment(bought.answer["id"], bought.customer, fen)
        return reference

    async def _tell(self, floor: Floor, client: Client, reference: str) -> None:
        """Tell that money was taken; what is refused goes back, and each reference has one answer for good."""
        payment = self.payments[reference]
        facts = {"redemption": payment.redemption, "reference": reference, "fen": payment.fen}
        operation = floor.begin("paid", "bank", payment.customer, **facts)
        await _post(floor, client, operation)
        if operation.outcome is Outcome.INFO:
            return
        kept = operation.outcome is Outcome.OK
        if payment.kept not in {None, kept}:
            floor.history.fault(f"{reference} was taken and refused: operation {operation.number}")
        payment.kept = kept

    async def _listed(self, floor: Floor, client: Client) -> list[dict[str, Any]]:
        operation = floor.begin("repayments", "bank", "")
        url = f"{floor.bank.url('bank')}/v1/redemption-repayments?limit={PAGE}"
        await client.send(operation, "GET", url, floor.tokens["gateway"])
        found: list[dict[str, Any]] = operation.answer["items"] if operation.outcome is Outcome.OK else []
        return found

    async def _repay(self, floor: Floor, client: Client, due: dict[str, Any]) -> None:
        """Give money back and tell of it. Whoever read the same line gives it back under the same reference, once."""
        redemption, before = due["redemption_id"], fen_of(due["repaid"])
        reference = f"R{before}-{redemption}"
        back = self.repayments.setdefault(
            reference, Repayment(redemption, due["customer_id"], fen_of(due["repayable"]) - before)
        )
        facts = {"redemption": redemption, "reference": reference, "fen": back.fen}
        operation = floor.begin("repaid", "bank", back.customer, **facts)
        await _post(floor, client, operation)
        if operation.outcome is Outcome.FAIL:
            floor.history.fault(f"{reference} was repaid, and the bank says {operation.code}")
        back.told = back.told or operation.outcome is Outcome.OK


def fen_of(cny: str) -> int:
    """Read an amount as the ports write it."""
    whole, _, part = cny.partition(".")
    return int(whole) * 100 + int(part)


def due_of(bought: Operation) -> int:
    """Return what a redemption costs in money, in fen."""
    return fen_of(bought.answer["payment"]["amount"])


async def _post(floor: Floor, client: Client, operation: Operation) -> None:
    facts = operation.facts
    url = f"{floor.bank.url('bank')}/v1/redemptions/{facts['redemption']}/{operation.kind}"
    amount = f"{facts['fen'] // 100}.{facts['fen'] % 100:02}"
    body = {"amount": amount, "reference": facts["reference"]}
    await client.send(operation, "POST", url, floor.tokens["gateway"], body)


async def _until_none_is_due(floor: Floor, deadline: float) -> None:
    """Wait for the worker to end what was not paid: the time to pay is a minute."""
    connection = await asyncpg.connect(floor.bank.admin_url)
    try:
        while left := await connection.fetch(STILL_DUE):
            if time.monotonic() > deadline:
                floor.history.fault(f"{len(left)} redemptions still wait for money: {left[0][0]}")
                return
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await connection.close()


async def let_money_end(floor: Floor, gateway: Gateway, *, seed: int) -> None:
    """Let all that has to do with money end, with nothing being killed any more."""
    async with httpx.AsyncClient() as http:
        await gateway.let_money_end(floor, Client(http, floor.history, Random(f"{seed} money")))
