"""The control interface: tests and developers move the clock, seed, act as people, let calls fail and read the log."""

import base64
import hashlib
import hmac
import json
from typing import Annotated, Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.routing import APIRoute

from guibin_tools.wechat_simulator import request_log
from guibin_tools.wechat_simulator.failures import FailureRule
from guibin_tools.wechat_simulator.gate import world_of
from guibin_tools.wechat_simulator.groups.login import phone_info
from guibin_tools.wechat_simulator.store import Row
from guibin_tools.wechat_simulator.world import World

Fields = dict[str, Any]


def controlled(request: Request) -> World:
    """Return the world to whoever holds the control token."""
    world = world_of(request)
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), world.token.encode()):
        raise HTTPException(401, "the control token is missing")
    return world


Control = Annotated[World, Depends(controlled)]


class ControlRoute(APIRoute):
    """What names somebody or something that is not there answers 404, what is written wrongly 422."""

    def get_route_handler(self) -> Any:
        """Wrap the handler."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Any:
            try:
                return await handler(request)
            except KeyError as error:
                raise HTTPException(404, f"missing or unknown: {error.args[0]}") from None
            except ValueError as error:
                raise HTTPException(422, str(error)) from None

        return handle


ROUTER = APIRouter(prefix="/_sim", route_class=ControlRoute)


@ROUTER.post("/clock")
async def clock(world: Control, given: Fields) -> Fields:
    """Move the virtual clock by `advance_s`, or `set` it to seconds since 1970."""
    if "set" in given:
        world.offset += float(given["set"]) - world.now()
    else:
        world.offset += float(given["advance_s"])
    return {"now": world.now()}


@ROUTER.post("/reset")
async def reset(world: Control, given: Fields) -> Fields:
    """Forget everything, then seed what is given."""
    world.reset()
    return _seed(world, given)


@ROUTER.post("/seed")
async def seed(world: Control, given: Fields) -> Fields:
    """Add or replace `accounts` and `users`."""
    return _seed(world, given)


@ROUTER.get("/requests")
async def requests(world: Control, path: str | None = None) -> Fields:
    """Return the redacted log of requests."""
    return {"items": list(request_log.listed(world, path))}


@ROUTER.get("/sms")
async def sms(world: Control, phone: str) -> Fields:
    """Return the text messages of a phone, newest first."""
    return {"items": world.store.rows("SELECT * FROM sms WHERE phone = :phone ORDER BY id DESC", phone=phone)}


@ROUTER.post("/fail", status_code=201)
async def fail(world: Control, given: Fields) -> Fields:
    """Let calls fail: `{match, appid?, openid?, nth?, count?, probability?, seed?, effect: {kind, ...}}`."""
    world.rules.append(FailureRule.of(given))
    return {"rules": len(world.rules)}


@ROUTER.delete("/fail")
async def heal(world: Control) -> Fields:
    """Take all failures away."""
    world.rules.clear()
    return {"rules": 0}


@ROUTER.post("/users/{uid}/login")
async def login(world: Control, uid: str, given: Fields) -> Fields:
    """The person opens the mini program: `wx.login` gives a code."""
    appid = _account(world, given)["appid"]
    return {"code": world.give_code("login", appid, uid), "openid": world.openid(appid, uid)}


@ROUTER.post("/users/{uid}/phone_code")
async def phone_code(world: Control, uid: str, given: Fields) -> Fields:
    """The person taps the phone button."""
    return {"code": world.give_code("phone", _account(world, given)["appid"], uid)}


@ROUTER.post("/users/{uid}/oauth")
async def oauth(world: Control, uid: str, given: Fields) -> Fields:
    """The person opens a page of the official account: `scope`, `decision` agree, refuse or snapshot."""
    account = _account(world, given)
    if given.get("decision", "agree") == "refuse":
        return {"code": None}
    snapshot = given.get("decision") == "snapshot"
    scope = given.get("scope", "snsapi_base")
    code = world.give_code("oauth", account["appid"], uid, scope=scope, snapshot=snapshot)
    return {"code": code, "openid": world.openid(account["appid"], uid)}


@ROUTER.post("/users/{uid}/follow")
async def follow(world: Control, uid: str, given: Fields) -> Fields:
    """The person follows the official account."""
    return _subscribe(world, uid, given, subscribed=True)


@ROUTER.post("/users/{uid}/unfollow")
async def unfollow(world: Control, uid: str, given: Fields) -> Fields:
    """The person does not follow it any more."""
    return _subscribe(world, uid, given, subscribed=False)


@ROUTER.post("/users/{uid}/open_data")
async def open_data(world: Control, uid: str, given: Fields) -> Fields:
    """What `wx.getUserInfo` and the old phone button hand to the page: signed, and encrypted with the session_key."""
    account = _account(world, given)
    user = world.user(uid)
    session = world.session_key(account["appid"], world.openid(account["appid"], uid))
    if session is None:
        raise KeyError("session")
    raw = json.dumps({"nickName": user["nickname"]}, ensure_ascii=False, separators=(",", ":"))
    plain = json.dumps(phone_info(world, account, user), separators=(",", ":"))
    iv = base64.b64decode(given["iv"]) if "iv" in given else hashlib.sha256(plain.encode()).digest()[:16]
    return {
        "rawData": raw,
        "signature": user_data_signature(raw, session["key"]),
        "encryptedData": encrypt_user_data(plain, iv, session["key"]),
        "iv": base64.b64encode(iv).decode(),
    }


def user_data_signature(raw_data: str, session_key: str) -> str:
    """Return WeChat's signature of a text for the holder of a session_key."""
    return hashlib.sha1((raw_data + session_key).encode()).hexdigest()  # noqa: S324 - WeChat's own scheme


def encrypt_user_data(plain: str, iv: bytes, session_key: str) -> str:
    """Encrypt data as WeChat does for a mini program: AES-128-CBC, PKCS7, base64."""
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES128(base64.b64decode(session_key)), modes.CBC(iv)).encryptor()
    padded = padder.update(plain.encode()) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def _account(world: World, given: Fields) -> Row:
    account = world.account(given["appid"])
    if account is None:
        raise KeyError(given["appid"])
    return account


def _seed(world: World, given: Fields) -> Fields:
    for account in given.get("accounts", []):
        world.put_account(account)
    for user in given.get("users", []):
        world.put_user(user)
    return {"accounts": len(given.get("accounts", [])), "users": len(given.get("users", []))}


def _subscribe(world: World, uid: str, given: Fields, *, subscribed: bool) -> Fields:
    appid = _account(world, given)["appid"]
    openid = world.openid(appid, world.user(uid)["uid"])
    world.store.execute(
        "UPDATE identity SET subscribed = :subscribed, since = :since WHERE appid = :appid AND openid = :openid",
        subscribed=subscribed,
        since=world.now(),
        appid=appid,
        openid=openid,
    )
    return {"openid": openid}
