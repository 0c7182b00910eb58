"""The inbox of text messages: what the bank's gateway would have sent to a phone."""

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from guibin_tools.wechat_simulator.answers import WeChatError
from guibin_tools.wechat_simulator.gate import body_of, world_of

ROUTER = APIRouter()
_FIELDS = ("phone", "purpose", "code", "text")


@ROUTER.post("/sms/send")
async def send(request: Request) -> Response:
    """Take a message: `{"phone", "purpose", "code", "text"}`."""
    world = world_of(request)
    try:
        body = await body_of(request)
    except WeChatError:
        return JSONResponse({"error": "no JSON object"}, status_code=400)
    if any(not isinstance(body.get(name), str) for name in _FIELDS):
        return JSONResponse({"error": f"wanted: {', '.join(_FIELDS)}"}, status_code=400)
    world.store.put("sms", {"time": world.now(), **{name: body[name] for name in _FIELDS}})
    return JSONResponse({"status": "accepted"}, status_code=202)
