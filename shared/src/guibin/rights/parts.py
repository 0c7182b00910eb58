"""Units of a redemption that go back, what was given for them, and which of its codes go with them."""

from collections.abc import Sequence
from dataclasses import dataclass

from guibin.rights.models import VoucherCode


@dataclass(frozen=True, slots=True)
class Part:
    """Units of a redemption, with those of them that were free by quota, and the points that were paid for them."""

    units: int
    quota: int
    points: int

    def of_money(self, fen: int, standing: "Part") -> int:
        """Return the share of an amount that was paid for what stands: by its points, all with the last of them."""
        return fen * self.points // standing.points if standing.points else 0


def part_of(standing: Part, units: int) -> Part:
    """Return what goes back with some of the units that still stand: those that were paid for go first.

    Points are shared equally among the units that were paid, rounded down; all units take all that is left.

    Raises:
        ValueError: there are not as many, or none is asked for.
    """
    if not 0 < units <= standing.units:
        raise ValueError("not so many units stand")
    if units == standing.units:
        return standing
    paid = standing.units - standing.quota
    back = min(units, paid)
    return Part(units, units - back, standing.points * back // paid if paid else 0)


def untouched(codes: Sequence[VoucherCode]) -> list[VoucherCode]:
    """Return the codes that can go back, in their order: those of which nothing was used and that did not go before."""
    return [code for code in codes if code.is_left and not code.spent_fen]


def codes_of_part(codes: Sequence[VoucherCode], units: int) -> list[VoucherCode]:
    """Return which of a redemption's codes go back with some of its units: the last that nobody touched.

    Holders read their codes from the first on, and mostly use them so.

    Raises:
        ValueError: there are not as many, or none is asked for.
    """
    free = untouched(codes)
    if not 0 < units <= len(free):
        raise ValueError("not so many codes are untouched")
    return free[-units:]
