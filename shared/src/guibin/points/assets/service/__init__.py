"""The commands and reads of earning from assets, one file per verb."""

from guibin.points.assets.service.awarding import award, post_awards
from guibin.points.assets.service.defining import (
    ASSET_RULES,
    RULES_FOR_DEPOSITS,
    RuleTerms,
    create_rule,
    edit_rule,
    submit_rule,
)
from guibin.points.assets.service.guarding import (
    refuse_goods_for_deposits,
)
from guibin.points.assets.service.previewing import BackTest, Simulation, back_test, simulate

__all__ = [
    "ASSET_RULES",
    "RULES_FOR_DEPOSITS",
    "BackTest",
    "RuleTerms",
    "Simulation",
    "award",
    "back_test",
    "create_rule",
    "edit_rule",
    "post_awards",
    "refuse_goods_for_deposits",
    "simulate",
    "submit_rule",
]
