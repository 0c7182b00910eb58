"""What files of the organisation say of people and days, and how many people one file may let go."""

from enum import StrEnum
from typing import Final


class StaffStatus(StrEnum):
    """Whether somebody works here."""

    ACTIVE = "active"
    LEFT = "left"


class Works(StrEnum):
    """Whether the bank works on a special day."""

    YES = "true"
    NO = "false"


FEW: Final = 5
MOST_LEAVING_PERCENT: Final = 10


def are_too_many(leaving: int, active: int) -> bool:
    """Tell whether a file would end more accounts than a day of leavers explains: it is rather cut short or wrong."""
    return leaving > max(FEW, active * MOST_LEAVING_PERCENT // 100)
