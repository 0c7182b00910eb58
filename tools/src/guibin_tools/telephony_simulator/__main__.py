"""`python -m guibin_tools.telephony_simulator`: the simulator as a process, which `guibin up` starts in development."""

import os
import sys

from guibin_tools.telephony_simulator.application import Exchange, create_app
from guibin_tools.wechat_simulator.server import serve


def main() -> None:
    """Run the simulator; exit code 1 with one sentence when it must not start."""
    if os.environ.get("GUIBIN_TELEPHONY_SIMULATOR") != "1":
        sys.exit("The simulator of the telephony starts only with GUIBIN_TELEPHONY_SIMULATOR=1.")
    if not (secret := os.environ.get("GUIBIN_TELEPHONY_SECRET", "")):
        sys.exit("Set GUIBIN_TELEPHONY_SECRET to the secret of the telephony, then start again.")
    exchange = Exchange(secret, callback_url=os.environ.get("GUIBIN_TELEPHONY_CALLBACK_URL"))
    pipe = os.environ.get("GUIBIN_PARENT_PIPE")
    port = int(os.environ.get("GUIBIN_TELEPHONY_SIMULATOR_PORT") or 8005)
    serve(create_app(exchange), port=port, parent_pipe=int(pipe) if pipe else None)


main()
