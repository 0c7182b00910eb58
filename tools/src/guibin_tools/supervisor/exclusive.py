"""One run at a time in one state folder, by a lock that goes with its process, even after kill -9."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from guibin_tools.errors import OperatorError


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the run lock of a state folder.

    Raises:
        OperatorError: another process holds it, or the folder belongs to somebody else.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "up.lock").open("a+")
    except PermissionError as error:
        raise OperatorError(f"{folder} cannot be written: run as its owner or set GUIBIN_STATE_DIR.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise OperatorError(f"`guibin up` already runs here, as process {holder}: stop it first.") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
