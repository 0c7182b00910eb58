"""Web logins of an official account: the page of the Open Platform, the code's trade, the person's own tokens."""

import secrets
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from guibin_tools.wechat_simulator.answers import WeChatError, answer
from guibin_tools.wechat_simulator.gate import METHODS, open_account, require_method, world_of
from guibin_tools.wechat_simulator.store import Row
from guibin_tools.wechat_simulator.world import World

ROUTER = APIRouter()
ACCESS_SECONDS = 7_200
REFRESH_SECONDS = 30 * 86_400
SCOPES = ("snsapi_base", "snsapi_userinfo")
PERSON_COOKIE = "sim_uid"
_LONGEST_STATE = 128


@ROUTER.get("/connect/oauth2/authorize")
async def authorize(request: Request) -> Response:
    """Show the page that asks a person; with `sim_uid` (query or cookie) and snsapi_base it redirects at once."""
    world, query = world_of(request), dict(request.query_params)
    fault = _fault_of(world, query)
    if fault is not None:
        return HTMLResponse(f"<h1>{fault}</h1>")
    uid = query.get(PERSON_COOKIE) or request.cookies.get(PERSON_COOKIE)
    if uid and query["scope"] == "snsapi_base":
        return _redirect(query, world.give_code("oauth", query["appid"], uid, scope=query["scope"]))
    return HTMLResponse(_page(world, query))


@ROUTER.get("/connect/oauth2/decide")
async def decide(request: Request) -> Response:
    """Take what a person answered on the page: back with a code, or without one."""
    world, query = world_of(request), dict(request.query_params)
    fault = _fault_of(world, query)
    if fault is not None:
        return HTMLResponse(f"<h1>{fault}</h1>")
    if query.get("decision") != "agree":
        return _redirect(query, None)
    snapshot = query.get("snapshot") == "1"
    code = world.give_code("oauth", query["appid"], query["uid"], scope=query["scope"], snapshot=snapshot)
    return _redirect(query, code)


@ROUTER.api_route("/sns/oauth2/access_token", methods=METHODS)
async def access_token(request: Request) -> Response:
    """Trade a code for who the person is; the unionid comes with snsapi_userinfo only."""
    require_method(request, "GET")
    world, query = world_of(request), dict(request.query_params)
    if query.get("grant_type") != "authorization_code":
        raise WeChatError(40002)
    account = open_account(world, query, kinds={"oa", "app"})
    if not query.get("code"):
        raise WeChatError(41008)
    code = _oauth_code(world, account, query["code"])
    world.count(account, "oauth_minute", 45011)
    world.use_up(code)
    if code["snapshot"]:
        openid, more = (
            "o" + secrets.token_urlsafe(20)[:27],
            {"is_snapshotuser": 1, "unionid": secrets.token_urlsafe(20)},
        )
    else:
        openid, more = world.openid(account["appid"], code["uid"]), _unionid(world, account, code)
    return answer(**_new_tokens(world, account, openid, code["uid"], code["scope"]), **more)


@ROUTER.api_route("/sns/oauth2/refresh_token", methods=METHODS)
async def refresh_token(request: Request) -> Response:
    """Trade a refresh token, which lives for 30 days, for another access token of the person."""
    require_method(request, "GET")
    world, query = world_of(request), dict(request.query_params)
    if query.get("grant_type") != "refresh_token":
        raise WeChatError(40002)
    if not query.get("appid"):
        raise WeChatError(41002)
    account = world.account(query["appid"])
    if account is None:
        raise WeChatError(40013)
    found = _token(world, "refresh", query.get("refresh_token", ""))
    if found is None or found["appid"] != account["appid"]:
        raise WeChatError(40030)
    if found["expires"] <= world.now():
        raise WeChatError(42002)
    return answer(**_new_tokens(world, account, found["openid"], found["uid"], found["scope"]))


@ROUTER.api_route("/sns/userinfo", methods=METHODS)
async def user_info(request: Request) -> Response:
    """Describe the person; gender and region have been empty since 2021."""
    require_method(request, "GET")
    world = world_of(request)
    held = _held(world, request)
    if held["scope"] != "snsapi_userinfo":
        raise WeChatError(48001)
    account = world.account(held["appid"])
    user = world.user(held["uid"])
    unionid: dict[str, Any] = {} if account is None else _unionid(world, account, held)
    return answer(
        openid=held["openid"],
        nickname=user["nickname"],
        sex=0,
        province="",
        city="",
        country="",
        headimgurl="",
        privilege=[],
        **unionid,
    )


