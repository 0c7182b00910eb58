"""Nothing is locked between reading what decides and writing what was decided: what moved meanwhile is decided anew."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import fields
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from customer_api.rights.schemas import RedemptionOut
from guibin.core.direct import InSession
from guibin.core.ids import new_id
from guibin.idempotency.models import IdempotencyKey
from guibin.outbox.models import OutboxEvent
from guibin.points.models import EntryKind, PointsAccount, PointsEntry
from guibin.points.service import read_lots
from guibin.programme.models import KillSwitch
from guibin.rights.models import Redemption, RightsItem
from guibin.rights.repository.redeeming import Outcome, write_redemption
from guibin.rights.service.new_redemption import NewRedemption
from guibin.rights.service.redeeming import Redeemed, Taking
from support.points import ACTOR, NOON, post_points
from support.redeeming import decided
from support.rights import add_customer_with, add_right, free_stock, give_tier, redemptions_of, take

QUOTA = [{"tier": "T2", "period": "month", "times": 2}]
KEY = {"key": "a-key", "fingerprint": bytes(32).hex()}
Change = Callable[[AsyncSession, UUID, UUID], Awaitable[Any]]


async def write(session: AsyncSession, taking: Taking) -> Outcome:
    head, tail = RedemptionOut.frame(taking.redemption)
    document = taking.document(key=KEY, answer={"key": KEY["key"], "head": head, "tail": tail})
    return await write_redemption(InSession(session), document)


async def _spend(session: AsyncSession, customer_id: UUID, right_id: UUID) -> None:
    del right_id
    await post_points(session, customer_id, EntryKind.ADJUST_DEBIT, 1)


async def _freeze(session: AsyncSession, customer_id: UUID, right_id: UUID) -> None:
    del right_id
    await session.execute(
        update(PointsAccount).where(col(PointsAccount.customer_id) == customer_id).values(state="frozen")
    )


async def _stop(session: AsyncSession, customer_id: UUID, right_id: UUID) -> None:
    del customer_id, right_id
    session.add(
        KillSwitch(
            target="programme", subject="", earning=False, spending=True, reason="test", set_by=ACTOR, set_at=NOON
        )
    )


async def _promote(session: AsyncSession, customer_id: UUID, right_id: UUID) -> None:
    del right_id
    await give_tier(session, customer_id, "T3")


async def _revise(session: AsyncSession, customer_id: UUID, right_id: UUID) -> None:
    del customer_id
    await session.execute(update(RightsItem).where(col(RightsItem.id) == right_id).values(revision=2))


async def _close_wallet(session: AsyncSession, customer_id: UUID, right_id: UUID) -> None:
    del customer_id, right_id
    await session.execute(text("UPDATE wallet SET active = false WHERE code = 'reward'"))


@pytest.mark.parametrize("change", [_spend, _freeze, _stop, _promote, _revise, _close_wallet])
async def test_what_was_decided_on_stale_facts_is_not_written(bank: AsyncSession, change: Change) -> None:
    customer_id, right_id = await add_customer_with(bank, 500), await add_right(bank, stock=3)
    taking = await decided(bank, customer_id, right_id)
    await change(bank, customer_id, right_id)
    assert (await write(bank, taking)).code == "moved"
    assert await nothing_of(bank, right_id)
    assert await free_stock(bank, right_id) == 3


async def test_a_free_unit_that_was_taken_meanwhile_moves_the_quota_though_no_points_moved(bank: AsyncSession) -> None:
    customer_id, right_id = await add_customer_with(bank, 0), await add_right(bank, quotas=QUOTA)
    await give_tier(bank, customer_id, "T2")
    taking = await decided(bank, customer_id, right_id, quantity=2)
    await take(bank, customer_id, right_id)
    assert (await write(bank, taking)).code == "moved"


async def test_what_stands_still_is_written_with_its_answer_and_only_once_under_its_key(bank: AsyncSession) -> None:
    customer_id, right_id = await add_customer_with(bank, 500), await add_right(bank, stock=3)
    taking = await decided(bank, customer_id, right_id)
    done = await write(bank, taking)
    assert (done.code, done.available_after) == ("done", 400)
    (redemption,) = await redemptions_of(bank, right_id)
    redeemed = Redeemed(redemption, read_lots(done.lots), done.available_after)
    answer = RedemptionOut.of(redeemed).model_dump_json()
    assert done.answer == answer
    row = (await bank.exec(select(IdempotencyKey).where(IdempotencyKey.key == KEY["key"]))).one()
    assert (row.status, row.body, row.content_type) == (201, answer.encode(), "application/json")
    assert (await write(bank, await decided(bank, customer_id, right_id))).code == "known"
    assert len(await redemptions_of(bank, right_id)) == 1
    assert await free_stock(bank, right_id) == 2


async def test_a_redemption_that_costs_nothing_answers_without_lots(bank: AsyncSession) -> None:
    customer_id = await add_customer_with(bank, 0)
    right_id = await add_right(bank, prices=[{"tier": None, "points": 0}])
    done = await write(bank, await decided(bank, customer_id, right_id))
    assert (json.loads(done.answer or "")["lots"], done.available_after) == ([], 0)


async def test_what_cannot_be_had_leaves_nothing_not_even_the_key(bank: AsyncSession) -> None:
    customer_id, right_id = await add_customer_with(bank, 500), await add_right(bank, stock=1)
    taking = await decided(bank, customer_id, right_id)
    await take(bank, await add_customer_with(bank, 500), right_id)
    assert (await write(bank, taking)).code == "out_of_stock"
    assert (await bank.exec(select(IdempotencyKey.key).where(IdempotencyKey.actor_id == customer_id))).all() == []
    spent = select(PointsEntry.id).where(PointsEntry.customer_id == customer_id, PointsEntry.kind == EntryKind.REDEEM)
    assert (await bank.exec(spent)).all() == []
    told = select(OutboxEvent.id).where(OutboxEvent.owner_id == customer_id)
    assert (await bank.exec(told)).all() == []


async def nothing_of(session: AsyncSession, right_id: UUID) -> bool:
    rows = (await session.exec(select(Redemption.id).where(Redemption.right_id == right_id))).all()
    keys = (await session.exec(select(IdempotencyKey.key).where(IdempotencyKey.key == KEY["key"]))).all()
    return not rows and not keys


def test_a_new_redemption_has_every_column_of_its_table_but_the_ledgers_entry() -> None:
    own = {field.name for field in fields(NewRedemption)} - {"payment"}
    assert own == Redemption.model_fields.keys() - {"entry_id"}


async def test_an_unknown_right_or_customer_has_no_facts(bank: AsyncSession) -> None:
    customer_id, right_id = await add_customer_with(bank, 5), await add_right(bank)
    for asked in ((new_id(), right_id), (customer_id, new_id())):
        document = {"customer": str(asked[0]), "right": str(asked[1]), "day": "2026-11-25", "starts": {}}
        row = await InSession(bank).row("SELECT seen FROM rights_facts($1::text::jsonb, false)", json.dumps(document))
        assert row is None
