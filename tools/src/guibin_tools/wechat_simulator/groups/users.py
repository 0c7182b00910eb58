"""Followers of an official account."""

from fastapi import APIRouter, Request, Response

from guibin_tools.wechat_simulator.answers import WeChatError, answer
from guibin_tools.wechat_simulator.gate import METHODS, account_of_token, require_method, world_of

ROUTER = APIRouter()


@ROUTER.api_route("/cgi-bin/user/info", methods=METHODS)
async def info(request: Request) -> Response:
    """Describe a follower; of somebody who does not follow only that is said."""
    require_method(request, "GET")
    world = world_of(request)
    account = account_of_token(world, request, kinds={"oa"})
    openid = request.query_params.get("openid", "")
    identity = world.identity(account["appid"], openid)
    if identity is None:
        raise WeChatError(40003)
    if not identity["subscribed"]:
        return answer(subscribe=0, openid=openid)
    unionid = world.unionid(account, identity["uid"])
    return answer(
        subscribe=1,
        openid=openid,
        language="zh_CN",
        subscribe_time=int(identity["since"]),
        **({} if unionid is None else {"unionid": unionid}),
        remark="",
        groupid=0,
        tagid_list=[],
        subscribe_scene="ADD_SCENE_QR_CODE",
        qr_scene=0,
        qr_scene_str="",
    )
