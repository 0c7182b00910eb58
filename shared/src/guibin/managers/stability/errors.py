"""Refusals about what customers wish."""

from guibin.core.errors import Category, Refusal


class NoManager(Refusal):
    """Nobody in particular serves the customer."""

    category = Category.CONFLICT
    code = "no_manager"
    zh = "您目前没有专属客户经理"
    en = "Nobody in particular serves you at present"


class NoOpenWish(Refusal):
    """The customer has not wished for anything, or it is answered."""

    category = Category.CONFLICT
    code = "no_open_preference"
    zh = "该客户没有待答复的意愿"
    en = "The customer has no wish that waits for an answer"


class SuccessorMissing(Refusal):
    """To let a customer change the manager, somebody has to be named; to answer otherwise, nobody."""

    category = Category.INVALID
    code = "successor_missing"
    zh = "同意更换时须指定新的客户经理，其他答复不得指定"
    en = "A change that is agreed to names the new manager, any other answer names nobody"
