"""How often Python looks for rings of garbage, in processes that make many objects."""

import gc
from typing import Final

OBJECTS: Final = 100_000
"""New objects between two looks at the youngest: with the default of 700 a large file is looked at all the time."""

_TURNS: Final = (20, 50)


def collect_seldom() -> None:
    """Leave what is imported so far out of every look, and look seldom; taking a file takes up to half as long then.

    Rings are rare here: what a row or a request leaves behind goes when its last name does, without any look.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, *_TURNS)
