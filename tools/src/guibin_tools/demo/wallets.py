"""The kinds of points that customers of the demo bank pass on to each other."""

from collections.abc import Mapping
from typing import Final

from guibin.points.defaults import REWARD
from guibin.points.transfer_rules import TransferLimits

PASSED_ON: Final[Mapping[str, TransferLimits]] = {
    REWARD: TransferLimits(each=2_000, day=5_000, month=10_000, step_up_from=1_000)
}
