"""G4: the balance over HTTP, authenticated and with warm tokens, against a hello on the same server.

Beside it stands the bare balance: what the same statement allows on this machine before anything of ours is done.
"""

import asyncio
from collections.abc import Sequence
from itertools import cycle

import typer

from guibin_tools.benchmarks.load import ask_times, get
from guibin_tools.benchmarks.machine import describe_machine, fresh_database
from guibin_tools.benchmarks.processor import cpu_us
from guibin_tools.benchmarks.rounds import cpu_ratio, interleaved, ratio, show
from guibin_tools.benchmarks.served import Served, postmaster_of, served
from guibin_tools.benchmarks.shop import open_shop

CUSTOMERS = 200
GOAL, FLOOR = 0.60, 0.45


def bench_balance() -> bool:
    """Print the balance beside the hello and the bare one; say whether the ratio kept its floor."""
    with fresh_database() as settings:
        shop = asyncio.run(open_shop(settings, customers=CUSTOMERS))
        turn = cycle([get("/v1/me/points", token) for token in shop.tokens])
        bare = cycle([get(f"/{customer_id}") for customer_id in shop.customers])
        with served(settings, asyncio.run(postmaster_of(settings))) as running:
            cold = asyncio.run(_cold(running, [get("/v1/me/points", token) for token in shop.tokens]))
            sides = {
                "balance": running.asking(lambda: next(turn)),
                "hello": running.greeting(get("/healthz")),
                "bare balance": running.asking_bare(lambda: next(bare)),
            }
            samples = asyncio.run(interleaved(sides))
    show(samples)
    found, most = (ratio(samples, side, "hello") for side in ("balance", "bare balance"))
    typer.echo(f"balance: {found:.0%} of the hello (goal {GOAL:.0%}, floor {FLOOR:.0%}); bare it would be {most:.0%}")
    typer.echo(f"balance: {cold:.0f} us of CPU of the port for a token that it has not seen")
    typer.echo(f"balance: {cpu_ratio(samples, 'balance', 'hello'):.1f} times its CPU; {describe_machine()}")
    return found >= FLOOR


async def _cold(running: Served, requests: Sequence[bytes]) -> float:
    """Return the port's CPU for a call with a token that it sees for the first time; it has seen all of them then."""
    first, others = requests[0], iter(requests[1:])
    await ask_times(running.port, lambda: first, times=len(requests))
    before = cpu_us(running.process)
    answered = await ask_times(running.port, lambda: next(others), times=len(requests) - 1, connections=1)
    return (cpu_us(running.process) - before) / answered
