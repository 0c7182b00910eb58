"""Redemptions over HTTP against `rights_redeem` straight from pgbench (G1), on one hot stock (G2), the hello (G6).

What pgbench calls writes all that a redemption over HTTP writes, key and answer included; it decides nothing. G3 needs
the SQL of pgledger, which is not part of this repository, and is left out.
"""

import asyncio
import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path

import asyncpg
import typer

from guibin_tools.benchmarks.load import get, post
from guibin_tools.benchmarks.machine import describe_machine, fresh_database
from guibin_tools.benchmarks.processor import tree_cpu_us
from guibin_tools.benchmarks.rounds import SECONDS, Sample, Samples, Side, cpu_ratio, interleaved, ratio, show
from guibin_tools.benchmarks.served import postmaster_of, served
from guibin_tools.benchmarks.shop import PRICE, Shop, open_shop
from guibin_tools.databases import given_urls
from guibin_tools.errors import OperatorError
from guibin_tools.postgres.binaries import locate_binaries
from guibin_tools.roles import driver_url
from guibin_tools.settings import OperatorSettings, child_environment

CUSTOMERS = 200
PGBENCH_CLIENTS = 8
_HEAD = '{"id":"rdm_0","right_id":"rgt_0","quantity":1,"state":"confirmed","points_charged":10,"lots":'
"""About as much as an answer is."""
_TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
_DONE = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)


GOALS = {"G1": (0.40, 0.25), "G2": (1.3, 0.9), "G6": (2.2, 3.0)}
"""Goal and floor of each."""


def bench_redeem() -> bool:
    """Print redemptions over HTTP, with and without a hot stock, the function alone on the same, and the hello."""
    with fresh_database() as settings, tempfile.TemporaryDirectory(prefix="guibin-bench-") as folder:
        shop = asyncio.run(open_shop(settings, customers=CUSTOMERS))
        postmaster = asyncio.run(postmaster_of(settings))
        with served(settings, postmaster) as running:
            bench = _Pgbench(settings, Path(folder), postmaster)
            sides = {
                "redeem": running.asking(_requests(shop, shop.unbounded)),
                "redeem on one stock": running.asking(_requests(shop, shop.counted)),
                "rights_redeem": bench.calling("free", _written(shop, shop.unbounded)),
                "rights_redeem on one stock": bench.calling("hot", _written(shop, shop.counted)),
                "hello": running.greeting(get("/healthz")),
            }
            samples = asyncio.run(_measure(settings, sides))
    show(samples)
    found = {
        "G1": ratio(samples, "redeem", "rights_redeem"),
        "G2": ratio(samples, "redeem on one stock", "rights_redeem on one stock"),
        "G6": cpu_ratio(samples, "redeem", "hello"),
    }
    for name, (goal, floor) in GOALS.items():
        typer.echo(f"{name}: {found[name]:.2f} (goal {goal}, floor {floor})")
    typer.echo(f"redeem: G3 is left out, pgledger is not here; {describe_machine()}")
    return found["G1"] >= GOALS["G1"][1] and found["G2"] >= GOALS["G2"][1] and found["G6"] <= GOALS["G6"][1]


async def _measure(settings: OperatorSettings, sides: Mapping[str, Side]) -> Samples:
    """Let the sides work in turn, with figures of the tables as a day later."""
    owner = await asyncpg.connect(driver_url(given_urls(settings).owner))
    try:
        await sides["redeem"](SECONDS)
        await owner.execute("ANALYZE")
    finally:
        await owner.close()
    return await interleaved(sides)


def _requests(shop: Shop, right: str) -> Callable[[], bytes]:
    """Return what makes requests: customers in turn, each call under a key of its own."""
    tokens, numbers = cycle(shop.tokens), count()
    body = json.dumps({"right_id": right, "quantity": 1}).encode()
    return lambda: post("/v1/redemptions", next(tokens), f"{right[-8:]}-{next(numbers)}", body)


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
   'event', jsonb_build_object('id', gen_random_uuid(), 'payload', jsonb_build_object('right_id', '{right}',
     'quantity', 1, 'wallet', 'reward', 'fulfilment', 'hand_out', 'points', {PRICE})),
   'scarce', jsonb_build_object('id', gen_random_uuid(), 'codes', 20),
   'key', jsonb_build_object('key', d.id, 'fingerprint', repeat('00', 32)),
   'answer', jsonb_build_object('key', d.id, 'head', '{_HEAD}', 'tail', '}}'))) AS r WHERE e.in_force OFFSET 0) AS w;
"""  # noqa: S608 - ids of our own


@dataclass(frozen=True)
class _Pgbench:
    settings: OperatorSettings
    folder: Path
    postmaster: int

    def calling(self, name: str, script: str) -> Side:
        """Return the side that runs a script as the customer port's role."""
        file = self.folder / f"{name}.sql"
        file.write_text(script, encoding="utf-8")

        async def side(seconds: float) -> Sample:
            before = tree_cpu_us(self.postmaster)
            output = await self._run(file, seconds)
            rate, done = _TPS.search(output), _DONE.search(output)
            if rate is None or done is None:
                raise OperatorError(f"pgbench failed:\n{output}")
            return Sample(float(rate[1]), postgres_us=(tree_cpu_us(self.postmaster) - before) / int(done[1]))

        return side

    async def _run(self, file: Path, seconds: float) -> str:
        program = locate_binaries(self.settings.pg_bin).program("pgbench")
        options = ["-n", "-M", "prepared", "-c", f"{PGBENCH_CLIENTS}", "-j", "2", "-T", f"{max(1, round(seconds))}"]
        process = await asyncio.create_subprocess_exec(
            program,
            *options,
            "-f",
            file,
            driver_url(given_urls(self.settings).customer),
            env=child_environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output = (await process.communicate())[0].decode()
        if process.returncode != 0:
            raise OperatorError(f"pgbench failed:\n{output}")
        return output
