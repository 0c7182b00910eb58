"""`python -m guibin_tools.supplier_simulator`: the simulator as a process, which `guibin up` starts in development."""

import os
import sys

from guibin_tools.supplier_simulator.application import Desk, create_app
from guibin_tools.wechat_simulator.server import serve


def main() -> None:
    """Run the simulator; exit code 1 with one sentence when it must not start."""
    if os.environ.get("GUIBIN_SUPPLIER_SIMULATOR") != "1":
        sys.exit("The simulator of a supplier starts only with GUIBIN_SUPPLIER_SIMULATOR=1.")
    if not (secret := os.environ.get("GUIBIN_SUPPLIER_SECRET", "")):
        sys.exit("Set GUIBIN_SUPPLIER_SECRET to the secret of the supplier, then start again.")
    desk = Desk(secret, callback_url=os.environ.get("GUIBIN_SUPPLIER_CALLBACK_URL"))
    pipe = os.environ.get("GUIBIN_PARENT_PIPE")
    port = int(os.environ.get("GUIBIN_SUPPLIER_SIMULATOR_PORT") or 8004)
    serve(create_app(desk), port=port, parent_pipe=int(pipe) if pipe else None)


main()
