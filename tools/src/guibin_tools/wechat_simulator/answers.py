"""How WeChat answers: HTTP 200 and JSON that calls itself plain text; errors carry a request id in their message."""

import json
import secrets
from collections.abc import Mapping

from starlette.responses import Response

MESSAGES: Mapping[int, str] = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40030: "invalid refresh_token",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip, not in whitelist",
    40226: "code blocked",
    40243: "AppSecret has been frozen",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    42001: "access_token expired",
    42002: "refresh_token expired",
    42003: "code expired",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    47001: "data format error",
    48001: "api unauthorized",
    48006: "forbid to clear quota because of reaching the limit",
    50002: "user limited",
    87007: "session_key is not existed or expired",
    87008: "invalid sig_method",
    87009: "invalid signature",
}


class WeChatError(Exception):
    """An answer that says no."""

    def __init__(self, errcode: int) -> None:
        super().__init__(errcode)
        self.errcode = errcode


def answer(**fields: object) -> Response:
    """Say yes."""
    return _text(fields)


def refuse(errcode: int, message: str | None = None) -> Response:
    """Say no."""
    text = message or MESSAGES.get(errcode, "error")
    return _text({"errcode": errcode, "errmsg": f"{text}, rid: {new_rid()}"})


def new_rid() -> str:
    """Return a request id in WeChat's form."""
    return "-".join(secrets.token_hex(4) for _ in range(3))


def _text(fields: Mapping[str, object]) -> Response:
    body = json.dumps(fields, ensure_ascii=False).encode()
    return Response(body, headers={"Content-Type": "text/plain;charset=utf-8"})
