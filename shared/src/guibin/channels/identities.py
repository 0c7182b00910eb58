"""Who at WeChat is which customer: seen first, bound after proof, unbound, forgotten.

An openid proves a WeChat account and nothing about the bank: whoever calls `bind` has other proof. Two identities of
one person (unionid) that are bound to different customers are never merged; people decide.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.channels import repository
from guibin.channels.errors import BindingConflict
from guibin.channels.models import WechatIdentity
from guibin.channels.wechat import WeChatLogin
from guibin.core import clock
from guibin.core.errors import RetryLater
from guibin.core.ids import new_id
from guibin.security.ciphers import DecryptionFailed, KeyRing, WrappedKey
from guibin.security.row_scope import all_rows

_TABLE = "wechat_identity"
_SEEN_AGAIN = timedelta(days=1)
HOW_TO_REBIND = "bank_token"


async def note_login(session: AsyncSession, keys: KeyRing, login: WeChatLogin) -> WechatIdentity:
    """Note who logged in and return the identity; its `customer_id` is None until it is bound.

    The unionid is filled in when it is first seen, and replaced when it changes, as it does when our accounts move to
    another owner at WeChat. An identity that was forgotten begins anew, bound to nobody.

    Whose it is stays so until the transaction ends: who unbinds it waits, and finds the session that the log-in opened.

    Raises:
        RetryLater: an erasure has deleted it meanwhile.
    """
    index = openid_index(keys, login.openid)
    async with all_rows(session):
        found = await repository.find_identity(session, openid_idx=index, appid=login.appid, lock=True)
        if found is None:
            await repository.add_identity(session, _new_identity(keys, login, index))
        elif found.data_key is None:
            new = _new_identity(keys, login, index).model_dump(exclude={"openid_idx", "appid", "kind"})
            await repository.update_identity(session, found, new)
        elif changes := _changes(keys, found, login):
            await repository.update_identity(session, found, changes)
        else:
            return found
        noted = await repository.find_identity(session, openid_idx=index, appid=login.appid, lock=True)
    if noted is None:
        raise RetryLater
    return noted


async def bind(
    session: AsyncSession, identity: WechatIdentity, *, customer_id: UUID, rebind: bool = False
) -> Sequence[WechatIdentity]:
    """Bind an identity to a customer who has proved who they are; the same again changes nothing.

    With `rebind`, after the stronger proof of the bank's own app, the customer's earlier identity of the same account
    gives way, and so does what is known to be another person's. Returns those that gave way.

    Raises:
        BindingConflict: the identity, or another of the same person, belongs to another customer, or the customer has
            another identity of the same account or of another person.
    """
    await repository.queue_bindings(session, customer_id=customer_id, unionid_idx=identity.unionid_idx)
    async with all_rows(session):
        await _refuse_shared_person(session, identity, customer_id)
        others = await _others(session, identity, customer_id)
        if others and not rebind:
            raise BindingConflict(how=HOW_TO_REBIND)
        for other in others:
            await unbind(session, other)
        values = {"customer_id": customer_id, "bound_at": clock.now()}
        if await repository.update_identity(session, identity, values, unowned=True):
            return others
        now = await repository.find_identity(session, openid_idx=identity.openid_idx, appid=identity.appid)
        if now is None or now.customer_id != customer_id:
            raise BindingConflict(how=HOW_TO_REBIND)
    return others


async def unbind(session: AsyncSession, identity: WechatIdentity) -> None:
    """Take the customer off an identity; who logs in with it afterwards is nobody's again."""
    await repository.update_identity(session, identity, {"customer_id": None, "bound_at": None})


async def list_of_customer(session: AsyncSession, *, customer_id: UUID) -> Sequence[WechatIdentity]:
    """Return the identities that are bound to a customer."""
    return await repository.identities_of_customer(session, customer_id=customer_id)


def openid_of(keys: KeyRing, identity: WechatIdentity) -> str | None:
    """Open the openid of an identity, to call WeChat with; None once it is closed.

    Raises:
        DecryptionFailed: the row was not written with this key ring.
    """
    if identity.data_key is None:
        return None
    if identity.openid_enc is None:
        raise DecryptionFailed
    key = keys.open_data_key(WrappedKey(identity.data_key), identity.id)
    return key.decrypt(identity.openid_enc, _TABLE, "openid_enc", identity.id)


def openid_index(keys: KeyRing, openid: str) -> bytes:
    """Return the index by which an openid is found."""
    return keys.blind_index("openid", openid)


def unionid_index(keys: KeyRing, unionid: str) -> bytes:
    """Return the index by which a unionid is found."""
    return keys.blind_index("unionid", unionid)


async def _refuse_shared_person(session: AsyncSession, identity: WechatIdentity, customer_id: UUID) -> None:
    if identity.unionid_idx is None:
        return
    owners = await repository.customers_of_unionid(session, unionid_idx=identity.unionid_idx)
    if set(owners) - {customer_id}:
        raise BindingConflict(how=HOW_TO_REBIND)


async def _others(session: AsyncSession, identity: WechatIdentity, customer_id: UUID) -> Sequence[WechatIdentity]:
    """Return the customer's identities beside which this one cannot stand."""
    bound = await repository.identities_of_customer(session, customer_id=customer_id)
    return [other for other in bound if other.id != identity.id and _is_another(other, identity)]


def _is_another(other: WechatIdentity, identity: WechatIdentity) -> bool:
    """Tell whether two identities are a second one at an account, or known to be two persons'."""
    known = other.unionid_idx is not None and identity.unionid_idx is not None
    return other.appid == identity.appid or (known and other.unionid_idx != identity.unionid_idx)


def _new_identity(keys: KeyRing, login: WeChatLogin, index: bytes) -> WechatIdentity:
    row_id, now = new_id(), clock.now()
    wrapped = keys.new_data_key(row_id)
    identity = WechatIdentity(
        openid_idx=index,
        appid=login.appid,
        id=row_id,
        kind=login.kind,
        data_key=wrapped,
        openid_enc=keys.open_data_key(wrapped, row_id).encrypt(login.openid, _TABLE, "openid_enc", row_id),
        first_seen_at=now,
        seen_at=now,
    )
    if login.unionid is not None:
        identity.sqlmodel_update(_unionid_of(keys, identity, login.unionid))
    return identity


def _changes(keys: KeyRing, found: WechatIdentity, login: WeChatLogin) -> dict[str, object]:
    """Return what a login changes of an identity that is known; when it was seen is written once a day."""
    changes: dict[str, object] = {}
    if login.unionid is not None and found.unionid_idx != unionid_index(keys, login.unionid):
        changes |= _unionid_of(keys, found, login.unionid)
    if clock.now() - found.seen_at > _SEEN_AGAIN:
        changes["seen_at"] = clock.now()
    return changes


def _unionid_of(keys: KeyRing, identity: WechatIdentity, unionid: str) -> dict[str, object]:
    if identity.data_key is None:
        raise DecryptionFailed
    key = keys.open_data_key(WrappedKey(identity.data_key), identity.id)
    return {
        "unionid_idx": unionid_index(keys, unionid),
        "unionid_enc": key.encrypt(unionid, _TABLE, "unionid_enc", identity.id),
    }
