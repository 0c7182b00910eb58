"""What of a deceased customer's points passes on, and how it is shared among heirs to the point."""

from collections.abc import Sequence


def left_after(debt: int, lots: Sequence[int]) -> list[int]:
    """Return what of lots, the first to expire first, is not needed for a debt: what is owed stays with the account."""
    left = []
    for points in lots:
        kept = min(points, debt)
        debt -= kept
        left.append(points - kept)
    return left


def divide(lots: Sequence[int], shares: Sequence[int]) -> list[list[int]]:
    """Share each lot among heirs: for each of them what comes out of each lot.

    Every lot is shared, so that nobody has all that expires first. A lot's odd points go to those who have the least
    so far of what is theirs. Nothing is lost: the heirs' points of a lot are the lot.

    Raises:
        ValueError: there is nobody, or a share is not positive.
    """
    if not shares or min(shares) <= 0:
        raise ValueError("shares are positive")
    whole, passed = sum(shares), 0
    had = [0] * len(shares)
    columns = []
    for points in lots:
        passed += points
        column = [points * share // whole for share in shares]
        missing = [passed * share - (had[place] + column[place]) * whole for place, share in enumerate(shares)]
        for place in sorted(range(len(shares)), key=lambda place: -missing[place])[: points - sum(column)]:
            column[place] += 1
        had = [before + now for before, now in zip(had, column, strict=True)]
        columns.append(column)
    return [[column[place] for column in columns] for place in range(len(shares))]
