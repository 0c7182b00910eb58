"""`python -m guibin_tools` is the command `guibin`."""

from guibin_tools.main import run

run()
