"""Claims and answers, in one rolled-back transaction; twins in parallel are tested over HTTP."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import new_id
from guibin.idempotency.errors import IdempotencyKeyExpired, IdempotencyKeyReused
from guibin.idempotency.service import Claimed, Replay, claim, store

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)


async def claim_key(
    session: AsyncSession, actor_id: UUID, *, meaning: bytes = b"m" * 32, now: datetime = NOON
) -> Claimed | Replay:
    return await claim(session, actor_id=actor_id, key="k1", fingerprint=meaning, now=now)


async def test_a_new_key_is_claimed_and_its_answer_replayed(session: AsyncSession) -> None:
    ann = new_id()
    assert await claim_key(session, ann) == Claimed()
    await store(session, actor_id=ann, key="k1", status=201, body=b"{}", content_type="application/json", etag='"1"')
    replay = await claim_key(session, ann)
    assert replay == Replay(201, b"{}", {"content-type": "application/json", "etag": '"1"'})


async def test_an_answer_without_headers_is_replayed_without(session: AsyncSession) -> None:
    ann = new_id()
    await claim_key(session, ann)
    await store(session, actor_id=ann, key="k1", status=204, body=b"")
    assert await claim_key(session, ann) == Replay(204, b"", {})


async def test_the_key_of_another_actor_is_new(session: AsyncSession) -> None:
    await claim_key(session, new_id())
    assert await claim_key(session, new_id()) == Claimed()


async def test_another_meaning_is_refused(session: AsyncSession) -> None:
    ann = new_id()
    await claim_key(session, ann)
    await store(session, actor_id=ann, key="k1", status=200, body=b"")
    with pytest.raises(IdempotencyKeyReused):
        await claim_key(session, ann, meaning=b"n" * 32)


async def test_an_answer_is_kept_for_seven_days(session: AsyncSession) -> None:
    ann = new_id()
    await claim_key(session, ann)
    await store(session, actor_id=ann, key="k1", status=200, body=b"")
    assert isinstance(await claim_key(session, ann, now=NOON + timedelta(days=7)), Replay)
    with pytest.raises(IdempotencyKeyExpired):
        await claim_key(session, ann, now=NOON + timedelta(days=7, seconds=1))


async def test_an_error_that_is_no_lock_time_out_is_passed_on(session: AsyncSession) -> None:
    with pytest.raises(DBAPIError, match="fingerprint_is_sha256"):
        await claim_key(session, new_id(), meaning=b"short")
