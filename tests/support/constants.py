"""Cases that Hypothesis makes are the same in every run, whichever tests ran before in this process.

Hypothesis also tries constants that it reads in the modules that are loaded. Which those are depends on what a worker
has been given to do: a case could come up on a busy day and never again.
"""

from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.internal.constants_ast import Constants


def forget_constants_of_modules() -> None:
    """Let Hypothesis try its own constants only."""
    HypothesisProvider._local_constants = Constants()  # type: ignore[method-assign, assignment]  # noqa: SLF001 - no setting
