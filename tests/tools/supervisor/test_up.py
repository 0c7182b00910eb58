"""A whole bank in one command: up, refused twice, down, killed, up again."""

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from guibin_tools.postgres.cluster import free_port, is_answering, open_cluster
from guibin_tools.settings import child_environment
from support.commands import guibin, guibin_process
from support.server import roomiest

PATIENCE_SECONDS = 240
READY = "Ctrl-C stops everything."
UNFINISHED = "demo.unfinished"


@dataclass
class Bank:
    """A state folder, its ports, and the command that runs in it."""

    folder: Path
    customer_port: int
    bank_port: int
    pg_port: int
    simulator_port: int
    supplier_port: int
    telephony_port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {
            "GUIBIN_STATE_DIR": str(self.folder),
            "GUIBIN_CUSTOMER_PORT": str(self.customer_port),
            "GUIBIN_BANK_PORT": str(self.bank_port),
            "GUIBIN_PG_PORT": str(self.pg_port),
            "GUIBIN_SIMULATOR_PORT": str(self.simulator_port),
            "GUIBIN_SUPPLIER_SIMULATOR_PORT": str(self.supplier_port),
            "GUIBIN_TELEPHONY_SIMULATOR_PORT": str(self.telephony_port),
            "GUIBIN_DEMO_CUSTOMERS": "40",
        }

    def start(self, until: str = READY) -> None:
        """Run `guibin up` until it has said something; one that runs already is left alone."""
        if self.process is not None and self.process.poll() is None:
            return
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "guibin_tools", "up"],
                env=child_environment(**self.environment, PYTHONUNBUFFERED="1"),
                stdout=file,
                stderr=file,
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while until not in self.output.read_text():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.1)

    @property
    def output(self) -> Path:
        return self.folder / "up.txt"

    def end(self, number: int) -> int:
        """Send the command a signal and return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE_SECONDS)

    def wait_until_nobody_answers(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(
            map(
                is_answering,
                (self.customer_port, self.bank_port, self.simulator_port, self.supplier_port, self.telephony_port),
            )
        ):
            assert time.monotonic() < deadline, "a service outlived the command that started it"
            time.sleep(0.1)

    def get(self, port: int, path: str, token: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.get(f"http://127.0.0.1:{port}{path}", headers=headers, timeout=30)

    @property
    def logins(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "demo.json").read_text())
        return found


@pytest.fixture(scope="module")
def bank() -> Iterator[Bank]:
    """Return a bank that is up; the tests of this file end and start it as they need."""
    with tempfile.TemporaryDirectory(prefix="guibin-up-", dir=roomiest()) as name:
        folder = Path(name)
        folder.chmod(0o711)
        customer, bank, postgres, wechat, supplier, telephony = (free_port() for _ in range(6))
        made = Bank(folder, customer, bank, postgres, wechat, supplier, telephony)
        # The first start is killed in the middle of making the demo bank: everything below stands on the second one.
        made.start(until="... Demo bank")
        made.end(signal.SIGKILL)
        assert (folder / UNFINISHED).exists()
        made.start()
        yield made
        if made.process is not None and made.process.poll() is None:
            made.end(signal.SIGTERM)
        open_cluster(folder / "pg").remove()


def test_a_first_start_that_was_killed_is_taken_up_and_finished(bank: Bank) -> None:
    assert not (bank.folder / UNFINISHED).exists()
    assert len(bank.logins["customers"]) >= 5


def test_both_ports_are_ready_and_show_their_documentation(bank: Bank) -> None:
    for port in (bank.customer_port, bank.bank_port):
        assert bank.get(port, "/readyz").json() == {"status": "ready"}
        assert bank.get(port, "/docs").status_code == 200


def test_the_demo_logins_open_the_ports_that_they_are_for(bank: Bank) -> None:
    logins = bank.logins
    assert logins["customer_api"] == f"http://127.0.0.1:{bank.customer_port}"
    customer = logins["customers"][0]
    assert bank.get(bank.customer_port, "/v1/me", customer["token"]).json()["id"] == customer["id"]
    assert bank.get(bank.bank_port, "/v1/branches", logins["staff"]["hq_operator"]["token"]).status_code == 200
    assert bank.get(bank.bank_port, "/v1/branches", customer["token"]).status_code == 401


def test_at_least_five_demo_customers_can_afford_a_right(bank: Bank) -> None:
    able = [
        customer
        for customer in bank.logins["customers"]
        if bank.get(bank.customer_port, "/v1/rights?affordable=true", customer["token"]).json()["items"]
    ]
    assert len(able) >= 5


def test_the_demo_family_has_logins_and_the_spouse_sees_what_may_be_spent_together(bank: Bank) -> None:
    family = {one["role"]: one for one in bank.logins["family"]}
    assert sorted(family) == ["child", "head", "spouse"]
    shared = bank.get(bank.customer_port, "/v1/me/household/points", family["spouse"]["token"])
    assert shared.status_code == 200, shared.text


def test_people_of_the_simulator_have_the_phones_of_demo_customers(bank: Bank) -> None:
    wechat = bank.logins["wechat"]
    assert wechat["simulator"] == f"http://127.0.0.1:{bank.simulator_port}"
    customers = {customer["id"] for customer in bank.logins["customers"]}
    assert wechat["people"]
    assert {person["customer"] for person in wechat["people"]} <= customers
    act = f"{wechat['simulator']}/_sim/users/{wechat['people'][0]['uid']}/login"
    given = {"appid": wechat["mini_program"]}
    assert httpx.post(act, json=given, timeout=10).status_code == 401
    headers = {"Authorization": f"Bearer {wechat['control_token']}"}
    assert httpx.post(act, json=given, headers=headers, timeout=10).json()["code"]


def test_a_demo_customer_binds_wechat_and_logs_in_with_it(bank: Bank) -> None:
    wechat = bank.logins["wechat"]
    person = wechat["people"][0]
    control = {"Authorization": f"Bearer {wechat['control_token']}"}
    port, simulator = f"http://127.0.0.1:{bank.customer_port}/v1", f"{wechat['simulator']}/_sim"

    def act(name: str) -> str:
        given = {"appid": wechat["mini_program"]}
        code = httpx.post(f"{simulator}/users/{person['uid']}/{name}", json=given, headers=control, timeout=10)
        return str(code.json()["code"])

    def post(path: str, **body: str) -> dict[str, Any]:
        answer = httpx.post(f"{port}{path}", json=body, timeout=10)
        assert answer.is_success, answer.text
        said: dict[str, Any] = answer.json()
        return said

    ticket = post("/sessions/wechat", app="mp", code=act("login"))["ticket"]
    post("/otp", ticket=ticket, phone_code=act("phone_code"))
    inbox: list[dict[str, str]] = []
    while not inbox:
        time.sleep(0.1)
        asked = httpx.get(f"{simulator}/sms", params={"phone": person["phone"]}, headers=control, timeout=10)
        inbox = asked.json()["items"]
    bound = post("/sessions/wechat/bind", ticket=ticket, otp=inbox[0]["code"])
    again = post("/sessions/wechat", app="mp", code=act("login"))
    assert bound["customer_id"] == again["customer_id"] == person["customer"]
    traded = guibin("token", "--bank-app", person["customer"], env=bank.environment).out.strip()
    assert post("/sessions/bank-app", token=traded)["customer_id"] == person["customer"]


@pytest.mark.parametrize(("way", "delivery"), [("top_up", {"recharge_account": "13800138000"}), ("order", None)])
def test_what_a_demo_customer_redeems_is_delivered_by_the_simulated_supplier(
    bank: Bank, way: str, delivery: dict[str, str] | None
) -> None:
    supplier, customer = bank.logins["supplier"], bank.logins["customers"][0]
    assert supplier["simulator"] == f"http://127.0.0.1:{bank.supplier_port}"
    wish: dict[str, Any] = {"right_id": supplier["rights"][way], "quantity": 1}
    headers = {"Authorization": f"Bearer {customer['token']}", "Idempotency-Key": f"demo-{way}"}
    made = httpx.post(
        f"http://127.0.0.1:{bank.customer_port}/v1/redemptions",
        json=wish | ({"delivery": delivery} if delivery else {}),
        headers=headers,
        timeout=30,
    )
    assert made.status_code == 201, made.text
    path, deadline = f"/v1/redemptions/{made.json()['id']}", time.monotonic() + PATIENCE_SECONDS
    while (seen := bank.get(bank.customer_port, path, customer["token"]).json())["state"] != "fulfilled":
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)
    code = bank.get(bank.customer_port, f"{path}/code", customer["token"])
    assert code.json()["code"].startswith("SIM-") if way == "order" else code.status_code == 404


def test_the_worker_has_the_token_of_the_simulated_mini_program_in_time(bank: Bank) -> None:
    wechat = bank.logins["wechat"]
    headers = {"Authorization": f"Bearer {wechat['control_token']}"}
    deadline = time.monotonic() + PATIENCE_SECONDS
    asked: list[dict[str, Any]] = []
    while not any(row["errcode"] is None and row["status"] == 200 for row in asked):
        assert time.monotonic() < deadline
        time.sleep(0.5)
        log = httpx.get(f"{wechat['simulator']}/_sim/requests", headers=headers, timeout=10)
        asked = [row for row in log.json()["items"] if row["path"] == "/cgi-bin/stable_token"]


def test_the_demo_logins_are_for_their_owner_only(bank: Bank) -> None:
    assert stat.S_IMODE((bank.folder / "demo.json").stat().st_mode) == 0o600


def test_every_role_of_the_demo_has_a_login(bank: Bank) -> None:
    roles = {"manager", "branch_head", "hq_operator", "hq_approver", "auditor", "administrator"}
    assert roles <= set(bank.logins["staff"])
    assert set(bank.logins["services"]) >= {"core_banking"}


def test_a_second_start_in_the_same_folder_is_refused_with_one_sentence(bank: Bank) -> None:
    assert bank.process is not None
    second = guibin_process("up", env=bank.environment)
    assert second.code == 1
    assert second.err == f"`guibin up` already runs here, as process {bank.process.pid}: stop it first.\n"


def test_the_ledger_of_the_demo_holds(bank: Bank) -> None:
    checked = guibin("check-ledger", env=bank.environment)
    assert checked.code == 0, checked.out + checked.err


@pytest.mark.merge
def test_kill_9_of_the_command_leaves_no_orphan_and_the_next_start_works(bank: Bank) -> None:
    bank.end(signal.SIGKILL)
    bank.wait_until_nobody_answers()
    bank.start()
    assert "adopted" in bank.output.read_text()
    assert bank.get(bank.customer_port, "/readyz").status_code == 200


def test_the_end_of_one_service_ends_the_run_and_is_named(bank: Bank) -> None:
    listener = pid_of(bank, "customer_api")
    os.kill(listener, signal.SIGKILL)
    assert bank.process is not None
    assert bank.process.wait(timeout=PATIENCE_SECONDS) == 1
    bank.wait_until_nobody_answers()
    assert "The customer port ended (exit code -9)" in bank.output.read_text()


@pytest.mark.merge
def test_sigterm_stops_everything_and_the_database_too(bank: Bank) -> None:
    bank.start()
    assert bank.end(signal.SIGTERM) == 0
    assert not is_answering(bank.customer_port)
    assert not is_answering(bank.bank_port)
    assert not is_answering(bank.pg_port)
    assert not is_answering(bank.simulator_port)
    assert not is_answering(bank.supplier_port)
    simulators = "supplier simulator 0, telephony simulator 0, WeChat simulator 0."
    codes = f"Exit codes: bank port 0, customer port 0, worker 0, {simulators}"
    assert codes in bank.output.read_text()


def pid_of(bank: Bank, module: str) -> int:
    """Return the child of the run that runs a module."""
    assert bank.process is not None
    children = Path(f"/proc/{bank.process.pid}/task/{bank.process.pid}/children").read_text().split()
    return next(int(pid) for pid in children if module in Path(f"/proc/{pid}/cmdline").read_text().split("\0"))
