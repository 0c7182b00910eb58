"""The key that wraps all others changes while the bank is open."""

import asyncio
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from guibin.core import clock
from guibin.core.bulk import copy_rows
from guibin.core.ids import new_id
from guibin.customers.models import Customer
from guibin.customers.personal import identity_of
from guibin.security.ciphers import KeyRing
from guibin.security.key_file import KeyMaterial, read_key_file
from guibin_tools.settings import child_environment
from support.commands import Done, guibin
from support.house import EAST, House

NAME = "欧阳锋"
COLUMNS = (
    *("id", "party_type", "status", "branch_id", "gender", "data_key", "name_enc", "name_idx"),
    *("leading_line", "created_at"),
)


def environment(house: House, folder: Path) -> dict[str, str]:
    """Return the settings of an operator with a copy of the house's keys."""
    keys_file = folder / "keys.json"
    shutil.copy(house.settings.effective_keys_file, keys_file)
    return {
        "GUIBIN_KEYS_FILE": str(keys_file),
        "GUIBIN_STATE_DIR": str(folder),
        "GUIBIN_DATABASE_URL": house.database.owner_url,
        "GUIBIN_CUSTOMER_DATABASE_URL": house.database.customer_url,
        "GUIBIN_BANK_DATABASE_URL": house.database.bank_url,
        "GUIBIN_WORKER_DATABASE_URL": house.database.worker_url,
    }


async def run(*arguments: str, env: dict[str, str]) -> Done:
    """Run a command beside the test's event loop: it starts a loop of its own."""
    return await asyncio.to_thread(lambda: guibin(*arguments, env=env))


async def add_customers(house: House, number: int) -> list[UUID]:
    """Put customers with names of their own keys into the house, many at once."""
    ids = [new_id() for _ in range(number)]
    rows = []
    for customer_id in ids:
        wrapped = house.keys.new_data_key(customer_id)
        name = house.keys.open_data_key(wrapped, customer_id).encrypt(NAME, "customer", "name_enc", customer_id)
        row = (customer_id, "person", "active", house.branches[EAST].id, "U", wrapped, name, b"", "personal_finance")
        rows.append((*row, clock.now()))
    async with house.sessions() as session:
        await copy_rows(session, "customer", COLUMNS, rows)
        await session.commit()
    return ids


async def versions(house: House) -> dict[int, int]:
    """Count the customers by the version of the key-encryption key that wraps their data key."""
    query = text("SELECT get_byte(data_key, 3), count(*) FROM customer GROUP BY 1")
    async with house.sessions() as session:
        return {row[0]: row[1] for row in await session.execute(query)}


async def test_a_rotated_key_wraps_everything_and_a_service_that_runs_reads_on(house: House, tmp_path: Path) -> None:
    env = environment(house, tmp_path)
    serving = KeyRing.load(tmp_path / "keys.json")
    customer_id = (await add_customers(house, 30))[-1]
    for arguments in (["keys", "add"], ["keys", "use", "2"], ["keys", "rewrap"]):
        done = await run(*arguments, env=env)
        assert done.code == 0, done.err
    assert await versions(house) == {2: 30}
    async with house.sessions() as session:
        customer = await session.get(Customer, customer_id)
    assert customer is not None
    name = identity_of(serving, customer).name
    assert name is not None
    assert name.value == NAME
    assert (await run("keys", "rewrap", env=env)).out.startswith("0 data keys")


async def test_a_version_that_is_not_there_cannot_be_used(house: House, tmp_path: Path) -> None:
    done = await run("keys", "use", "7", env=environment(house, tmp_path))
    assert (done.code, done.err.strip()) == (1, "There is no version 7; there is: 1.")


async def test_a_national_key_file_is_made_once(tmp_path: Path) -> None:
    env = {"GUIBIN_KEYS_FILE": str(tmp_path / "gm.json")}
    arguments = ("keys", "create", "--cipher", "sm4-gcm", "--index-hash", "sm3")
    assert (await run(*arguments, env=env)).code == 0
    material: KeyMaterial = read_key_file(tmp_path / "gm.json")
    assert (material.cipher, material.index_hash) == ("sm4-gcm", "sm3")
    assert "never overwritten" in (await run(*arguments, env=env)).err


@pytest.mark.nightly
async def test_t_pii_5_a_hundred_thousand_keys_rotate_online_and_a_killed_run_is_taken_up(
    house: House, tmp_path: Path
) -> None:
    env = environment(house, tmp_path)
    serving = KeyRing.load(tmp_path / "keys.json")
    ids = await add_customers(house, 100_000)
    assert (await run("keys", "add", env=env)).code == 0
    assert (await run("keys", "use", "2", env=env)).code == 0
    stop = asyncio.Event()
    reader = asyncio.create_task(read_until(stop, house, serving, ids))
    started = time.monotonic()
    killed = rewrapping(env)
    while (await versions(house)).get(2, 0) < 10_000:
        assert killed.poll() is None
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert (await versions(house))[1] > 0
    assert await asyncio.to_thread(rewrapping(env).wait) == 0
    took = time.monotonic() - started
    stop.set()
    assert await reader > 100
    assert await versions(house) == {2: 100_000}
    assert took < 600
    print(f"100,000 data keys wrapped again in {took:.0f} s beside {reader.result()} reads")  # noqa: T201 - the figure


def rewrapping(env: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "guibin_tools", "keys", "rewrap"]
    return subprocess.Popen(command, env=child_environment(**env), stdout=subprocess.DEVNULL)  # noqa: S603 - our own command


async def read_until(stop: asyncio.Event, house: House, keys: KeyRing, ids: Sequence[UUID]) -> int:
    """Read names until told to stop; a name that cannot be read fails the test. Returns how many were read."""
    chooser, read = random.Random(7), 0
    while not stop.is_set():
        async with house.sessions() as session:
            customer = await session.get(Customer, chooser.choice(ids))
            assert customer is not None
            assert identity_of(keys, customer).name is not None
        read += 1
        await asyncio.sleep(0.005)
    return read
