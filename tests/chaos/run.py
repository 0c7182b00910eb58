"""`make chaos SEED=n`: mixed operations on the whole product while its parts are killed (trust: T-CHAOS-1 to 3).

The seed decides who does what, in which order, what is killed and after how many operations. How the machine
interleaves them it does not decide: the history shows what happened.
"""

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle, islice
from pathlib import Path
from random import Random

import httpx
from chaos.bank import PORTS, Bank, open_bank, serve
from chaos.checker import check, summary
from chaos.clients import Client
from chaos.history import History, Operation, Outcome
from chaos.operations import MIX, Act, Floor
from chaos.payments import Gateway, let_money_end
from chaos.payments_checker import check_payments
from chaos.setting import furnish_floor
from chaos.supplier import Supplier, let_orders_end, supplied

from guibin_tools.supervisor.services import WORKER
from guibin_tools.trail import check_trail

CLIENTS = 32
SERVICE_SECONDS = 15.0
POSTGRES_SECONDS = 30.0
BUSY_MACHINE = 4
"""So many times what a process takes to start it may take until writes go on, where that is longer."""

ORDER_SECONDS = 10.0
"""So long the death of the worker waits for an order to fall over."""

PROGRESS_EVERY = 500
FOLDER = Path(__file__).parents[2] / ".guibin" / "chaos"


class Victim(StrEnum):
    """What is killed."""

    CUSTOMER_PORT = "customer port"
    BANK_PORT = "bank port"
    BACKEND = "backend"
    POSTGRES = "Postgres"
    WORKER = "worker"


