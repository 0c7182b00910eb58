"""The festivals of the lunar calendar by their days: what rules know as `holiday.<festival>`.

The days are those of the calendar in GB/T 33661-2017, from 2024 to 2041; beyond them a festival is unknown.
"""

from datetime import date
from enum import StrEnum
from typing import Final


class Festival(StrEnum):
    """A festival of the lunar calendar."""

    NEW_YEARS_EVE = "new_years_eve"
    SPRING_FESTIVAL = "spring_festival"
    LANTERN = "lantern"
    DRAGON_BOAT = "dragon_boat"
    QIXI = "qixi"
    MID_AUTUMN = "mid_autumn"
    DOUBLE_NINTH = "double_ninth"
    LABA = "laba"


def _days(first_year: int, month_days: str) -> tuple[date, ...]:
    """Read one `MMDD` for each year."""
    return tuple(date(first_year + i, int(one[:2]), int(one[2:])) for i, one in enumerate(month_days.split()))


FESTIVAL_DAYS: Final[dict[Festival, tuple[date, ...]]] = {
    Festival.NEW_YEARS_EVE: _days(
        2024, "0209 0128 0216 0205 0125 0212 0202 0122 0210 0130 0218 0207 0127 0214 0203 0123 0211 0131"
    ),
    Festival.SPRING_FESTIVAL: _days(
        2024, "0210 0129 0217 0206 0126 0213 0203 0123 0211 0131 0219 0208 0128 0215 0204 0124 0212 0201"
    ),
    Festival.LANTERN: _days(
        2024, "0224 0212 0303 0220 0209 0227 0217 0206 0225 0214 0305 0222 0211 0301 0218 0207 0226 0215"
    ),
    Festival.DRAGON_BOAT: _days(
        2024, "0610 0531 0619 0609 0528 0616 0605 0624 0612 0601 0620 0610 0530 0618 0607 0527 0614 0603"
    ),
    Festival.QIXI: _days(
        2024, "0810 0829 0819 0808 0826 0816 0805 0824 0812 0801 0820 0810 0828 0817 0807 0826 0814 0803"
    ),
    Festival.MID_AUTUMN: _days(
        2024, "0917 1006 0925 0915 1003 0922 0912 1001 0919 0908 0927 0916 1004 0924 0913 1002 0920 0910"
    ),
    Festival.DOUBLE_NINTH: _days(
        2024, "1011 1029 1018 1008 1026 1016 1005 1024 1012 1001 1020 1009 1027 1017 1007 1026 1014 1003"
    ),
    Festival.LABA: _days(2025, "0107 0126 0115 0104 0122 0111 0101 0120 0108 0127 0116 0105 0123 0112 0102 0121 0110"),
}
"""In the order of the years."""


def next_festival(festival: Festival, day: date) -> date | None:
    """Return the day of a festival that comes next, today's counted; None where the calendar here ends."""
    return next((one for one in FESTIVAL_DAYS[festival] if one >= day), None)
