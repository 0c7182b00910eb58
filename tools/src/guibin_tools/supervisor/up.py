"""The order in which a whole bank comes up, and goes down again."""

import asyncio
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from guibin.core.settings import Profile
from guibin_tools.databases import RunDatabase, given_database, put_roles, start_embedded
from guibin_tools.errors import OperatorError
from guibin_tools.migrations import is_current
from guibin_tools.progress import step
from guibin_tools.sessions import prepare_secrets
from guibin_tools.settings import OperatorSettings, child_environment
from guibin_tools.supervisor import children, stopping
from guibin_tools.supervisor.children import Child, LifeLine
from guibin_tools.supervisor.exclusive import alone_in
from guibin_tools.supervisor.filling import (
    SupplierChild,
    connect_supplier,
    is_filled,
    issue_logins,
    let_days_pass,
    make_demo_bank,
    put_defaults,
)
from guibin_tools.supervisor.services import (
    SECRET_SETTINGS,
    SERVICES,
    port_of,
    refuse_taken_ports,
    start_service,
    wait_until_ready,
)
from guibin_tools.supervisor.simulator import Simulator, is_wanted, settings_for_services, start_simulator
from guibin_tools.supervisor.telephony import Telephony, is_telephony_wanted, start_telephony

READY = "Ctrl-C stops everything."
_WATCH_SECONDS = 0.5
_LOST_TURNS = 10