@dataclass(frozen=True)
class Plan:
    """How much of everything, from which seed."""

    seed: int
    operations: int = 10_000
    kills: int = 50

    def victims(self) -> list[tuple[int, Victim]]:
        """Return what is killed after how many operations, each kind as often as any other."""
        dice = Random(f"{self.seed} victims")
        victims = list(islice(cycle(Victim), self.kills))
        dice.shuffle(victims)
        moments = sorted(dice.randint(self.operations // 20, self.operations * 9 // 10) for _ in victims)
        return list(zip(moments, victims, strict=True))


async def run(plan: Plan, path: Path) -> History:
    """Carry a plan out, write its history and return it; `faults` of it are everything that was found wrong."""
    history = History(path)
    with history.open():
        async with open_bank() as bank, furnish_floor(bank, history, seed=plan.seed) as floor:
            await serve(bank)
            gateway = Gateway(Random(f"{plan.seed} gateway"))
            async with supplied(floor, seed=plan.seed) as supplier:
                await _let_loose(floor, supplier, plan, {**MIX, **gateway.mix})
                await let_orders_end(floor, supplier)
                _say(f"{len(supplier.orders)} orders, {supplier.posts} calls; the worker fell over {supplier.fallen}")
            await let_money_end(floor, gateway, seed=plan.seed)
            for found in await bank.violations():
                history.fault(f"at the end: {found}")
            for found in await check(history, bank.admin_url, supplier.orders):
                history.fault(found)
            for found in await check_payments(history, bank.admin_url, gateway):
                history.fault(found)
            await _check_trail(bank, history)
    return history


async def _let_loose(floor: Floor, supplier: Supplier, plan: Plan, mix: Mapping[Act, int]) -> None:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=CLIENTS)
    async with httpx.AsyncClient(limits=limits) as http, asyncio.TaskGroup() as tasks:
        killing = tasks.create_task(_kill(floor, supplier, plan))
        clients = [
            tasks.create_task(_act(floor, Client(http, floor.history, Random(f"{plan.seed} {number}")), plan, mix))
            for number in range(CLIENTS)
        ]
        await asyncio.wait(clients)
        await killing


async def _act(floor: Floor, client: Client, plan: Plan, mix: Mapping[Act, int]) -> None:
    """Do one thing after the other until enough is done by all together."""
    while floor.begun < plan.operations:
        floor.begun += 1
        if floor.begun % PROGRESS_EVERY == 0:
            _say(f"{floor.begun} operations")
        (act,) = client.dice.choices(list(mix), weights=list(mix.values()))
        await act(floor, client)


async def _kill(floor: Floor, supplier: Supplier, plan: Plan) -> None:
    """Kill what the plan says when it says so; after each the ledger must hold and writes must go on."""
    dice = Random(f"{plan.seed} backends")
    for moment, victim in plan.victims():
        while floor.begun < moment:  # noqa: ASYNC110 - a look now and then disturbs the clients less
            await asyncio.sleep(0.02)
        for ended in floor.bank.ended():
            floor.history.fault(f"the {ended} ended by itself")
        floor.history.write("kill", victim=victim)
        killed_at = time.monotonic()
        await _fell(floor.bank, supplier, victim, dice)
        writing = await _seconds_to_a_write(floor, victim, killed_at, plan)
        violations = await floor.bank.violations()
        for found in violations:
            floor.history.fault(f"after the death of the {victim}: {found}")
        _say(f"killed at {moment}: {victim}, writes again after {writing:.1f} s, {len(violations)} violations")


async def _fell(bank: Bank, supplier: Supplier, victim: Victim, dice: Random) -> None:
    if victim is Victim.BACKEND:
        await bank.kill_backend(dice)
    elif victim is Victim.POSTGRES:
        await bank.kill_postgres()
    elif victim is Victim.WORKER:
        await _fell_worker(bank, supplier)
    else:
        service = PORTS["customer" if victim is Victim.CUSTOMER_PORT else "bank"]
        bank.kill(service)
        await bank.restart(service)


async def _fell_worker(bank: Bank, supplier: Supplier) -> None:
    """Kill the worker when the supplier has written an order down and not answered yet; else, after a while, anyway."""
    fallen = asyncio.Event()

    def fell() -> None:
        bank.kill(WORKER)
        fallen.set()

    supplier.fell_the_worker = fell
    try:
        await asyncio.wait_for(fallen.wait(), ORDER_SECONDS)
    except TimeoutError:
        supplier.fell_the_worker = None
        bank.kill(WORKER)
    await bank.restart(WORKER)


async def _seconds_to_a_write(floor: Floor, victim: Victim, killed_at: float, plan: Plan) -> float:
    """Wait for the first write that goes through where the victim stood, and return how long after the kill it came."""
    ports = {Victim.CUSTOMER_PORT: ["customer"], Victim.BANK_PORT: ["bank"]}.get(victim, ["customer", "bank"])
    longest = SERVICE_SECONDS if victim in {Victim.CUSTOMER_PORT, Victim.BANK_PORT} else POSTGRES_SECONDS
    longest = max(longest, BUSY_MACHINE * floor.bank.start_seconds)
    while floor.begun < plan.operations:
        waited = time.monotonic() - killed_at
        if all(floor.history.wrote_at.get(port, 0.0) > killed_at for port in ports):
            return waited
        if waited > longest:
            floor.history.fault(f"no write went through within {longest:.0f} s of the death of the {victim}")
            return waited
        await asyncio.sleep(0.02)
    return time.monotonic() - killed_at


async def _check_trail(bank: Bank, history: History) -> None:
    verdict = await check_trail(bank.settings)
    if verdict.finding is not None:
        history.fault(f"I11: the audit trail is broken: {verdict.finding}")


def _say(sentence: str) -> None:
    print(f"  {sentence}", flush=True)  # noqa: T201 - a command speaks


def report(plan: Plan, history: History, seconds: float) -> None:
    """Print seed, history, what was done and the verdict."""
    unknown = [one for one in history.operations if one.outcome is Outcome.INFO]
    for fault in history.faults[:20]:
        _say(fault)
    _say(summary(history.operations))
    _say(f"most tries {max(_tries(history.operations))}, {len(unknown)} ends unknown, {seconds:.0f} s")
    verdict = f"{len(history.faults)} VIOLATIONS" if history.faults else "0 violations"
    print(f"seed {plan.seed}: {plan.operations} operations, {plan.kills} kills, {verdict}; {history.path}", flush=True)  # noqa: T201


def _tries(operations: Sequence[Operation]) -> list[int]:
    return [one.tries for one in operations] or [0]


def main(arguments: Sequence[str]) -> int:
    """Run one seed, or five without one: SEED [OPERATIONS KILLS]. Returns the exit code."""
    seed, *size = (int(argument) for argument in arguments) if arguments else (0,)
    wrong = 0
    for one in [seed] if arguments else range(1, 6):
        plan = Plan(one, *size)
        print(f"seed {one}", flush=True)  # noqa: T201 - a command speaks
        began = time.monotonic()
        history = asyncio.run(run(plan, FOLDER / f"seed-{one}.jsonl"))
        report(plan, history, time.monotonic() - began)
        wrong += bool(history.faults)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
