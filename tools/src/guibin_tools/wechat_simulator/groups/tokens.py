"""Access tokens: `/cgi-bin/token`, whose every call makes a new one, and `/cgi-bin/stable_token`."""

import secrets

from fastapi import APIRouter, Request, Response

from guibin_tools.wechat_simulator.answers import WeChatError, answer
from guibin_tools.wechat_simulator.gate import METHODS, body_of, open_account, require_address, require_method, world_of
from guibin_tools.wechat_simulator.store import Row
from guibin_tools.wechat_simulator.world import World

ROUTER = APIRouter()
LIFE_SECONDS = 7_200
OVERLAP_SECONDS = 300
FORCE_SPACING_SECONDS = 30


@ROUTER.api_route("/cgi-bin/token", methods=METHODS)
async def token(request: Request) -> Response:
    """Make a new token; the one before is good for five more minutes."""
    require_method(request, "GET")
    world, query = world_of(request), dict(request.query_params)
    if query.get("grant_type") != "client_credential":
        raise WeChatError(40002)
    account = open_account(world, query)
    require_address(request, account)
    world.count(account, "token_day", 45009)
    kill_tokens(world, account["appid"], at=world.now() + OVERLAP_SECONDS, kind="token")
    return answer(access_token=_new_token(world, account, "token"), expires_in=LIFE_SECONDS)


@ROUTER.api_route("/cgi-bin/stable_token", methods=METHODS)
async def stable_token(request: Request) -> Response:
    """Return the same token while it is valid; in its last five minutes a new one, and both work."""
    require_method(request, "POST")
    world, body = world_of(request), await body_of(request)
    if body.get("grant_type") != "client_credential":
        raise WeChatError(40002)
    account = open_account(world, body)
    require_address(request, account)
    world.count(account, "stable_day", 45009)
    world.count(account, "stable_minute", 45011)
    current = _live_token(world, account["appid"])
    if body.get("force_refresh") is True and _may_force(world, account, current):
        kill_tokens(world, account["appid"], at=world.now(), kind="stable")
        current = None
    if current is None:
        return answer(access_token=_new_token(world, account, "stable"), expires_in=LIFE_SECONDS)
    return answer(access_token=current["value"], expires_in=int(current["expires"] - world.now()))


def kill_tokens(world: World, appid: str | None, *, at: float, kind: str | None = None) -> None:
    """Let the tokens of an account (of all) that are alive die at a time, as another cluster's refresh does."""
    world.store.execute(
        "UPDATE token SET dead_at = :at WHERE (:appid IS NULL OR appid = :appid) AND (:kind IS NULL OR kind = :kind)"
        " AND (dead_at IS NULL OR dead_at > :at)",
        at=at,
        appid=appid,
        kind=kind,
    )


def _may_force(world: World, account: Row, current: Row | None) -> bool:
    """Whether a forced refresh does something: within 30 s of a token's birth it does nothing."""
    if current is not None and world.now() - current["issued"] < FORCE_SPACING_SECONDS:
        return False
    world.count(account, "force_day", 45009)
    return True


def _live_token(world: World, appid: str) -> Row | None:
    return world.store.row(
        "SELECT * FROM token WHERE appid = :appid AND kind = 'stable' AND dead_at IS NULL AND expires > :late"
        " ORDER BY expires DESC",
        appid=appid,
        late=world.now() + OVERLAP_SECONDS,
    )


def _new_token(world: World, account: Row, kind: str) -> str:
    value = secrets.token_urlsafe(102)
    now = world.now()
    row = {"value": value, "appid": account["appid"], "kind": kind, "issued": now, "expires": now + LIFE_SECONDS}
    world.store.put("token", {**row, "dead_at": None})
    return value
