"""Loads what a manager's day is full of: touches and what came of them, opportunities, handovers and claims."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import exists
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin import wiring
from guibin.approvals.rules import Calendar
from guibin.approvals.surroundings import surroundings
from guibin.care.days import SEARCHED_DAYS, business_day_near
from guibin.care.models import (
    ComplaintCategory,
    Direction,
    NeedCategory,
    Severity,
    Touch,
    TouchChannel,
    TouchKind,
    TouchPurpose,
    TouchResult,
)
from guibin.care.service import Contact, Everything, Grievance, NextContact, Wish, Word, log_touch
from guibin.core import clock
from guibin.core.unit_of_work import unit_of_work
from guibin.core.zone import BUSINESS_ZONE
from guibin.handovers.models import Handover
from guibin.managers.errors import AssigneeInvalid
from guibin.managers.models import Coverage, Manager
from guibin.managers.repository.coverage import is_open
from guibin.managers.service import Move, Order, assign_by_hand
from guibin.organisation.models import Staff
from guibin.privacy.models import ConsentChannel, GivenAt, Purpose
from guibin.privacy.repository.consents import texts_in_force
from guibin.privacy.service.consents import Proof, take_words
from guibin.privacy.service.consents import Word as Consent
from guibin.security.actors import Actor, ActorKind, Scope
from guibin.security.ciphers import KeyRing
from guibin_tools.loading.chances import add_chances
from guibin_tools.loading.claims import claim_customers
from guibin_tools.loading.estate import leave_points
from guibin_tools.loading.past import give_past
from guibin_tools.roles import Role
from guibin_tools.sessions import open_keys, sessions_as
from guibin_tools.settings import OperatorSettings

MANAGERS: Final = 12
CUSTOMERS: Final = 8
"""Of each of those managers so many customers have a story."""

APART: Final = 3
"""Days between one customer's touch and the next one's."""
OPENS: Final = time(9, 30)

_BANK: Final = Scope.of_job()


async def load_care(settings: OperatorSettings) -> int:
    """Write down what managers did with some of their customers; again changes nothing. Returns the touches."""
    wiring.connect()
    keys = open_keys(settings)
    async with sessions_as(Role.OWNER, settings) as factory, unit_of_work(factory) as work:
        told = await tell_stories(work.session, keys)
        if told:
            await give_past(work.session)
            await leave_points(work.session)
        return told


async def tell_stories(session: AsyncSession, keys: KeyRing) -> int:
    """Write the same down in a session; returns the touches."""
    if (await session.exec(select(Touch.id).limit(1))).first() is not None:
        return 0
    query = (
        select(Manager, Staff)
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .where(col(Manager.active).is_(True))
        .order_by(col(Staff.no))
        .limit(MANAGERS)
    )
    people = (await session.exec(query)).all()
    counts = [await _story_of_book(session, keys, manager, staff) for manager, staff in people]
    await add_chances(session, [manager.id for manager, _ in people], CUSTOMERS)
    await _change_hands(session, people)
    await claim_customers(session, people)
    return sum(counts)


async def _story_of_book(session: AsyncSession, keys: KeyRing, manager: Manager, staff: Staff) -> int:
    actor = Actor(ActorKind.STAFF, staff.id, staff.no, roles=frozenset({"manager"}))
    book = (
        select(Coverage.customer_id)
        .where(Coverage.manager_id == manager.id, is_open())
        .order_by(col(Coverage.customer_id))
        .limit(CUSTOMERS)
    )
    customers = (await session.exec(book)).all()
    today = clock.today()
    calendar = await surroundings().calendar(session, today - timedelta(days=SEARCHED_DAYS + APART * CUSTOMERS), today)
    for place, customer_id in enumerate(customers):
        await _consent(session, actor, customer_id, place)
        contact = Contact(
            customer_id,
            TouchKind.CALL if place % 3 else TouchKind.VISIT,
            TouchChannel.PHONE if place % 3 else TouchChannel.IN_PERSON,
            Direction.OUT if place % 2 else Direction.IN,
            TouchPurpose.SALES if place == CUSTOMERS - 1 else TouchPurpose.CARE,
            TouchResult.NO_ANSWER if place == CUSTOMERS - 2 else TouchResult.REACHED,
            at=_in_office_hours(today, place, calendar),
            minutes=5 + 5 * place,
            note="客户近期关注子女教育与父母体检安排",
        )
        await log_touch(session, _BANK, keys, actor=actor, wanted=_with_story(contact, place))
    return len(customers)


def _in_office_hours(today: date, place: int, calendar: Calendar) -> datetime:
    """Return when the customer in a place of the book was reached: on a business day before today, while it is open."""
    day = business_day_near(today - timedelta(days=1 + APART * place), calendar, back=True)
    return datetime.combine(day, OPENS, BUSINESS_ZONE) + timedelta(minutes=45 * place)


async def _consent(session: AsyncSession, actor: Actor, customer_id: UUID, place: int) -> None:
    """Let two of three customers take offers by telephone and WeChat, every other one of them by text message too."""
    if not place % 3:
        return
    channels = [ConsentChannel.PHONE, ConsentChannel.WECHAT, *([ConsentChannel.SMS] if place % 2 else [])]
    version = (await texts_in_force(session))[Purpose.MARKETING].version
    words = [Consent(Purpose.MARKETING, channel, granted=True, text_version=version) for channel in channels]
    proof = Proof(GivenAt.PAPER, "DEMO-OFFERS")
    await take_words(session, _BANK, actor=actor, customer_id=customer_id, words=words, proof=proof)


def _with_story(contact: Contact, place: int) -> Everything:
    """Return a touch and what came of it: another story for each place in the book."""
    today = clock.today()
    needs = {
        0: (Wish(NeedCategory.MEDICAL, "母亲腰椎手术，想约三甲医院专家号", today + timedelta(days=10)),),
        1: (Wish(NeedCategory.EDUCATION, "女儿明年高考，想了解志愿填报辅导"),),
        4: (Wish(NeedCategory.HEALTH, "希望安排年度体检"),),
    }
    promises = {
        0: (Word("回复专家号安排", today),),
        2: (Word("寄送第三季度对账单", today + timedelta(days=2)),),
    }
    complaints = {
        3: Grievance(ComplaintCategory.RIGHTS, Severity.SERIOUS, TouchChannel.PHONE, "机场贵宾厅拒绝核销，等候近一小时")
    }
    return Everything(
        contact,
        needs=needs.get(place, ()),
        promises=promises.get(place, ()),
        complaint=complaints.get(place),
        next_contact=NextContact(TouchKind.CALL, today + timedelta(days=place)) if place % 2 else None,
    )


async def _change_hands(session: AsyncSession, people: Sequence[tuple[Manager, Staff]]) -> None:
    """Let a customer of each manager go to a colleague of the branch: there are handovers to sign, and to accompany.

    Nobody goes on at once: whoever was just given away would not be accompanied any more.
    """
    for giver, staff in people:
        actor = Actor(ActorKind.STAFF, staff.id, staff.no, roles=frozenset({"branch_head"}))
        given = exists().where(col(Handover.customer_id) == col(Coverage.customer_id))
        book = select(Coverage.customer_id).where(Coverage.manager_id == giver.id, is_open(), ~given)
        customer_id = (await session.exec(book.order_by(col(Coverage.customer_id)).limit(1))).first()
        for taker, _ in people:
            if customer_id is None or taker.id == giver.id or taker.branch_id != giver.branch_id:
                continue
            try:
                await assign_by_hand(
                    session, Move(customer_id, taker.id), Order(actor, _BANK, "演示：客户请求更换客户经理", None)
                )
            except AssigneeInvalid:
                continue
            break
