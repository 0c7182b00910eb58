import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from guibin.web.faults import retry_later, sqlstate_of


class FaultError(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("secret")
        self.sqlstate = sqlstate


def wrapped(sqlstate: str | None, *, lost: bool = False) -> DBAPIError:
    return DBAPIError("SELECT 1", {}, FaultError(sqlstate), connection_invalidated=lost)


@pytest.mark.parametrize(
    "state", ["40P01", "40001", "55P03", "57014", "57P01", "57P03", "08006", "53100", "53300", "58030"]
)
def test_a_busy_or_lost_database_means_try_again(state: str) -> None:
    for error in (wrapped(state), FaultError(state)):
        found = retry_later(error)
        assert found is not None
        assert found.code == "retry_later"


@pytest.mark.parametrize(
    "error",
    [PoolTimeout(), ConnectionRefusedError(), TimeoutError(), wrapped(None), wrapped("XX000", lost=True)],
)
def test_a_lost_connection_means_try_again(error: Exception) -> None:
    assert retry_later(error) is not None


@pytest.mark.parametrize(
    "error", [wrapped("23505"), wrapped("42501"), ValueError(), FileNotFoundError(), FaultError("22P02")]
)
def test_any_other_error_is_a_fault_of_ours(error: Exception) -> None:
    assert retry_later(error) is None


def test_the_state_is_found_whichever_layer_wrapped_it() -> None:
    assert sqlstate_of(wrapped("23505")) == sqlstate_of(FaultError("23505")) == "23505"
    assert sqlstate_of(ValueError()) is None
