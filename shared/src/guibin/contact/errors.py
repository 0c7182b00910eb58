"""Refusals about reaching customers."""

from guibin.core.errors import Category, Refusal


class ContactOver(Refusal):
    """The contact has gone out, was given up or was refused already. Facts: state."""

    category = Category.CONFLICT
    code = "contact_over"
    zh = "该触达已结束"
    en = "The contact is over already"


class MessageContent(Refusal):
    """A text says what no message may say. Facts: faults."""

    category = Category.INVALID
    code = "message_content"
    zh = "短信内容不得包含资产、差额、金额或未开放的占位符"
    en = "A message may hold no assets, gaps, amounts or unknown placeholders"
