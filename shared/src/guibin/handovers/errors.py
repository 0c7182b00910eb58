"""Refusals about handovers."""

from guibin.core.errors import Category, Refusal


class HandoverOver(Refusal):
    """The handover does not stand where this can be done. Facts: state."""

    category = Category.CONFLICT
    code = "handover_over"
    zh = "该交接单当前状态不允许此操作"
    en = "The handover does not stand where this can be done"


class HandoverNotYours(Refusal):
    """Only who gives and who takes sign; who leads the branch signs for a giver who is gone."""

    category = Category.FORBIDDEN
    code = "handover_not_yours"
    zh = "只有交出方和接收方可以签字；交出方已离任时由机构负责人代签"
    en = "Only who gives and who takes sign; who leads the branch signs for a giver who is gone"


class HandoverSigned(Refusal):
    """This side has signed before."""

    category = Category.CONFLICT
    code = "handover_signed"
    zh = "该方已经签字"
    en = "This side has signed before"
