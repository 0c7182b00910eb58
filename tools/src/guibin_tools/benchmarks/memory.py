"""G14: how much memory the customer port holds after many redemptions and looks at the balance over 32 connections."""

import asyncio
import json
from itertools import count, cycle

import typer

from guibin_tools.benchmarks.load import ask_times, get, post
from guibin_tools.benchmarks.machine import describe_machine, fresh_database
from guibin_tools.benchmarks.processor import resident_mb
from guibin_tools.benchmarks.served import postmaster_of, served
from guibin_tools.benchmarks.shop import open_shop

CUSTOMERS = 200
STEPS, REQUESTS = 5, 20_000
AT_A_STRETCH = 2_000
"""Then the queue is empty for a moment: one that stands for a minute would be overload, and some of it refused."""

GOAL_MB, FLOOR_MB = 200, 300


def bench_memory() -> bool:
    """Print the port's memory after every 20,000 requests up to 100,000; say whether it kept its floor."""
    with fresh_database() as settings:
        shop = asyncio.run(open_shop(settings, customers=CUSTOMERS))
        body = json.dumps({"right_id": shop.unbounded, "quantity": 1}).encode()
        tokens, numbers = cycle(shop.tokens), count()

        def request() -> bytes:
            number, token = next(numbers), next(tokens)
            if number % 4:
                return get("/v1/me/points", token)
            return post("/v1/redemptions", token, f"k{number}", body)

        with served(settings, asyncio.run(postmaster_of(settings))) as running:
            held = [resident_mb(running.process)]
            for _ in range(STEPS):
                for _ in range(REQUESTS // AT_A_STRETCH):
                    asyncio.run(ask_times(running.port, request, times=AT_A_STRETCH))
                held.append(resident_mb(running.process))
                typer.echo(f"memory: {held[-1]:.0f} MB after {(len(held) - 1) * REQUESTS} requests")
    typer.echo(
        f"memory: {', '.join(f'{one:.0f}' for one in held)} MB, at the start and after every {REQUESTS} requests"
    )
    typer.echo(f"goal {GOAL_MB} MB, floor {FLOOR_MB} MB, flat; {describe_machine()}")
    return max(held) <= FLOOR_MB
