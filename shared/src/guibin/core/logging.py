"""Logs: one JSON object a line, without personal values; errors are named by type, state and place, not by message."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, Final

import structlog
from pydantic_core import to_json

from guibin.core import clock
from guibin.core.redaction import redact

_MOST_FRAMES: Final = 12
_REQUESTS: Final = logging.getLogger("guibin.requests")
_REQUESTS.setLevel(logging.INFO)


def configure_logging(level: str) -> None:
    """Set up the process: our events and those of the libraries go to standard error as JSON lines."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_the_error,
    ]
    structlog.configure(
        processors=[*shared, _redact, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    _REQUESTS.setLevel(number)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _redact,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


def log_request(**facts: str | float | None) -> None:
    """Write the line of a request. It is written for every call, so it takes no part in the chain that redacts.

    The facts must not need it: templates, status, names of our own, and an id in which the edge found nothing personal.
    """
    if _REQUESTS.isEnabledFor(logging.INFO):
        moment = clock.now().isoformat().replace("+00:00", "Z")
        line = to_json({**facts, "event": "request", "level": "info", "timestamp": moment})
        sys.stderr.write(line.decode() + "\n")


def logger() -> Any:
    """Return the logger; events are short names, facts are keyword arguments: ids, codes, counts, never values."""
    return structlog.get_logger()


def error_facts(error: BaseException) -> dict[str, Any]:
    """Describe an error without its message, which may quote bound values: type, SQLSTATE and where it was raised."""
    cause = getattr(error, "orig", None) or error
    frames = traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]
    return {
        "error": type(error).__name__,
        "cause": type(cause).__name__,
        "sqlstate": getattr(cause, "sqlstate", None),
        "at": [f"{frame.filename.rpartition('/src/')[2]}:{frame.lineno}:{frame.name}" for frame in frames],
    }


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """Take out what looks personal or secret."""
    return redact(event)


def _name_the_error(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Replace an exception that a library logs by its facts."""
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event.update(error_facts(error))
    return event
