"""Refusals about what is taken in place of a redemption that failed."""

from guibin.core.errors import Category, Refusal


class NothingToReplace(Refusal):
    """The redemption did not fail, was replaced before, or the time for it is over. Facts: replaced_by, until."""

    category = Category.CONFLICT
    code = "nothing_to_replace"
    zh = "该兑换无需替代，或已替代、已过期"
    en = "There is nothing to replace: it did not fail, was replaced, or the time is over"


class NotASubstitute(Refusal):
    """The bank does not offer this right in place of the one that failed."""

    category = Category.CONFLICT
    code = "not_a_substitute"
    zh = "该权益不能替代原权益"
    en = "This right is not offered in place of the one that failed"


class SubstituteTooDear(Refusal):
    """The substitute costs more than came back, and the bank offers it only where it does not. Facts: points, most."""

    category = Category.CONFLICT
    code = "substitute_too_dear"
    zh = "替代权益高于原兑换价格"
    en = "The substitute costs more than what it replaces"
