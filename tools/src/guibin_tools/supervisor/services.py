"""The three processes of the product: what they are called, how they are started, when they are ready."""

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass

from guibin.core.settings import Profile
from guibin_tools.errors import OperatorError
from guibin_tools.postgres.cluster import HOST, is_answering
from guibin_tools.roles import URL_SETTINGS, Role, RoleUrls
from guibin_tools.settings import OperatorSettings, child_environment
from guibin_tools.supervisor.children import Child, LifeLine, start
from guibin_tools.supervisor.simulator import is_wanted
from guibin_tools.supervisor.telephony import is_telephony_wanted

_READY_SECONDS = 60
_OK = 200
SECRET_SETTINGS = (*URL_SETTINGS.values(), "GUIBIN_ADMIN_DATABASE_URL")


@dataclass(frozen=True)
class Service:
    """A process of the product; the worker has no port."""

    name: str
    module: str
    role: Role
    port_setting: str | None = None


WORKER = Service("worker", "bank_api.worker", Role.WORKER)
CUSTOMER_PORT = Service("customer port", "customer_api", Role.CUSTOMER, "customer_port")
BANK_PORT = Service("bank port", "bank_api", Role.BANK, "bank_port")
SERVICES = (WORKER, CUSTOMER_PORT, BANK_PORT)


def port_of(service: Service, settings: OperatorSettings) -> int | None:
    """Return the port that a service listens on."""
    if service.port_setting is None:
        return None
    port: int = getattr(settings, service.port_setting)
    return port


def refuse_taken_ports(settings: OperatorSettings) -> None:
    """Raise OperatorError when another program listens where a service shall, or two services shall share a port."""
    wanted = [(service.name, service.port_setting) for service in SERVICES if service.port_setting]
    if is_wanted(settings):
        wanted.append(("WeChat simulator", "simulator_port"))
    if settings.profile is Profile.DEVELOPMENT:
        wanted.append(("supplier simulator", "supplier_simulator_port"))
    if is_telephony_wanted(settings):
        wanted.append(("telephony simulator", "telephony_simulator_port"))
    taken: dict[int, str] = {}
    for name, setting in wanted:
        port: int = getattr(settings, setting)
        variable = f"GUIBIN_{setting.upper()}"
        if (other := taken.setdefault(port, variable)) != variable:
            raise OperatorError(f"{other} and {variable} are the same port: they must differ.")
        if is_answering(port):
            raise OperatorError(
                f"Port {port}, wanted by the {name}, is taken by another program: stop that program or set {variable}."
            )


def service_environment(role: Role, urls: RoleUrls, more: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment of a service: this process's and more, with its own database URL and nobody else's."""
    everything = child_environment(**more)
    kept = {name: value for name, value in everything.items() if name not in SECRET_SETTINGS}
    return {**kept, URL_SETTINGS[role]: urls.of(role), "TZ": "UTC"}


def start_service(
    service: Service, urls: RoleUrls, settings: OperatorSettings, line: LifeLine, more: Mapping[str, str]
) -> Child:
    """Start a service as a child; `more` is added to its environment."""
    env = service_environment(service.role, urls, more)
    return start(service.name, service.module, line=line, env=env, logs=settings.state_dir / "logs")


def wait_until_ready(child: Child, port: int | None) -> None:
    """Wait until a service answers that it is ready; one without a port only has to live.

    Raises:
        OperatorError: it ended, or it is not ready after a minute; the end of its log is in the message.
    """
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if child.exit_code is not None:
            raise OperatorError(f"The {child.name} ended (exit code {child.exit_code}):\n{child.last_words()}")
        if port is None or _is_ready(port):
            return
        time.sleep(0.1)
    raise OperatorError(f"The {child.name} is not ready after {_READY_SECONDS} s:\n{child.last_words()}")


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == _OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
