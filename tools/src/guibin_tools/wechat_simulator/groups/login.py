"""The mini program's login: code2Session, the session's key, the phone number."""

import base64
import hashlib
import hmac
import logging
from typing import Any

from fastapi import APIRouter, Request, Response

from guibin_tools.wechat_simulator.answers import WeChatError, answer
from guibin_tools.wechat_simulator.gate import (
    METHODS,
    account_of_token,
    body_of,
    open_account,
    require_method,
    world_of,
)
from guibin_tools.wechat_simulator.store import Row
from guibin_tools.wechat_simulator.world import World

ROUTER = APIRouter()


@ROUTER.api_route("/sns/jscode2session", methods=METHODS)
async def code_to_session(request: Request) -> Response:
    """Trade the code of wx.login for openid and a new session_key; with unionid if the account is bound."""
    require_method(request, "GET")
    world, query = world_of(request), dict(request.query_params)
    if query.get("grant_type") != "authorization_code":
        raise WeChatError(40002)
    account = open_account(world, query, kinds={"mp"})
    if not query.get("js_code"):
        raise WeChatError(41008)
    code = world.code(query["js_code"], "login")
    if code["appid"] != account["appid"]:
        raise WeChatError(40029)
    user = world.user(code["uid"])
    if user["blocked"]:
        raise WeChatError(40226)
    openid = world.openid(account["appid"], user["uid"])
    world.count(account, "login_minute_user", 45011, openid)
    world.use_up(code)
    unionid = world.unionid(account, user["uid"])
    return answer(
        session_key=world.new_session_key(account["appid"], openid),
        openid=openid,
        **({} if unionid is None else {"unionid": unionid}),
    )


@ROUTER.api_route("/wxa/checksession", methods=METHODS)
async def check_session(request: Request) -> Response:
    """Say whether a signature was made with the session_key that is valid now."""
    _signed_session(request)
    return answer(errcode=0, errmsg="ok")


@ROUTER.api_route("/wxa/resetusersessionkey", methods=METHODS)
async def reset_session_key(request: Request) -> Response:
    """Replace a session_key; the new one ends when the old one would have."""
    account, session = _signed_session(request)
    world = world_of(request)
    world.count(account, "reset_minute", 45011)
    if session["expires"] <= world.now():
        raise WeChatError(87007)
    key = world.new_session_key(account["appid"], session["openid"], expires=session["expires"])
    return answer(errcode=0, errmsg="ok", openid=session["openid"], session_key=key)


@ROUTER.api_route("/wxa/business/getuserphonenumber", methods=METHODS)
async def phone_number(request: Request) -> Response:
    """Trade the code of the phone button for the phone number; with an openid the code must be that person's."""
    require_method(request, "POST")
    world = world_of(request)
    account = account_of_token(world, request, kinds={"mp"})
    body = await body_of(request)
    code = world.code(str(body.get("code", "")), "phone")
    if code["appid"] != account["appid"]:
        raise WeChatError(40013)
    openid = body.get("openid")
    if openid is not None and openid != world.openid(account["appid"], code["uid"]):
        raise WeChatError(40003)
    world.count(account, "phone_minute", 45011)
    world.use_up(code)
    return answer(errcode=0, errmsg="ok", phone_info=phone_info(world, account, world.user(code["uid"])))


def phone_info(world: World, account: Row, user: Row) -> dict[str, Any]:
    """Describe a person's phone number: foreign numbers carry their country code."""
    pure, country = user["phone"], user["country"]
    return {
        "phoneNumber": pure if country == "86" else f"{country}{pure}",
        "purePhoneNumber": pure,
        "countryCode": country,
        "watermark": {"timestamp": int(world.now()), "appid": account["appid"]},
    }


def session_signature(key: bytes) -> str:
    """Return the proof of holding a session_key: HMAC-SHA-256 of nothing, in hex."""
    return hmac.new(key, b"", hashlib.sha256).hexdigest()


def _signed_session(request: Request) -> tuple[Row, Row]:
    """Return account and session of a call that is signed with the session_key, whose base64 text is the HMAC's key."""
    require_method(request, "GET")
    world, query = world_of(request), request.query_params
    account = account_of_token(world, request, kinds={"mp"})
    session = world.session_key(account["appid"], query.get("openid", ""))
    if session is None:
        raise WeChatError(40003)
    if query.get("sig_method") != "hmac_sha256":
        raise WeChatError(87008)
    given = query.get("signature", "")
    if given == session_signature(base64.b64decode(session["key"])):
        logging.getLogger("wechat_simulator").warning("signed with the decoded session_key instead of its text")
    if given != session_signature(session["key"].encode()):
        raise WeChatError(87009)
    return account, session
