"""Refusals that the HTTP edge itself makes."""

from guibin.core.errors import Category, Refusal


class BadHost(Refusal):
    """The Host header is missing, doubled or not one of ours."""

    category = Category.UNUSABLE
    code = "bad_host"
    zh = "请求的主机名不正确"
    en = "The Host header is not accepted"


class MethodNotAllowed(Refusal):
    """The path exists, the method does not; `allowed` and the header Allow list those that do."""

    category = Category.METHOD
    code = "method_not_allowed"
    zh = "不支持该请求方法"
    en = "The method is not allowed here"

    def __init__(self, *, allowed: tuple[str, ...]) -> None:
        super().__init__(allowed=allowed)
        self.allowed = allowed


class NotAcceptable(Refusal):
    """The caller takes no JSON."""

    category = Category.NOT_ACCEPTABLE
    code = "not_acceptable"
    zh = "只提供 JSON 格式的答复"
    en = "Answers are JSON only"


class RequestTimeout(Refusal):
    """The body came too slowly."""

    category = Category.TIMEOUT
    code = "request_timeout"
    zh = "请求内容传输超时"
    en = "The body came too slowly"


class BodyTooLarge(Refusal):
    """The body is larger than the route takes; `limit` is in bytes."""

    category = Category.TOO_LARGE
    code = "body_too_large"
    zh = "请求内容过大"
    en = "The body is too large"

    def __init__(self, *, limit: int) -> None:
        super().__init__(limit=limit)


class UnsupportedMediaType(Refusal):
    """Content-Type or Content-Encoding is not what the route takes; `accepted` lists what it does."""

    category = Category.UNSUPPORTED
    code = "unsupported_media_type"
    zh = "不支持该内容类型或编码"
    en = "The content type or encoding is not supported"

    def __init__(self, *, accepted: tuple[str, ...]) -> None:
        super().__init__(accepted=accepted)


class HeadersTooLarge(Refusal):
    """Too many header lines, or too much in them."""

    category = Category.HEADERS_TOO_LARGE
    code = "headers_too_large"
    zh = "请求头过大"
    en = "The request has too many or too large headers"


class MalformedJson(Refusal):
    """The body is no JSON; `position` counts characters, where it is known."""

    category = Category.INVALID
    code = "malformed_json"
    zh = "请求内容不是正确的 JSON"
    en = "The body is not well-formed JSON"

    def __init__(self, *, position: int | None) -> None:
        super().__init__(position=position)


class DuplicateJsonKey(Refusal):
    """An object names a field twice."""

    category = Category.INVALID
    code = "duplicate_json_key"
    zh = "JSON 中有重复的字段"
    en = "A JSON object names a field twice"


class MalformedUpload(Refusal):
    """The multipart body is broken, or holds other than one file."""

    category = Category.INVALID
    code = "malformed_upload"
    zh = "上传内容须为恰好一个文件"
    en = "The upload must hold exactly one file"


class UnknownParameter(Refusal):
    """The query has a parameter that the route does not know; `allowed` lists those that it does."""

    category = Category.INVALID
    code = "unknown_parameter"
    zh = "查询参数不存在"
    en = "The query has an unknown parameter"

    def __init__(self, *, allowed: tuple[str, ...]) -> None:
        super().__init__(allowed=allowed)


class DuplicateParameter(Refusal):
    """A query parameter is given twice."""

    category = Category.INVALID
    code = "duplicate_parameter"
    zh = "查询参数重复"
    en = "A query parameter is given twice"

    def __init__(self, *, parameter: str) -> None:
        super().__init__(parameter=parameter)


class SensitiveInUrl(Refusal):
    """A personal value stands in the query, where proxies and logs would keep it."""

    category = Category.INVALID
    code = "sensitive_in_url"
    zh = "个人信息不得出现在网址中，请使用 POST /v1/customers/search"
    en = "Personal values never stand in a URL: use POST /v1/customers/search"


class CursorInvalid(Refusal):
    """The cursor was altered, or belongs to another caller, path or filter."""

    category = Category.INVALID
    code = "cursor_invalid"
    zh = "分页游标无效，请从第一页重新查询"
    en = "The cursor is not valid here: start again from the first page"


class RangeTooLarge(Refusal):
    """The range of dates is longer than `max_days`."""

    category = Category.INVALID
    code = "range_too_large"
    zh = "日期范围过大"
    en = "The range of dates is too long"

    def __init__(self, *, max_days: int) -> None:
        super().__init__(max_days=max_days)


class LimitReached(Refusal):
    """Base of the refusals by a limit: `limit` names it, `retry_after` is in seconds, `allowed` counts calls."""

    category = Category.TOO_MANY

    def __init__(self, *, limit: str, retry_after: int, allowed: int = 0) -> None:
        super().__init__(limit=limit, retry_after=retry_after)
        self.limit = limit
        self.retry_after = retry_after
        self.allowed = allowed


class RateLimited(LimitReached):
    """Too many calls."""

    code = "rate_limited"
    zh = "操作过于频繁，请稍后再试"
    en = "Too many requests: slow down"


class DailyLimit(LimitReached):
    """Too many calls in a day of business."""

    code = "daily_limit"
    zh = "已达到当日操作次数上限"
    en = "The limit of a day is reached"


class CodeLocked(LimitReached):
    """Too many wrong codes: the entry of codes is closed for this caller, and nothing else is."""

    code = "code_locked"
    zh = "错误次数过多，券码核验已暂时关闭"
    en = "Too many wrong codes: the entry of codes is closed for a while"


class NotReady(Refusal):
    """The process cannot serve; `failed` names the checks that it does not pass."""

    category = Category.UNAVAILABLE
    code = "not_ready"
    zh = "服务尚未就绪"
    en = "The service is not ready"

    def __init__(self, *, failed: list[str]) -> None:
        super().__init__(failed=failed)


class InternalFault(Refusal):
    """A fault of the program: nothing was stored, the log has the request id."""

    category = Category.FAULT
    code = "internal_fault"
    zh = "系统内部错误，请凭请求编号联系管理员"
    en = "Internal fault: report the request id"
