"""Refusals about suppliers."""

from guibin.core.errors import Category, Refusal


class SupplierCodeTaken(Refusal):
    """Another supplier has this code; codes are never used again."""

    category = Category.CONFLICT
    code = "supplier_code_taken"
    zh = "供应商代码已被使用"
    en = "Another supplier has this code"


class SupplierOff(Refusal):
    """The supplier is off, so it gets nothing new to deliver."""

    category = Category.CONFLICT
    code = "supplier_off"
    zh = "该供应商已停用"
    en = "The supplier is off"


class SupplierUrlNotAllowed(Refusal):
    """Orders are not sent to such an address."""

    category = Category.INVALID
    code = "supplier_url_not_allowed"
    zh = "该接口地址不允许使用：须为https公网地址"
    en = "Orders are sent to https addresses outside our own house only"


class SecretAlreadyShown(Refusal):
    """A secret is shown once; whoever lost it, or has none yet, makes a new one."""

    category = Category.CONFLICT
    code = "secret_already_shown"
    zh = "密钥只显示一次，请重新生成"
    en = "The secret was shown before, or there is none: make a new one"


class NoOpenOrder(Refusal):
    """The redemption has no order at a supplier that waits for an outcome."""

    category = Category.CONFLICT
    code = "no_open_order"
    zh = "没有待处理的供应商订单"
    en = "No order of this redemption waits for an outcome"


class CodesDiffer(Refusal):
    """A right by `order` needs a new code for each unit when it is done, another right none."""

    category = Category.CONFLICT
    code = "codes_differ"
    zh = "券码数量与订单不符或券码已存在"
    en = "The codes do not fit the order, or one of them is known"


class SignatureInvalid(Refusal):
    """The call-back is not signed by this supplier, for these bytes, now: one answer for all."""

    category = Category.UNAUTHENTICATED
    code = "signature_invalid"
    zh = "签名无效"
    en = "The signature is not valid"


class CallbackMismatch(Refusal):
    """What the call-back says of the order is not what we ordered, or the event was another one before."""

    category = Category.CONFLICT
    code = "mismatch"
    zh = "回调内容与订单不符"
    en = "The event does not fit the order"
