"""All SQL of WeChat identities and access tokens."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.channels.models import TokenKind, WechatIdentity, WechatToken


async def find_identity(
    session: AsyncSession, *, openid_idx: bytes, appid: str, lock: bool = False
) -> WechatIdentity | None:
    """Return how an account knows a person, as it stands now; with `lock` as it stays until the transaction ends.

    It is the lock that an UPDATE takes: of two log-ins that shared a weaker one, both could come to write.
    """
    statement = (
        select(WechatIdentity)
        .where(WechatIdentity.openid_idx == openid_idx, WechatIdentity.appid == appid)
        .execution_options(populate_existing=True)
    )
    if lock:
        statement = statement.with_for_update(key_share=True)
    return (await session.exec(statement)).one_or_none()


async def add_identity(session: AsyncSession, identity: WechatIdentity) -> bool:
    """Add an identity; False when it is there."""
    statement = (
        insert(WechatIdentity)
        .values(identity.model_dump())
        .on_conflict_do_nothing()
        .returning(col(WechatIdentity.openid_idx))
    )
    return (await session.execute(statement)).first() is not None


async def update_identity(
    session: AsyncSession, identity: WechatIdentity, values: Mapping[str, Any], *, unowned: bool = False
) -> bool:
    """Change columns of an identity; with `unowned` only while nobody is bound to it. False when nothing changed."""
    statement = update(WechatIdentity).where(
        col(WechatIdentity.openid_idx) == identity.openid_idx, col(WechatIdentity.appid) == identity.appid
    )
    if unowned:
        statement = statement.where(col(WechatIdentity.customer_id).is_(None))
    changed = await session.execute(statement.values(**values).returning(col(WechatIdentity.openid_idx)))
    return changed.first() is not None


async def identities_of_customer(session: AsyncSession, *, customer_id: UUID) -> Sequence[WechatIdentity]:
    """Return the identities that are bound to a customer."""
    statement = (
        select(WechatIdentity)
        .where(WechatIdentity.customer_id == customer_id)
        .order_by(col(WechatIdentity.appid), col(WechatIdentity.openid_idx))
    )
    return (await session.exec(statement)).all()


async def customers_of_unionid(session: AsyncSession, *, unionid_idx: bytes) -> Sequence[UUID]:
    """Return the customers to whom identities of one person are bound; more than one is a conflict."""
    statement = (
        select(WechatIdentity.customer_id)
        .where(WechatIdentity.unionid_idx == unionid_idx, col(WechatIdentity.customer_id).is_not(None))
        .distinct()
    )
    return [customer_id for customer_id in (await session.exec(statement)).all() if customer_id is not None]


async def queue_bindings(session: AsyncSession, *, customer_id: UUID, unionid_idx: bytes | None) -> None:
    """Let bindings of one customer, and of one person, wait for each other until the transaction ends.

    Identities are spread by openid, so no unique index can hold that a customer has one openid per account.
    """
    names = [f"wechat customer {customer_id}"]
    if unionid_idx is not None:
        names.append(f"wechat person {unionid_idx.hex()}")
    for name in sorted(names):
        await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


async def forget_unbound(session: AsyncSession, *, seen_before: datetime, now: datetime, limit: int) -> int:
    """Forget persons who are bound to nobody and were last seen before an instant; return how many."""
    statement = text(
        "UPDATE wechat_identity SET data_key = NULL, openid_enc = NULL, unionid_enc = NULL, unionid_idx = NULL,"
        " closed_at = :now WHERE (openid_idx, appid) IN (SELECT openid_idx, appid FROM wechat_identity"
        " WHERE customer_id IS NULL AND closed_at IS NULL AND seen_at < :seen_before LIMIT :limit)"
        " AND customer_id IS NULL RETURNING appid"
    )
    values = {"now": now, "seen_before": seen_before, "limit": limit}
    return len((await session.execute(statement, values)).all())


async def shared_unionids(session: AsyncSession, *, limit: int) -> Sequence[tuple[UUID, UUID]]:
    """Return pairs of customers who share a person at WeChat and have not been laid before anybody yet."""
    statement = text(
        "SELECT DISTINCT one.customer_id, other.customer_id FROM wechat_identity AS one"
        " JOIN wechat_identity AS other ON other.unionid_idx = one.unionid_idx"
        " WHERE one.customer_id < other.customer_id AND NOT EXISTS (SELECT FROM match_review AS review"
        " WHERE review.customer_id = one.customer_id AND review.other_customer_id = other.customer_id"
        " AND review.reason = 'shared_unionid') ORDER BY 1, 2 LIMIT :limit"
    )
    return [(row[0], row[1]) for row in await session.execute(statement, {"limit": limit})]


async def move_identities(
    session: AsyncSession, *, from_id: UUID, to_id: UUID, ids: Sequence[UUID] | None = None
) -> list[UUID]:
    """Bind the identities of one customer, or those of `ids`, to another; the key of the table does not change."""
    wanted = [] if ids is None else [col(WechatIdentity.id).in_(ids)]
    moved = await session.execute(
        update(WechatIdentity)
        .where(col(WechatIdentity.customer_id) == from_id, *wanted)
        .values(customer_id=to_id)
        .returning(col(WechatIdentity.id))
    )
    return sorted(moved.scalars())


async def find_token(session: AsyncSession, appid: str, kind: TokenKind) -> WechatToken | None:
    """Return the token of an account as it stands now."""
    statement = (
        select(WechatToken)
        .where(WechatToken.appid == appid, WechatToken.kind == kind)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def add_token(session: AsyncSession, token: WechatToken) -> None:
    """Add the row of an account that has had no token yet; the same again changes nothing."""
    await session.execute(insert(WechatToken).values(token.model_dump()).on_conflict_do_nothing())


async def take_token_lease(session: AsyncSession, token: WechatToken, *, now: datetime, until: datetime) -> bool:
    """Take the lease of the next token; False while somebody else has it, or has fetched one meanwhile."""
    free = or_(col(WechatToken.leased_until).is_(None), col(WechatToken.leased_until) <= now)
    statement = _of_generation(token).where(free).values(leased_until=until).returning(col(WechatToken.appid))
    return (await session.execute(statement)).first() is not None


async def write_token(session: AsyncSession, token: WechatToken, values: Mapping[str, Any]) -> bool:
    """Write what follows on a token that was read; False when somebody else did so before."""
    statement = _of_generation(token).values(**values).returning(col(WechatToken.appid))
    return (await session.execute(statement)).first() is not None


def _of_generation(token: WechatToken) -> Any:
    return update(WechatToken).where(
        col(WechatToken.appid) == token.appid,
        col(WechatToken.kind) == token.kind,
        col(WechatToken.generation) == token.generation,
    )