class Run:
    """One run: what has been started so far, so that it can be stopped from any point."""

    def __init__(self, settings: OperatorSettings, console: Console) -> None:
        """Prepare a run; nothing is started."""
        self._settings = settings
        self._console = console
        self._line = LifeLine()
        self._database: RunDatabase | None = None
        self._children: list[Child] = []
        self._simulator: Simulator | None = None
        self._supplier: SupplierChild | None = None
        self._telephony: Telephony | None = None

    def start(self) -> None:
        """Start everything, step by step. Raises OperatorError when a step fails."""
        if is_wanted(self._settings):  # comes up while the database does
            self._simulator = start_simulator(self._settings, self._line, kept_away=SECRET_SETTINGS)
        if is_telephony_wanted(self._settings):
            self._telephony = start_telephony(self._settings, self._line, kept_away=SECRET_SETTINGS)
        database = self._start_database()
        self._migrate(database)
        self._settings = self._settings.model_copy(update=database.urls.fields)
        prepare_secrets(self._settings)
        development = self._settings.profile is Profile.DEVELOPMENT
        if asyncio.run(is_filled(self._settings)):
            if development:  # before the worker runs the night of the last day
                let_days_pass(self._settings, self._console)
            # The services take some seconds to come up; what is left to do is done in the meantime.
            self._launch_services(database)
            put_defaults(self._settings, self._console)
        else:
            put_defaults(self._settings, self._console)
            if development:
                make_demo_bank(self._settings, self._console)
            self._launch_services(database)
        logins = self._open_demo() if development else None
        self._wait_for_services()
        self._announce(logins)

    def watch(self) -> None:
        """Wait for ever. Raises OperatorError when a part ends by itself, StopRequested on a stop signal."""
        lost = 0
        while True:
            if (ended := children.wait_for_first_end(self._started, every=_WATCH_SECONDS)) is not None:
                raise OperatorError(f"The {ended.name} ended (exit code {ended.exit_code}):\n{ended.last_words()}")
            lost = lost + 1 if self._database is not None and self._database.is_lost() else 0
            if lost >= _LOST_TURNS:
                raise OperatorError(
                    "The embedded Postgres does not answer any more; its log is server.log in its data."
                )

    def stop(self) -> None:
        """Stop everything that runs, in reverse order."""
        codes = children.stop(reversed(self._started))
        self._line.close()
        if self._database is not None:
            self._database.stop()
        ended = ", ".join(f"{name} {code}" for name, code in codes.items())
        self._console.print(f"Stopped. {f'Exit codes: {ended}.' if ended else ''}", markup=False, highlight=False)

    @property
    def _started(self) -> list[Child]:
        beside = [one.child for one in (self._simulator, self._telephony, self._supplier) if one is not None]
        return [*beside, *self._children]

    def _start_database(self) -> RunDatabase:
        with step(self._console, "Postgres") as doing:
            given = self._settings.database_url is not None
            database = given_database(self._settings) if given else start_embedded(self._settings)
            self._database = database
            doing.done = database.sentence
        with step(self._console, "Database roles") as doing:
            doing.done = put_roles(database, self._settings)
        return database

    def _migrate(self, database: RunDatabase) -> None:
        with step(self._console, "Migrations") as doing:
            if not asyncio.run(is_current(database.urls.owner)):
                env = child_environment(**database.urls.environment)
                logs = self._settings.state_dir / "logs"
                child = children.start("migrations", "guibin_tools", "migrate", line=self._line, env=env, logs=logs)
                children.run_to_end(child)
            doing.done = "The schema is up to date"

    def _launch_services(self, database: RunDatabase) -> None:
        more: Mapping[str, str] = {} if self._telephony is None else self._telephony.settings_for_services()
        if self._simulator is not None:
            self._simulator.open_accounts()
            more = {**more, **settings_for_services(self._settings, self._simulator)}
        for service in SERVICES:
            self._children.append(start_service(service, database.urls, self._settings, self._line, more))

    def _open_demo(self) -> dict[str, Any]:
        """Start what plays the demo bank's supplier, and issue the logins."""
        self._supplier = connect_supplier(self._settings, self._line, kept_away=SECRET_SETTINGS)
        return issue_logins(self._settings, self._console, self._simulator, self._supplier)

    def _wait_for_services(self) -> None:
        with step(self._console, "Worker, customer port, bank port") as doing:
            for service, child in zip(SERVICES, self._children, strict=True):
                wait_until_ready(child, port_of(service, self._settings))
            doing.done = "Worker, customer port and bank port are ready"

    def _announce(self, logins: Mapping[str, Any] | None) -> None:
        """Print where everything is and who can try it out; READY is the last line."""
        settings = self._settings
        customer, bank = (f"http://{settings.host}:{port}" for port in (settings.customer_port, settings.bank_port))
        lines = [
            "",
            f"Customer port  {customer}   documentation {customer}/docs",
            f"Bank port      {bank}   documentation {bank}/docs",
        ]
        if self._simulator is not None:
            lines.append(f"WeChat         {self._simulator.url}   simulated, with the inbox of text messages")
        if self._supplier is not None:
            lines.append(f"Supplier       {settings.supplier_simulator_url}   simulated, takes orders of rights")
        if self._telephony is not None:
            lines.append(f"Telephony      {self._telephony.url}   simulated, connects calls by a click")
        if logins is not None:
            staff = ", ".join(f"{role} {login['no']}" for role, login in logins["staff"].items())
            lines += [
                f"Demo logins    {settings.logins_file} has their tokens, for 24 hours",
                *(f"  customer     {login['id']}" for login in logins["customers"]),
                f"  staff        {staff}",
                f"  services     {', '.join(logins['services'])}",
            ]
        self._console.print("\n".join([*lines, READY]), markup=False, highlight=False)


def up(settings: OperatorSettings, console: Console) -> None:
    """Start a whole bank and keep it up until Ctrl-C or SIGTERM.

    Raises:
        OperatorError: something could not be started, or ended by itself; everything else has been stopped.
    """
    stopping.listen()
    with alone_in(settings.state_dir):
        refuse_taken_ports(settings)
        run = Run(settings, console)
        try:
            run.start()
            run.watch()
        except stopping.StopRequested:
            console.print("Stopping ...")
        finally:
            stopping.ignore_further()
            run.stop()