@ROUTER.api_route("/sns/auth", methods=METHODS)
async def auth(request: Request) -> Response:
    """Say whether a person's access token and openid belong together."""
    require_method(request, "GET")
    _held(world_of(request), request)
    return answer(errcode=0, errmsg="ok")


def _oauth_code(world: World, account: Row, text: str) -> Row:
    found = world.store.row("SELECT * FROM code WHERE code = :code AND kind = 'oauth'", code=text)
    if found is None or found["appid"] != account["appid"]:
        raise WeChatError(40029)
    if found["used"]:
        raise WeChatError(40163)
    if found["expires"] <= world.now():
        raise WeChatError(42003)
    return found


def _unionid(world: World, account: Row, held: Row) -> dict[str, Any]:
    unionid = world.unionid(account, held["uid"])
    return {"unionid": unionid} if unionid is not None and held["scope"] == "snsapi_userinfo" else {}


def _new_tokens(world: World, account: Row, openid: str, uid: str, scope: str) -> dict[str, Any]:
    made = {}
    for kind, seconds in (("access", ACCESS_SECONDS), ("refresh", REFRESH_SECONDS)):
        made[f"{kind}_token"] = value = secrets.token_urlsafe(64)
        row = {"value": value, "kind": kind, "appid": account["appid"], "openid": openid, "uid": uid, "scope": scope}
        world.store.put("oauth_token", {**row, "expires": world.now() + seconds})
    return {**made, "expires_in": ACCESS_SECONDS, "openid": openid, "scope": scope}


def _token(world: World, kind: str, value: str) -> Row | None:
    return world.store.row("SELECT * FROM oauth_token WHERE value = :value AND kind = :kind", value=value, kind=kind)


def _held(world: World, request: Request) -> Row:
    """Return the person's access token in the query, checked with the openid beside it."""
    value = request.query_params.get("access_token")
    if not value:
        raise WeChatError(41001)
    found = _token(world, "access", value)
    if found is None:
        raise WeChatError(40001)
    if found["expires"] <= world.now():
        raise WeChatError(42001)
    if request.query_params.get("openid") != found["openid"]:
        raise WeChatError(40003)
    return found


def _fault_of(world: World, query: dict[str, str]) -> str | None:
    """Return what the page says instead of asking; None when it asks."""
    account = world.account(query.get("appid", ""))
    if account is None or account["kind"] not in {"oa", "app"}:
        return "Error 10012: appid"
    if urlsplit(query.get("redirect_uri", "")).hostname not in account["redirect_hosts"]:
        return "Error 10003: redirect_uri"
    if query.get("response_type") != "code" or query.get("scope") not in SCOPES:
        return "Error 10005: scope"
    state = query.get("state", "")
    if len(state) > _LONGEST_STATE or (state and not (state.isascii() and state.isalnum())):
        return "Error: state"
    return None


def _redirect(query: dict[str, str], code: str | None) -> Response:
    """Send the person back; a refusal carries the state only."""
    parts = urlsplit(query["redirect_uri"])
    extra: dict[str, str] = {} if code is None else {"code": code}
    back = [*parse_qsl(parts.query, keep_blank_values=True), *extra.items(), ("state", query.get("state", ""))]
    return RedirectResponse(urlunsplit(parts._replace(query=urlencode(back))), status_code=302)


def _page(world: World, query: dict[str, str]) -> str:
    """Write the page: one row for each person, with what they may answer."""
    rows = [
        f"<li>{escape(user['nickname'])} {' '.join(_links(query, user['uid']))}</li>"
        for user in world.store.rows("SELECT uid, nickname FROM user ORDER BY uid")
    ]
    title = f"Log in with {escape(query['scope'])}"
    return f"<!doctype html><title>{title}</title><h1>{title}</h1><ul>{''.join(rows)}</ul>"


def _links(query: dict[str, str], uid: str) -> list[str]:
    kept = {name: query.get(name, "") for name in ("appid", "redirect_uri", "response_type", "scope", "state")}
    choices: dict[str, dict[str, str]] = {
        "Agree": {"decision": "agree"},
        "Refuse": {"decision": "refuse"},
        "Snapshot": {"decision": "agree", "snapshot": "1"},
    }
    return [
        f'<a href="/connect/oauth2/decide?{escape(urlencode(kept | {"uid": uid} | choice))}">{label}</a>'
        for label, choice in choices.items()
    ]
