"""G4: the balance over HTTP, authenticated and with warm tokens, against a hello on the same server."""

import asyncio
from itertools import cycle

import typer

from guibin_tools.benchmarks.load import get
from guibin_tools.benchmarks.machine import describe_machine, fresh_database
from guibin_tools.benchmarks.rounds import cpu_ratio, interleaved, ratio, show
from guibin_tools.benchmarks.served import postmaster_of, served
from guibin_tools.benchmarks.shop import open_shop

CUSTOMERS = 200
GOAL, FLOOR = 0.60, 0.45


def bench_balance() -> bool:
    """Print the balance beside the hello; say whether the ratio kept its floor."""
    with fresh_database() as settings:
        shop = asyncio.run(open_shop(settings, customers=CUSTOMERS))
        turn = cycle([get("/v1/me/points", token) for token in shop.tokens])
        with served(settings, asyncio.run(postmaster_of(settings))) as running:
            sides = {"balance": running.asking(lambda: next(turn)), "hello": running.greeting(get("/healthz"))}
            samples = asyncio.run(interleaved(sides))
    show(samples)
    found = ratio(samples, "balance", "hello")
    typer.echo(f"balance: {found:.0%} of the hello (goal {GOAL:.0%}, floor {FLOOR:.0%})")
    typer.echo(f"balance: {cpu_ratio(samples, 'balance', 'hello'):.1f} times its CPU; {describe_machine()}")
    return found >= FLOOR
