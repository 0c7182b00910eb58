"""Commands on tiers: schemes, overrides by hand, and the evaluation of the nightly run."""

from guibin.tiers.service.evaluating import evaluate
from guibin.tiers.service.limiting import QUOTA_CHANGE, submit_quota
from guibin.tiers.service.looking_ahead import outlook_of
from guibin.tiers.service.overriding import Override, TierOverriding, submit_override
from guibin.tiers.service.overriding_many import ManyOverriding, OverrideRow, OverrideTerms, submit_overrides
from guibin.tiers.service.schemes import (
    TIER_SCHEMES,
    SchemeContent,
    create_scheme,
    edit_scheme,
    growth_of,
    names_of,
)

__all__ = [
    "QUOTA_CHANGE",
    "TIER_SCHEMES",
    "ManyOverriding",
    "Override",
    "OverrideRow",
    "OverrideTerms",
    "SchemeContent",
    "TierOverriding",
    "create_scheme",
    "edit_scheme",
    "evaluate",
    "growth_of",
    "names_of",
    "outlook_of",
    "submit_override",
    "submit_overrides",
    "submit_quota",
]
