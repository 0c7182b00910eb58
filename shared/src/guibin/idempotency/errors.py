from guibin.core.errors import Category, Refusal


class IdempotencyKeyRequired(Refusal):
    """The command moves points, stock or codes and came without a key."""

    category = Category.INVALID
    code = "idempotency_key_required"
    zh = "请求必须带 Idempotency-Key"
    en = "Send an Idempotency-Key header"


class IdempotencyKeyInvalid(Refusal):
    """The header is there, but is no key."""

    category = Category.INVALID
    code = "idempotency_key_invalid"
    zh = "Idempotency-Key 须为 1 至 128 个可见 ASCII 字符，且只出现一次"
    en = "Idempotency-Key must be one value of 1 to 128 visible ASCII characters"


class IdempotencyKeyReused(Refusal):
    """The key already stands for another request."""

    category = Category.INVALID
    code = "idempotency_key_reused"
    zh = "该 Idempotency-Key 已用于另一请求"
    en = "This Idempotency-Key belongs to another request"


class IdempotencyInProgress(Refusal):
    """A twin with the same key is still running; `retry_after` is in seconds."""

    category = Category.CONFLICT
    code = "idempotency_in_progress"
    zh = "同一请求正在处理，请稍后重试"
    en = "The same request is still running: try again shortly"

    def __init__(self) -> None:
        super().__init__(retry_after=1)


class IdempotencyKeyExpired(Refusal):
    """The key had its effect, and the answer is no longer kept."""

    category = Category.CONFLICT
    code = "idempotency_key_expired"
    zh = "该请求早已处理，结果不再保留，请查询后再操作"
    en = "This request was done long ago and its answer is no longer kept: look before you act again"
