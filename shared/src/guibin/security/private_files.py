"""Files with secrets: readable by their owner alone, and never half written."""

import os
import tempfile
from pathlib import Path


def write_new(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read (0600), whole or not at all.

    Raises:
        FileExistsError: the file is there already; keys are never overwritten.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _write_draft(path, content)
    try:
        os.link(draft, path)  # unlike a rename, a link refuses to replace what is there
    finally:
        draft.unlink()


def replace(path: Path, content: bytes) -> None:
    """Write a file in place of whatever is there, whole or not at all."""
    _write_draft(path, content).replace(path)


def _write_draft(path: Path, content: bytes) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
