"""What an operator is told when something is wrong: one sentence, exit code 1, no traceback."""

import asyncio
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from guibin.audit.service import record
from guibin.security.actors import NIGHTLY_JOB
from guibin_tools.errors import OperatorError
from guibin_tools.postgres.cluster import HOST
from guibin_tools.roles import Role
from guibin_tools.sessions import sessions_as
from guibin_tools.settings import OperatorSettings
from support.commands import Done, guibin, guibin_process
from support.databases import Database
from support.points import sessions_of
from support.sealing import seal_all

DEAD = {
    f"GUIBIN_{name}DATABASE_URL": f"postgresql+asyncpg://guibin_{role}:x@127.0.0.1:1/guibin"
    for name, role in {"": "owner", "CUSTOMER_": "customer", "BANK_": "bank", "WORKER_": "worker"}.items()
}

PORTS = ("CUSTOMER_PORT", "BANK_PORT", "SIMULATOR_PORT", "SUPPLIER_SIMULATOR_PORT", "TELEPHONY_SIMULATOR_PORT")


def state(folder: Path) -> dict[str, str]:
    """Return a folder of the test's own, and ports that nobody uses: the product may run on this machine."""
    with ExitStack() as held:  # all at once, or the same port is offered twice
        sockets = [held.enter_context(socket.create_server((HOST, 0))) for _ in PORTS]
        free = {f"GUIBIN_{name}": str(one.getsockname()[1]) for name, one in zip(PORTS, sockets, strict=True)}
    return {"GUIBIN_STATE_DIR": str(folder / "state"), **free}


def sentence(done: Done) -> str:
    """Return the one line on the error stream of a command that must fail."""
    assert done.code == 1, done.out
    assert done.err.count("\n") == 1, done.err
    return done.err.strip()


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    env = {**state(tmp_path), "GUIBIN_BANK_PORT": "eight"}
    assert sentence(guibin_process("up", env=env)).startswith("GUIBIN_BANK_PORT: ")


def test_a_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        env = {**state(tmp_path), "GUIBIN_CUSTOMER_PORT": str(port)}
        said = sentence(guibin_process("up", env=env))
    assert said == (
        f"Port {port}, wanted by the customer port, is taken by another program: "
        "stop that program or set GUIBIN_CUSTOMER_PORT."
    )


def test_two_services_on_one_port_are_refused(tmp_path: Path) -> None:
    env = state(tmp_path)
    env["GUIBIN_BANK_PORT"] = env["GUIBIN_CUSTOMER_PORT"]
    assert "must differ" in sentence(guibin_process("up", env=env))


def test_a_dead_database_is_named_by_setting_and_place_without_its_password(tmp_path: Path) -> None:
    said = sentence(guibin_process("up", env={**state(tmp_path), **DEAD}))
    assert said.startswith("The database of GUIBIN_DATABASE_URL at 127.0.0.1:1 does not answer")
    assert ":x@" not in said


@pytest.mark.parametrize("command", ["seed", "nightly", "check-ledger", "migrate"])
def test_a_command_without_any_database_says_how_to_get_one(tmp_path: Path, command: str) -> None:
    assert sentence(guibin(command, env=state(tmp_path))).startswith(
        "No database runs here: start one with `guibin up`"
    )


def test_a_token_in_production_is_refused(tmp_path: Path) -> None:
    env = {**state(tmp_path), "GUIBIN_PROFILE": "production"}
    assert "refused in the production profile" in sentence(guibin("token", "--staff", "S00001", env=env))


def test_a_token_needs_exactly_one_caller(tmp_path: Path) -> None:
    assert (
        sentence(guibin("token", env=state(tmp_path))) == "Name one of --customer, --bank-app, --staff and --service."
    )


def test_a_token_of_nobody_is_refused(tmp_path: Path, database: Database) -> None:
    env = {**state(tmp_path), **database.environment}
    assert sentence(guibin("token", "--staff", "S99999", env=env)).startswith("There is no active member of staff")


def test_seeding_twice_adds_nothing_the_second_time(tmp_path: Path, database: Database) -> None:
    env = {**state(tmp_path), **database.environment}
    first, second = guibin("seed", env=env), guibin("seed", env=env)
    assert (first.code, second.code) == (0, 0)
    assert not all(line.endswith(": 0 rows added") for line in first.out.splitlines())
    assert all(line.endswith(": 0 rows added") for line in second.out.splitlines())


def test_an_empty_ledger_holds(tmp_path: Path, database: Database) -> None:
    done = guibin("check-ledger", env={**state(tmp_path), **database.environment})
    assert (done.code, done.out) == (0, "The ledger holds.\n")


async def test_the_check_of_the_audit_trail_names_the_first_bad_row(tmp_path: Path, database: Database) -> None:
    env = {**state(tmp_path), **database.environment}
    async with sessions_of(database.owner_url) as owner:
        async with owner() as session:
            await record(session, actor=NIGHTLY_JOB, action="run.start", object_type="run", object_id="-")
            await session.commit()
        await seal_all(owner)
        good = await asyncio.to_thread(guibin, "check-audit", env=env)
        async with owner() as session:
            await session.execute(text("UPDATE audit_entry SET action = 'run.end'"))
            await session.commit()
        bad = await asyncio.to_thread(guibin, "check-audit", env=env)
    said = "1 rows sealed, 0 waiting, 0 anchors.\nFirst seal: 1.\nThe audit trail is intact.\n"
    assert (good.code, good.out) == (0, said)
    assert bad.code == 1
    assert "First bad row: altered, seal 1, row " in bad.out


async def test_a_connection_that_is_lost_is_one_sentence(tmp_path: Path, database: Database) -> None:
    settings = OperatorSettings(state_dir=tmp_path, worker_database_url=database.worker_url)
    with pytest.raises(OperatorError, match="The connection to the database of GUIBIN_WORKER_DATABASE_URL was lost"):
        await end_own_connection(settings)


async def end_own_connection(settings: OperatorSettings) -> None:
    async with sessions_as(Role.WORKER, settings) as factory, factory() as session:
        await (await session.connection()).execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
