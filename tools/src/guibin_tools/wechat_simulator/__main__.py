"""`python -m guibin_tools.wechat_simulator`."""

import sys

from guibin_tools.wechat_simulator.application import create_app
from guibin_tools.wechat_simulator.server import serve
from guibin_tools.wechat_simulator.settings import SimulatorSettings, StartRefused
from guibin_tools.wechat_simulator.store import Store


def main() -> None:
    """Run the simulator; exit code 1 with one sentence when it must not start."""
    try:
        settings = SimulatorSettings.from_environment()
    except StartRefused as refused:
        sys.exit(str(refused))
    settings.file.parent.mkdir(parents=True, exist_ok=True)
    store = Store(settings.file)
    try:
        serve(create_app(store, token=settings.token), port=settings.port, parent_pipe=settings.parent_pipe)
    finally:
        store.close()


main()
