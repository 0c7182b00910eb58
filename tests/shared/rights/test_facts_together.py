"""What decides is read for several as for each alone: counted, with an own customer let in, whoever fails."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, bindparam, text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import new_id
from support.points import NOON
from support.redeeming import decided_item
from support.rights import add_customer_with, add_right

TOGETHER = text(
    "SELECT alone, over, counted, entry_in_force, is_there, known, available, seen"
    " FROM rights_facts_batch(CAST(:items AS jsonb), ARRAY['a', 'b'], :ends, ARRAY[2, 9], :now) ORDER BY place"
).bindparams(bindparam("ends", type_=ARRAY(DateTime(timezone=True))), bindparam("now", type_=DateTime(timezone=True)))
ALONE = text("SELECT seen FROM rights_facts(CAST(:asked AS jsonb), false)")
COUNTED = text("SELECT encode(subject, 'hex'), min(calls), max(calls) FROM rate_counter GROUP BY subject")


def subject_of(customer_id: UUID) -> str:
    return sha256(customer_id.bytes).hexdigest()


async def question(session: AsyncSession, customer_id: UUID, right_id: UUID, **more: Any) -> dict[str, Any]:
    asked = (await decided_item(session, customer_id, right_id))["taking"]["asked"] | more
    return {
        "subject": subject_of(customer_id),
        "entry": [str(customer_id), None, NOON.isoformat()],
        "asked": asked,
    }


async def together(session: AsyncSession, items: Sequence[Mapping[str, Any]]) -> list[Any]:
    values = {"items": json.dumps(items), "ends": [NOON + timedelta(minutes=1)] * 2, "now": NOON}
    return list((await session.execute(TOGETHER, values)).mappings())


async def test_of_several_each_is_told_what_it_would_be_told_alone(bank: AsyncSession) -> None:
    right_id = await add_right(bank, stock=3)
    ids = [await add_customer_with(bank, 100 * number) for number in (1, 2, 3, 4, 5, 6)]
    items = [await question(bank, customer, right_id) for customer in ids]
    busy, damaged, known, ended = items[1], items[2], items[3], items[4]
    damaged["asked"] |= {"day": "no day"}
    known["asked"] |= {"key": "used"}
    await bank.execute(
        text(
            "INSERT INTO idempotency_key (actor_id, key, fingerprint, created_at)"
            " VALUES (:me, 'used', decode(repeat('00', 32), 'hex'), :now)"
        ),
        {"me": ids[3], "now": NOON},
    )
    await bank.execute(text("UPDATE customer SET not_before = :now WHERE id = :me"), {"me": ids[4], "now": NOON})
    ended["entry"][2] = (NOON - timedelta(hours=1)).isoformat()
    stranger = items[0] | {"entry": [str(new_id()), None, NOON.isoformat()], "subject": subject_of(new_id())}

    await together(bank, [busy, busy])
    rows = await together(bank, [stranger, *reversed(items)])

    assert [row["entry_in_force"] for row in rows] == [None, True, False, True, None, None, True]
    assert [row["is_there"] for row in rows] == [None, True, None, True, None, None, True]
    assert [row["known"] for row in rows] == [None, False, None, True, None, None, False]
    assert [row["available"] for row in rows] == [None, 600, None, None, None, None, 100]
    assert [row["alone"] for row in rows] == [False, False, False, False, True, False, False]
    assert [one["calls"] for one in json.loads(rows[5]["over"])] == [3, 3]
    assert [row["over"] for row in rows if row is not rows[5]] == [None] * 6
    for row, item in ((rows[1], items[5]), (rows[6], items[0])):
        alone = await bank.execute(ALONE, {"asked": json.dumps(item["asked"])})
        assert row["seen"] == alone.scalar_one()
        assert [one["calls"] for one in json.loads(row["counted"])] == [1, 1]
    counted = {subject: calls for subject, *calls in await bank.execute(COUNTED)}
    assert counted[busy["subject"]] == [2, 2], "what is over the limit is not counted"
    assert damaged["subject"] not in counted, "what is to be done alone is counted then"
    assert {counted[item["subject"]][0] for item in (stranger, known, ended, items[0], items[5])} == {1}


async def test_nothing_of_a_customer_stays_open_after_a_reading(bank: AsyncSession) -> None:
    right_id = await add_right(bank)
    items = [await question(bank, await add_customer_with(bank, 100), right_id) for _ in range(2)]
    await together(bank, items)
    scope = await bank.execute(text("SELECT current_setting('guibin.scope'), current_setting('guibin.actor')"))
    assert tuple(scope.one()) == ("", "")
