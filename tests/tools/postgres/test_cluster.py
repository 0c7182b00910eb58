"""The embedded server's life, on servers of their own."""

import os
import re
import shutil
import signal
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from guibin_tools.errors import OperatorError
from guibin_tools.postgres.cluster import HOST, Cluster, open_cluster
from support.server import roomiest


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that the Postgres user can pass through, outside pytest's own closed ones."""
    with tempfile.TemporaryDirectory(prefix="guibin-cluster-", dir=roomiest()) as name:
        path = Path(name)
        path.chmod(0o711)
        yield path


@pytest.fixture
def cluster(folder: Path) -> Iterator[Cluster]:
    made = open_cluster(folder / "pg", for_tests=True)
    yield made
    made.remove()


async def ask(cluster: Cluster, port: int, question: str) -> object:
    connection = await asyncpg.connect(cluster.superuser_url(port))
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_what_is_written_is_there_after_stop_and_start(cluster: Cluster) -> None:
    port = cluster.start().port
    await ask(cluster, port, "CREATE TABLE kept AS SELECT 7 AS seven")
    assert cluster.stop()
    assert cluster.running_port() is None
    assert await ask(cluster, cluster.start().port, "SELECT seven FROM kept") == 7


@pytest.mark.merge
async def test_a_start_after_kill_9_of_the_server_recovers(folder: Path) -> None:
    cluster = open_cluster(folder / "pg")  # with the settings of a real run: the commit is on disk
    await ask(cluster, cluster.start().port, "CREATE TABLE kept AS SELECT 7 AS seven")
    postmaster = int((cluster.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGKILL)
    try:
        again = cluster.start()
        assert not again.adopted
        assert await ask(cluster, again.port, "SELECT seven FROM kept") == 7
    finally:
        cluster.remove()


def test_a_running_server_is_adopted_with_its_port(cluster: Cluster, folder: Path) -> None:
    first = cluster.start()
    second = open_cluster(folder / "pg", for_tests=True).start()
    assert (second.port, second.adopted) == (first.port, True)


def test_a_taken_port_is_one_sentence_that_names_the_setting(cluster: Cluster) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(OperatorError, match=rf"^Port {port},.* set GUIBIN_PG_PORT\.$"):
            cluster.start(port)


async def test_the_server_listens_on_this_machine_only_and_keeps_utc(cluster: Cluster) -> None:
    port = cluster.start().port
    assert await ask(cluster, port, "SHOW listen_addresses") == "127.0.0.1"
    assert await ask(cluster, port, "SHOW TimeZone") == "UTC"
    assert await ask(cluster, port, "SHOW unix_socket_directories") == ""


async def test_a_wrong_password_is_refused(cluster: Cluster) -> None:
    port = cluster.start().port
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://postgres:wrong@{HOST}:{port}/postgres")


def test_the_password_file_is_readable_by_its_owner_only(cluster: Cluster) -> None:
    cluster.start()
    assert stat.S_IMODE(cluster.password_file.stat().st_mode) == 0o600


def test_a_folder_that_is_no_data_directory_is_refused_and_kept(folder: Path) -> None:
    (folder / "pg").mkdir()
    (folder / "pg" / "holiday.jpg").touch()
    with pytest.raises(OperatorError, match="neither empty nor a Postgres data directory"):
        open_cluster(folder / "pg", for_tests=True).start()
    assert (folder / "pg" / "holiday.jpg").exists()


def test_what_a_cut_short_initdb_left_is_replaced(cluster: Cluster, folder: Path) -> None:
    (folder / "pg.draft").mkdir()
    (folder / "pg.draft" / "PG_VERSION").write_text("18")
    cluster.start()
    assert (cluster.data / "PG_VERSION").exists()
    assert not (folder / "pg.draft").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the data to another user")
def test_a_closed_folder_stays_closed_and_the_data_go_elsewhere(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    cluster = open_cluster(closed / "pg", for_tests=True)
    try:
        cluster.start()
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert not cluster.data.is_relative_to(closed)
        assert open_cluster(closed / "pg", for_tests=True).data == cluster.data
    finally:
        cluster.remove()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another user")
def test_another_checkout_at_the_same_closed_place_does_not_find_the_old_data(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    old = open_cluster(closed / "pg", for_tests=True).data
    shutil.rmtree(closed)
    closed.mkdir(mode=0o700)
    assert open_cluster(closed / "pg", for_tests=True).data != old


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another user")
def test_root_does_not_run_the_server_itself(cluster: Cluster) -> None:
    cluster.start()
    postmaster = (cluster.data / "postmaster.pid").read_text().splitlines()[0]
    user = re.search(r"^Uid:\s+(\d+)", Path(f"/proc/{postmaster}/status").read_text(), re.MULTILINE)
    assert user is not None
    assert user.group(1) != "0"


def test_a_folder_without_programs_is_refused_by_its_setting(folder: Path) -> None:
    with pytest.raises(OperatorError, match="GUIBIN_PG_BIN"):
        open_cluster(folder / "pg", pg_bin=folder)


def test_stopping_what_never_ran_does_nothing(cluster: Cluster) -> None:
    assert not cluster.stop()
