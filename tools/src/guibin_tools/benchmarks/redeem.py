"""What a redemption over HTTP costs today: against a hello, and against its ledger function called without HTTP.

The goals G1 to G3, G5 and G6 are of the function `rights_redeem`. As long as a redemption is several statements, the
figures show how far it is from them, and no floor is held.
"""

import asyncio
import json
import re
import tempfile
from collections.abc import Callable, Sequence
from itertools import count, cycle
from pathlib import Path
from uuid import UUID

import typer

from guibin.security.row_scope import WHOLE_BANK
from guibin_tools.benchmarks.load import get, post
from guibin_tools.benchmarks.machine import describe_machine, fresh_database
from guibin_tools.benchmarks.processor import tree_cpu_us
from guibin_tools.benchmarks.rounds import Sample, Side, cpu_ratio, interleaved, ratio, show
from guibin_tools.benchmarks.served import postmaster_of, served
from guibin_tools.benchmarks.shop import PRICE, Shop, open_shop
from guibin_tools.databases import given_urls
from guibin_tools.errors import OperatorError
from guibin_tools.postgres.binaries import locate_binaries
from guibin_tools.roles import driver_url
from guibin_tools.settings import OperatorSettings, child_environment

CUSTOMERS = 200
PGBENCH_CLIENTS = 8
_TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
_DONE = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)


def bench_redeem() -> bool:
    """Print redemptions over HTTP, with and without a hot stock, the ledger's function alone, and the hello."""
    with fresh_database() as settings, tempfile.TemporaryDirectory(prefix="guibin-bench-") as folder:
        shop = asyncio.run(open_shop(settings, customers=CUSTOMERS))
        postmaster = asyncio.run(postmaster_of(settings))
        with served(settings, postmaster) as running:
            sides = {
                "redeem": running.asking(_requests(shop, shop.unbounded)),
                "redeem on one stock": running.asking(_requests(shop, shop.counted)),
                "points_post by pgbench": _pgbench(settings, shop.customers, Path(folder), postmaster),
                "hello": running.greeting(get("/healthz")),
            }
            samples = asyncio.run(interleaved(sides))
    show(samples)
    for name in ("redeem", "redeem on one stock"):
        to_post = ratio(samples, name, "points_post by pgbench")
        typer.echo(f"{name}: {to_post:.0%} of points_post, {cpu_ratio(samples, name, 'hello'):.1f} times a hello's CPU")
    typer.echo(f"redeem: rights_redeem is not there, so no goal is measured and no floor held; {describe_machine()}")
    return True


def _requests(shop: Shop, right: str) -> Callable[[], bytes]:
    """Return what makes requests: customers in turn, each call under a key of its own."""
    tokens, numbers = cycle(shop.tokens), count()
    body = json.dumps({"right_id": right, "quantity": 1}).encode()
    return lambda: post("/v1/redemptions", next(tokens), f"{right[-8:]}-{next(numbers)}", body)


def _pgbench(settings: OperatorSettings, customers: Sequence[UUID], folder: Path, postmaster: int) -> Side:
    """Return the side that posts the same spends by pgbench, as the customer port's role: one function call each."""
    program = locate_binaries(settings.pg_bin).program("pgbench")
    script = folder / "post.sql"
    ids = ", ".join(f"'{customer}'" for customer in customers)
    script.write_text(
        f"\\set n random(1, {len(customers)})\n"
        f"SELECT outcome FROM points_post((ARRAY[{ids}]::uuid[])[:n], 'reward', 'redeem', {PRICE}, gen_random_uuid(),"
        " NULL, NULL, NULL, NULL, '测试', 'bench', 'redemption', gen_random_uuid()::text, gen_random_uuid(), now(),"
        " current_date);\n",
        encoding="utf-8",
    )
    url = driver_url(given_urls(settings).customer)

    async def side(seconds: float) -> Sample:
        before = tree_cpu_us(postmaster)
        options = ["-n", "-M", "prepared", "-c", f"{PGBENCH_CLIENTS}", "-j", "2", "-T", f"{max(1, round(seconds))}"]
        process = await asyncio.create_subprocess_exec(
            program,
            *options,
            "-f",
            script,
            url,
            env=child_environment(PGOPTIONS=f"-c guibin.scope={WHOLE_BANK}"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output = (await process.communicate())[0].decode()
        rate, done = _TPS.search(output), _DONE.search(output)
        if process.returncode != 0 or rate is None or done is None:
            raise OperatorError(f"pgbench failed:\n{output}")
        return Sample(float(rate[1]), postgres_us=(tree_cpu_us(postmaster) - before) / int(done[1]))

    return side
