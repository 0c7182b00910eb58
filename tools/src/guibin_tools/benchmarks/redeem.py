"""What a redemption over HTTP is held against: the function alone, a hello, the same written plainly.

`rights_redeem` straight from pgbench (G1), on one hot stock (G2), with a transfer of pgledger beside it where its SQL
files are named (G3); an endpoint written plainly (G5); the hello (G6). What pgbench calls writes all that a
redemption over HTTP writes, key and answer included; it decides nothing.
"""

import asyncio
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from itertools import count, cycle
from pathlib import Path

import asyncpg
import typer

from guibin_tools.benchmarks.load import get, post
from guibin_tools.benchmarks.machine import describe_machine, fresh_database
from guibin_tools.benchmarks.pgbench import Pgbench
from guibin_tools.benchmarks.pgledger import SCHEMA, set_up_pgledger
from guibin_tools.benchmarks.rounds import SECONDS, Samples, Side, cpu_ratio, interleaved, ratio, show
from guibin_tools.benchmarks.served import Served, plainly_served, postmaster_of, served
from guibin_tools.benchmarks.shop import PRICE, Shop, open_shop
from guibin_tools.databases import given_urls
from guibin_tools.roles import driver_url
from guibin_tools.settings import OperatorSettings

CUSTOMERS = 200
_HEAD = '{"id":"rdm_0","right_id":"rgt_0","quantity":1,"state":"confirmed","points_charged":10,"lots":'
"""About as much as an answer is."""

GOALS = {"G1": (0.40, 0.25), "G2": (1.3, 0.9), "G3": (3, 2.5), "G5": (8, 5), "G6": (2.2, 3.0)}
"""Goal and floor of each; G6 is a cost, all others are rates."""


def bench_redeem(pgledger: Sequence[Path] = ()) -> bool:
    """Print redemptions over HTTP, with and without a hot stock, the function alone on the same, and what they meet."""
    with fresh_database() as settings, tempfile.TemporaryDirectory(prefix="guibin-bench-") as folder:
        shop = asyncio.run(open_shop(settings, customers=CUSTOMERS))
        postmaster = asyncio.run(postmaster_of(settings))
        with served(settings, postmaster) as running, plainly_served(settings, running) as plain:
            sides = _sides(running, plain, shop) | _in_sql(settings, Path(folder), postmaster, shop, pgledger)
            samples = asyncio.run(_measure(settings, sides))
    show(samples)
    found = ratios_of(samples)
    for name, value in found.items():
        goal, floor = GOALS[name]
        typer.echo(f"{name}: {value:.2f} (goal {goal}, floor {floor})")
    if not pgledger:
        typer.echo("G3 is left out: pgledger is not part of this repository; name its SQL files with PGLEDGER=")
    typer.echo(f"redeem: {describe_machine()}")
    return all(value <= GOALS[name][1] if name == "G6" else value >= GOALS[name][1] for name, value in found.items())


def _sides(running: Served, plain: Served, shop: Shop) -> dict[str, Side]:
    return {
        "redeem": running.asking(_requests(shop, shop.unbounded, "a")),
        "redeem on one stock": running.asking(_requests(shop, shop.counted, "b")),
        "written plainly": plain.asking(_requests(shop, shop.unbounded, "c")),
        "hello": running.greeting(get("/healthz")),
    }


def _in_sql(
    settings: OperatorSettings, folder: Path, postmaster: int, shop: Shop, pgledger: Sequence[Path]
) -> dict[str, Side]:
    bench, urls = Pgbench(settings, folder, postmaster), given_urls(settings)
    sides = {
        "rights_redeem": bench.calling("free", _written(shop, shop.unbounded), url=urls.customer),
        "rights_redeem on one stock": bench.calling("hot", _written(shop, shop.counted), url=urls.customer),
    }
    if pgledger:
        script = asyncio.run(set_up_pgledger(urls.owner, pgledger, accounts=CUSTOMERS))
        sides["pgledger"] = bench.calling("pgledger", script, url=urls.owner, schema=SCHEMA)
    return sides


def ratios_of(samples: Samples) -> dict[str, float]:
    """Return each ratio whose two sides were measured."""
    found = {
        "G1": ratio(samples, "redeem", "rights_redeem"),
        "G2": ratio(samples, "redeem on one stock", "rights_redeem on one stock"),
        "G5": ratio(samples, "redeem", "written plainly"),
        "G6": cpu_ratio(samples, "redeem", "hello"),
    }
    if "pgledger" in samples:
        found["G3"] = ratio(samples, "rights_redeem", "pgledger")
    return dict(sorted(found.items()))


async def _measure(settings: OperatorSettings, sides: Mapping[str, Side]) -> Samples:
    """Let the sides work in turn, with figures of the tables as a day later."""
    owner = await asyncpg.connect(driver_url(given_urls(settings).owner))
    try:
        await sides["redeem"](SECONDS)
        await owner.execute("ANALYZE")
    finally:
        await owner.close()
    return await interleaved(sides)


def _requests(shop: Shop, right: str, series: str) -> Callable[[], bytes]:
    """Return what makes requests: customers in turn, each call under a key of its own."""
    tokens, numbers = cycle(shop.tokens), count()
    body = json.dumps({"right_id": right, "quantity": 1}).encode()
    return lambda: post("/v1/redemptions", next(tokens), f"{series}-{next(numbers)}", body)


def _written(shop: Shop, right: str) -> str:
    """Return the script that lets a customer in and redeems, one statement as over HTTP: the customer is drawn."""
    ids = ", ".join(f"'{customer}'" for customer in shop.customers)
    right_id = right.removeprefix("rgt_")
    return f"""
\\set n random(1, {len(shop.customers)})
SELECT w.outcome FROM (SELECT (ARRAY[{ids}]::uuid[])[:n] AS customer, gen_random_uuid() AS id, now() AS at) AS d
 CROSS JOIN LATERAL customer_enter(d.customer, NULL, d.at) AS e
 CROSS JOIN LATERAL (SELECT r.outcome FROM rights_redeem(jsonb_build_object(
   'redemption', jsonb_build_object('customer_id', d.customer, 'id', d.id, 'right_id', '{right_id}',
     'right_revision', 1, 'quantity', 1, 'quota_used', 0, 'points_charged', {PRICE}, 'wallet', 'reward',
     'quantity_refunded', 0, 'quota_refunded', 0, 'points_refunded', 0, 'companions', 0, 'guest_quota_used', 0,
     'cost_fen', 0, 'state', 'confirmed', 'fulfilment', 'hand_out', 'created_at', d.at, 'actor_id', d.customer),
   'asked', jsonb_build_object('customer', d.customer, 'right', '{right_id}', 'at', d.at, 'day', current_date,
     'starts', jsonb_build_object('day', current_date)),
   'entry', jsonb_build_object('id', gen_random_uuid(), 'reason_zh', '兑换：机场贵宾厅', 'reason_en', 'Redeemed'),
   'event', jsonb_build_object('id', gen_random_uuid(), 'type', 'redemption.confirmed',
     'payload', jsonb_build_object('right_id', '{right}', 'quantity', 1, 'wallet', 'reward', 'fulfilment', 'hand_out',
     'points', {PRICE})),
   'scarce', jsonb_build_object('id', gen_random_uuid(), 'codes', 20),
   'key', jsonb_build_object('key', d.id, 'fingerprint', repeat('00', 32)),
   'answer', jsonb_build_object('key', d.id, 'head', '{_HEAD}', 'tail', '}}'))) AS r WHERE e.in_force OFFSET 0) AS w;
"""  # noqa: S608 - ids of our own
