"""What every endpoint checks first, in WeChat's order: method, JSON, account, secret, address, access token."""

import json
from typing import Any

from fastapi import Request

from guibin_tools.wechat_simulator.answers import WeChatError
from guibin_tools.wechat_simulator.store import Row
from guibin_tools.wechat_simulator.world import World

METHODS = ["GET", "POST", "PUT", "DELETE"]
"""An endpoint is reached by any of them and says itself which one it wants."""


def world_of(request: Request) -> World:
    """Return the world of the application."""
    world = request.app.state.world
    if not isinstance(world, World):
        raise TypeError("the application has no world")
    return world


def require_method(request: Request, method: str) -> None:
    """Raise WeChatError 43001 or 43002 when an endpoint is called with another method."""
    if request.method != method:
        raise WeChatError(43001 if method == "GET" else 43002)


async def body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object of the body, whatever the Content-Type. Raises WeChatError 47001 when it is none."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise WeChatError(47001) from None
    if not isinstance(body, dict):
        raise WeChatError(47001)
    return body


def open_account(world: World, given: dict[str, Any], *, kinds: set[str] | None = None) -> Row:
    """Return the account whose appid and secret are given.

    Raises:
        WeChatError: 41002, 40013, 41004, 40125, 40243.
    """
    if not given.get("appid"):
        raise WeChatError(41002)
    account = world.account(str(given["appid"]))
    if account is None or (kinds is not None and account["kind"] not in kinds):
        raise WeChatError(40013)
    if not given.get("secret"):
        raise WeChatError(41004)
    if account["secret"] != given["secret"]:
        raise WeChatError(40125)
    if account["frozen"]:
        raise WeChatError(40243)
    return account


def require_address(request: Request, account: Row) -> None:
    """Raise WeChatError 40164 when the account has a list of addresses and the caller's is not on it."""
    address = request.client.host if request.client else ""
    if account["ip_list"] and address not in account["ip_list"]:
        raise WeChatError(40164)


def account_of_token(world: World, request: Request, *, kinds: set[str]) -> Row:
    """Return the account whose access token stands in the query.

    Raises:
        WeChatError: 41001 missing, 40014 unknown, 40001 superseded, 42001 expired, 48001 of another kind of account.
    """
    value = request.query_params.get("access_token")
    if not value:
        raise WeChatError(41001)
    token = world.store.row("SELECT * FROM token WHERE value = :value", value=value)
    if token is None:
        raise WeChatError(40014)
    if token["dead_at"] is not None and token["dead_at"] <= world.now():
        raise WeChatError(40001)
    if token["expires"] <= world.now():
        raise WeChatError(42001)
    account = world.account(token["appid"])
    if account is None or account["kind"] not in kinds:
        raise WeChatError(48001)
    return account
