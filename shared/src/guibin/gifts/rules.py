"""Decisions on gifts over plain values."""


def difference(*, counted: int, free: int, reserved: int) -> int | None:
    """Return by how many units a count differs from the books; None when fewer are there than are promised."""
    return None if counted < reserved else counted - free - reserved


def left_of(cap_fen: int, given_fen: int) -> int:
    """Return what a customer may still be given in the year, in fen: a cap that was lowered leaves nothing."""
    return max(cap_fen - given_fen, 0)
