"""The weights of a plan's cost that a bank starts from."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from guibin.managers.planning.rules import Part

WEIGHTS: Final[Mapping[Part, int]] = MappingProxyType(
    {
        Part.DISTANCE: 20,
        Part.OTHER_CITY: 200,
        Part.SECOND_CHOICE: 40,
        Part.MISSING_SKILL: 60,
        Part.BROKEN_RELATIONSHIP: 5,
        Part.LOAD: 10,
        Part.ABOVE_SOFT: 100,
    }
)
