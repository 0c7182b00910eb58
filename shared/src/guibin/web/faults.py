"""Which faults below the service mean: nothing happened, come again."""

from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from guibin.core.errors import RetryLater

# Deadlock, serialization failure, lock and statement time-outs, shut-down, and everything in the classes of lost
# connections, rejected transactions, missing resources (a full disk, too many connections) and system errors.
_STATES: Final = frozenset({"40P01", "40001", "55P03", "57014", "57P01", "57P02", "57P03", "57P05", "25P03", "25P04"})
_CLASSES: Final = frozenset({"08", "53", "58"})


def retry_later(error: BaseException) -> RetryLater | None:
    """Return the refusal that a fault of the database or of the way to it means; None for any other error."""
    state = sqlstate_of(error)
    if state is not None and (state in _STATES or state[:2] in _CLASSES):
        return RetryLater()
    lost = isinstance(error, DBAPIError) and (error.connection_invalidated or state is None)
    return RetryLater() if lost or isinstance(error, PoolTimeout | ConnectionError | TimeoutError) else None


def sqlstate_of(error: BaseException) -> str | None:
    """Return the SQLSTATE of a database error, whichever layer wrapped it."""
    cause = getattr(error, "orig", None) or error
    state = getattr(cause, "sqlstate", None)
    return state if isinstance(state, str) else None
