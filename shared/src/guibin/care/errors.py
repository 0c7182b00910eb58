"""Refusals about the care of customers."""

from guibin.core.errors import Category, Refusal


class CareRecordOver(Refusal):
    """The task, need, promise or complaint does not stand where this can be done. Facts: state."""

    category = Category.CONFLICT
    code = "care_record_over"
    zh = "该记录当前状态不允许此操作"
    en = "It does not stand where this can be done"


class ContactRequestOpen(Refusal):
    """The customer has asked to be contacted already, and is still to be. Facts: waiting_id, due_on."""

    category = Category.CONFLICT
    code = "contact_request_open"
    zh = "您已有一个待处理的联系请求，我们会尽快联系您"
    en = "You have asked to be contacted already: we will be in touch soon"


class TouchTimeInvalid(Refusal):
    """A touch is written down after it happened, and within 90 days. Facts: earliest, latest."""

    category = Category.INVALID
    code = "touch_time_invalid"
    zh = "触达时间不能晚于现在，也不能早于90天前"
    en = "A touch is written down after it happened, and within 90 days"


class TouchCorrected(Refusal):
    """The touch was corrected before: what corrects it is corrected instead."""

    category = Category.CONFLICT
    code = "touch_corrected"
    zh = "该触达记录已被更正，请更正其最新记录"
    en = "The touch was corrected before: correct what corrects it"


class TaskNotServed(Refusal):
    """The touch does not do what the task asks for: the customer was not reached, or it was less than was due."""

    category = Category.CONFLICT
    code = "task_not_served"
    zh = "该次触达未达到任务要求，不能完成该任务"
    en = "The touch does not do what the task asks for"


class DueDayInvalid(Refusal):
    """What is due lies between today and two years ahead. Facts: earliest, latest."""

    category = Category.INVALID
    code = "due_day_invalid"
    zh = "到期日应在今天至两年之内"
    en = "The day it is due lies between today and two years ahead"


class TaskTakerInvalid(Refusal):
    """The manager cannot take the task: inactive, or without access to the customer."""

    category = Category.CONFLICT
    code = "task_taker_invalid"
    zh = "该客户经理不能接手此任务"
    en = "This manager cannot take the task"


class NeedNotServed(Refusal):
    """The redemption is not one of this customer's that was delivered."""

    category = Category.CONFLICT
    code = "need_not_served"
    zh = "该兑换单不属于该客户或尚未完成"
    en = "The redemption is not one of this customer's that was delivered"


class TouchSubjectUnknown(Refusal):
    """There is no such product or right. Facts: field."""

    category = Category.INVALID
    code = "touch_subject_unknown"
    zh = "没有该产品或权益"
    en = "There is no such product or right"


class NextContactNotPossible(Refusal):
    """By the contact policy the customer is not to be contacted so on the day. Facts: reasons, possible_on.

    `possible_on` is the first day on which it is possible if nothing but time passes; null: somebody's word is needed.
    """

    category = Category.CONFLICT
    code = "next_contact_not_possible"
    zh = "按联系规则，当日不能以此方式联系该客户"
    en = "By the contact policy the customer is not to be contacted so on that day"


class OnlyAccompanied(Refusal):
    """Who gave the customer away writes contacts, needs and complaints down; the rest is of those who serve."""

    category = Category.FORBIDDEN
    code = "only_accompanied"
    zh = "陪同期内只能登记触达、需求与投诉，其余由现任客户经理办理"
    en = "In the joint period only contacts, needs and complaints are written down; the rest is of who serves"
