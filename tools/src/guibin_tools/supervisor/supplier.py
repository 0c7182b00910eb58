"""The simulator of the demo bank's supplier, which a development run starts with the supplier's own secret.

The secret is read from the database with the keys of the run: one that was rotated is followed at the next start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlmodel import select

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.core.unit_of_work import unit_of_work
from guibin.rights.models import RightsItem
from guibin.suppliers.models import RightSupplier
from guibin.suppliers.repository.suppliers import update_supplier
from guibin.suppliers.secrets import secrets_of
from guibin_tools.demo.suppliers import SUPPLIER
from guibin_tools.loading.suppliers import find_by_code
from guibin_tools.postgres.cluster import HOST
from guibin_tools.roles import Role
from guibin_tools.sessions import open_keys, sessions_as
from guibin_tools.settings import OperatorSettings, child_environment
from guibin_tools.supervisor.children import Child, LifeLine, start

MODULE: Final = "guibin_tools.supplier_simulator"


@dataclass(frozen=True)
class Connected:
    """The demo bank's supplier as the simulator has to be it; `login` is what `demo.json` says of it."""

    secret: str
    supplier_id: str
    login: dict[str, Any]

    def __repr__(self) -> str:
        return f"Connected({self.supplier_id})"


async def connect(settings: OperatorSettings) -> Connected | None:
    """Point the demo bank's supplier at the simulator of this run; None when the bank has no such supplier."""
    url = settings.supplier_simulator_url
    async with sessions_as(Role.OWNER, settings) as factory, unit_of_work(factory) as work:
        supplier = await find_by_code(work.session, SUPPLIER.code)
        if supplier is None or supplier.base_url is None or not supplier.base_url.startswith(f"http://{HOST}:"):
            return None
        secret = secrets_of(open_keys(settings), supplier, now=clock.now())[supplier.secret_no]
        if supplier.base_url != url:
            await update_supplier(work.session, supplier.id, revision=supplier.revision, base_url=url)
        query = (
            select(RightsItem.fulfilment, RightsItem.id)
            .join(RightSupplier, RightSupplier.right_id == RightsItem.id)  # type: ignore[arg-type] # columns of a join
            .where(RightSupplier.supplier_id == supplier.id)
        )
        rights = {fulfilment: to_public("rgt", right_id) for fulfilment, right_id in await work.session.exec(query)}
    supplier_id = to_public("sup", supplier.id)
    return Connected(secret, supplier_id, {"simulator": url, "id": supplier_id, "rights": rights})


def start_supplier(
    settings: OperatorSettings, line: LifeLine, connected: Connected, *, kept_away: Sequence[str]
) -> Child:
    """Start the simulator as a child; `kept_away` are environment variables that it does not get."""
    everything = child_environment(
        GUIBIN_SUPPLIER_SIMULATOR="1",
        GUIBIN_SUPPLIER_SECRET=connected.secret,
        GUIBIN_SUPPLIER_SIMULATOR_PORT=str(settings.supplier_simulator_port),
        GUIBIN_SUPPLIER_CALLBACK_URL=(
            f"http://{settings.host}:{settings.customer_port}/v1/callbacks/suppliers/{connected.supplier_id}"
        ),
    )
    env = {name: value for name, value in everything.items() if name not in kept_away}
    return start("supplier simulator", MODULE, line=line, env=env, logs=settings.state_dir / "logs")
