"""What a copy of a customer's data shows of opportunities, and what an erasure leaves of them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.opportunities.models import Opportunity
from guibin.care.opportunities.personal_data import ERASURE_STEPS, SUBJECT_SECTIONS
from guibin.core import clock
from guibin.core.ids import new_id
from support.chances import FUND, add_product
from support.house import House

TODAY = clock.today()


def _rows(customer_id: UUID) -> list[Opportunity]:
    ended: dict[str, Any] = {"ended_at": clock.now(), "product_code": FUND}
    stories: list[dict[str, Any]] = [
        {"need": "health", "amount_fen": 100},
        {"state": "refused", "result": "risk", "reason": "不愿承担波动", "sleeps_until": TODAY + timedelta(9), **ended},
        {"state": "won", "result": "bought", "won_fen": 100, **ended},
        {"state": "lost", "result": "competitor", "reason": "转投他行", **ended},
    ]
    said: dict[str, Any] = {
        "source": "staff",
        "reference": "test",
        "due_on": TODAY,
        "opened_on": TODAY,
        "created_at": clock.now(),
    }
    return [Opportunity(customer_id=customer_id, id=new_id(), **said, **story) for story in stories]


async def _stored(session: AsyncSession) -> list[Opportunity]:
    query = select(Opportunity).order_by(col(Opportunity.id))
    return list((await session.exec(query.execution_options(populate_existing=True))).all())


async def test_an_erasure_takes_words_amounts_and_needs_and_ends_what_is_open(house: House) -> None:
    await add_product(house)
    customer_id = await house.add_customer()
    (section,), (step,) = SUBJECT_SECTIONS, ERASURE_STEPS
    async with house.sessions() as session:
        rows = _rows(customer_id)
        session.add_all(rows)
        await session.flush()
        shown = await section.read(session, house.keys, customer_id=customer_id)
        assert {(one["state"], one["reason"]) for one in shown} >= {("refused", "不愿承担波动"), ("open", None)}
        rows[0].note_enc = b"words"
        await session.flush()
        assert await step.erase(session, customer_id=customer_id, at=clock.now()) == {"opportunity": 4}
        left = await _stored(session)
    assert [(one.state, one.result, one.reason, one.need) for one in left] == [
        ("lapsed", "erased", None, "other"),
        ("refused", "risk", "erased", None),
        ("won", "bought", None, None),
        ("lost", "competitor", None, None),
    ]
    assert {(one.amount_fen, one.won_fen, one.note_enc) for one in left} == {(None, None, None)}
