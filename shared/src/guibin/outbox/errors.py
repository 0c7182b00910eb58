"""Refusals about webhooks."""

from guibin.core.errors import Category, Refusal


class UrlNotAllowed(Refusal):
    """Events are not sent to such an address."""

    category = Category.INVALID
    code = "url_not_allowed"
    zh = "该地址不允许作为推送地址：须为https公网地址"
    en = "Events are sent to https addresses outside our own house only"


class WebhookOff(Refusal):
    """The webhook is off, so nothing is sent to it."""

    category = Category.CONFLICT
    code = "webhook_off"
    zh = "该推送已停用"
    en = "The webhook is off"
