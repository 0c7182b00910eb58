"""The application: the groups of the interface behind one layer that fails and logs."""

from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.types import ASGIApp

from guibin_tools.wechat_simulator.answers import WeChatError, refuse
from guibin_tools.wechat_simulator.groups import control, login, oauth, sms, tokens, users
from guibin_tools.wechat_simulator.store import Store
from guibin_tools.wechat_simulator.wire import Wire
from guibin_tools.wechat_simulator.world import World

GROUPS = (tokens, login, oauth, users, sms, control)


def create_app(store: Store, *, token: str) -> ASGIApp:
    """Make the simulator's application over a store; `token` opens the control interface."""
    world = World(store, token)
    app = FastAPI(title="WeChat simulator", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.world = world
    for group in GROUPS:
        app.include_router(group.ROUTER)
    app.add_exception_handler(WeChatError, _refuse)
    return Wire(app, world)


async def _refuse(_request: Request, error: Exception) -> Response:
    return refuse(error.errcode if isinstance(error, WeChatError) else -1)
