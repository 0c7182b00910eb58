"""Two of everything: a customer of the east and one of the west, each in a manager's book; points and a voucher."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.calls.models import CallOrder, CallState
from guibin.care.models import CareTask, Complaint, Need, Promise
from guibin.care.opportunities.models import Opportunity
from guibin.contact.models import ContactDecision, ContactState
from guibin.contact.rules import Channel, ContactPurpose, Sender
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import CustomerAccess, MatchReview
from guibin.points.assets.defaults import CODE as ASSET_RULE
from guibin.points.assets.repository import versions_of
from guibin.points.models import EntryKind, SourceKind
from guibin.points.service import add_pending, close_days, hold, record_reconciliation
from guibin.privacy.models import RequestKind
from guibin.privacy.service.requests import open_request
from guibin.relations.models import CustomerLink, Household, HouseholdKind, HouseholdMember, HouseholdRole, LinkKind
from guibin.rights.models import RedemptionProposal
from guibin.tags.models import CustomerTag, Tag, TagAxis, TagKind, TagSource, TagState
from support.changing_hands import change_hands
from support.house import EAST, REGION, WEST, House
from support.logins import add_session
from support.points import ACTOR, post_points, sessions_of
from support.rights import add_pool, add_right, customer_actor, hold_units, take
from support.routes import PLACEHOLDERS

TAG = "gift_received"
"""A tag by hand that both have."""

IN_A_CLOSED_MONTH = datetime.fromisoformat(f"{PLACEHOLDERS['month']}-09T12:00:00+08:00")

PREFIXES = {
    "customer_id": "cus",
    "redemption_id": "rdm",
    "data_request_id": "dsr",
    "session_id": "ses",
    "entry_id": "ent",
    "lot_id": "lot",
    "hold_id": "hol",
    "proposal_id": "rpp",
    "reservation_id": "rsv",
    "match_id": "mat",
    "link_id": "lnk",
    "household_id": "hou",
    "task_id": "ctk",
    "need_id": "ned",
    "promise_id": "prm",
    "opportunity_id": "opp",
    "complaint_id": "cmp",
    "contact_id": "ctc",
    "handover_id": "hnd",
    "claim_id": "clm",
    "call_id": "cll",
}
OWNED = frozenset(PREFIXES)
"""The names in paths of what is a customer's own."""


@dataclass(frozen=True)
class Neighbour:
    """A customer and what is the customer's own."""

    customer_id: UUID
    redemption_id: UUID
    data_request_id: UUID
    session_id: UUID
    entry_id: UUID
    lot_id: UUID
    hold_id: UUID
    proposal_id: UUID
    reservation_id: UUID
    match_id: UUID
    link_id: UUID
    household_id: UUID
    task_id: UUID
    need_id: UUID
    promise_id: UUID
    opportunity_id: UUID
    complaint_id: UUID
    contact_id: UUID
    handover_id: UUID
    claim_id: UUID
    call_id: UUID

    @property
    def ids(self) -> dict[str, UUID]:
        """What is the customer's own, by the names in paths."""
        return {name: getattr(self, name) for name in OWNED}

    @property
    def public_ids(self) -> tuple[str, ...]:
        """The same, as answers show it."""
        return tuple(to_public(PREFIXES[name], value) for name, value in self.ids.items())


@dataclass(frozen=True)
class Neighbours:
    """Both customers; rights that both may have: one handed out, one with a pool of codes; the seeded asset rule."""

    east: Neighbour
    west: Neighbour
    right_id: UUID
    pool_id: UUID
    asset_rule_id: UUID

    @property
    def common_ids(self) -> dict[str, UUID]:
        """What belongs to the bank, by the names in paths."""
        return {"right_id": self.right_id, "asset_rule_id": self.asset_rule_id}


async def move_in(house: House) -> Neighbours:
    """Furnish a house."""
    customers = [await house.add_customer(branch=branch) for branch in (EAST, WEST)]
    async with house.sessions() as session:
        right_id = await add_right(session, stock=1_000_000)
        pool_id = await add_pool(session, house.keys, [f"7K3M9QPX02ZVH8{number:02}" for number in range(20)])
        for customer_id, role in zip(customers, ("manager", "manager_west"), strict=True):
            session.add(_access(customer_id, house.staff[role].id))
        await _tag(session, customers)
        proposed = [_proposal(customer_id, right_id, house.staff["manager"].id) for customer_id in customers]
        session.add_all(proposed)
        session.add_all(_match(customer_id) for customer_id in customers)
        session.add_all(_contact(customer_id) for customer_id in customers)
        session.add_all(_call(customer_id) for customer_id in customers)
        session.add_all(row for customer_id in customers for row in _household(customer_id))
        session.add_all(row for customer_id in customers for row in care_of(customer_id))
        await change_hands(session, house, customers)
        proposals = [proposal.id for proposal in proposed]
        (asset_rule,) = await versions_of(session, ASSET_RULE)
        await session.commit()
    async with sessions_of(house.database.bank_url, pool_size=1) as factory, factory() as session:
        for customer_id in customers:
            await post_points(session, customer_id, EntryKind.EARN, 1, at=IN_A_CLOSED_MONTH)
            await post_points(session, customer_id, EntryKind.EARN, 1_000_000, at=clock.now())
        points = [await _set_aside(session, customer_id) for customer_id in customers]
        await session.commit()
    async with sessions_of(house.database.worker_url, pool_size=1) as factory, factory() as session:
        day = date.fromisoformat(PLACEHOLDERS["day"])
        await close_days(session, day=day)
        await record_reconciliation(session, day=day, violations=[])
        await session.commit()
    async with sessions_of(house.database.customer_url, pool_size=1) as factory, factory() as session:
        east, west = [
            await _with_voucher(session, house, customer_id, (right_id, pool_id), *owned, proposal_id)
            for customer_id, owned, proposal_id in zip(customers, points, proposals, strict=True)
        ]
        await session.commit()
    return Neighbours(east, west, right_id, pool_id, asset_rule.id)


async def let_them_vouch(house: House, neighbours: Neighbours) -> None:
    """Let each of the two stand for somebody of another branch, whom neither of their branches sees."""
    stranger = await house.add_customer(branch=REGION)
    async with house.sessions() as session:
        session.add_all(_link(one.customer_id, stranger) for one in (neighbours.east, neighbours.west))
        await session.commit()


def _access(customer_id: UUID, staff_id: UUID) -> CustomerAccess:
    return CustomerAccess(customer_id=customer_id, staff_id=staff_id, role="primary", valid_from=clock.today())


def _match(customer_id: UUID) -> MatchReview:
    """Let people be asked about a customer's own records; the id of the question is the customer's."""
    return MatchReview(
        customer_id=customer_id,
        id=customer_id,
        other_customer_id=customer_id,
        reason="customer_no_changed",
        created_at=clock.now(),
    )


def _proposal(customer_id: UUID, right_id: UUID, staff_id: UUID) -> RedemptionProposal:
    now = clock.now()
    return RedemptionProposal(
        customer_id=customer_id,
        id=new_id(),
        right_id=right_id,
        quantity=1,
        proposed_by=staff_id,
        created_at=now,
        lapses_at=now + timedelta(days=7),
    )


def _link(customer_id: UUID, other_id: UUID) -> CustomerLink:
    """Let a customer stand for another; the id of the link is the customer's."""
    return CustomerLink(
        customer_id=customer_id,
        id=customer_id,
        other_id=other_id,
        kind=LinkKind.GUARANTOR,
        valid_from=clock.today(),
        reason="a neighbour",
        set_by=ACTOR,
        set_at=clock.now(),
    )


def _contact(customer_id: UUID) -> ContactDecision:
    """Let a customer be reached soon; the id of the contact is the customer's."""
    now = clock.now()
    return ContactDecision(
        customer_id=customer_id,
        id=customer_id,
        channel=Channel.SMS,
        purpose=ContactPurpose.CARE,
        sender=Sender.MANAGER,
        state=ContactState.HELD,
        reasons=[],
        policy_version=1,
        at=now,
        decided_at=now,
        decided_by=ACTOR,
        held_until=now + timedelta(days=1),
    )


def _call(customer_id: UUID) -> CallOrder:
    """Let a customer have been called for; the id of the call is the customer's."""
    now = clock.now()
    return CallOrder(
        customer_id=customer_id,
        id=customer_id,
        contact_id=customer_id,
        staff_id=ACTOR,
        purpose=ContactPurpose.CARE,
        state=CallState.FAILED,
        next_try_at=now,
        ordered_at=now,
        ended_at=now,
    )


def _household(customer_id: UUID) -> tuple[Household, HouseholdMember]:
    """Let a customer live alone; the id of the household is the customer's."""
    now, day = clock.now(), clock.today()
    head = HouseholdMember(
        customer_id=customer_id,
        id=customer_id,
        household_id=customer_id,
        role=HouseholdRole.HEAD,
        is_primary=True,
        share_percent=50,
        valid_from=day,
        set_by=ACTOR,
        set_at=now,
    )
    return Household(id=customer_id, kind=HouseholdKind.FAMILY, created_at=now, created_by=ACTOR), head


def care_of(customer_id: UUID) -> tuple[CareTask, Need, Promise, Opportunity, Complaint]:
    """Let there be one of each record of care that is open; their ids are the customer's."""
    day = clock.today()
    whose: dict[str, Any] = {"customer_id": customer_id, "id": customer_id, "created_at": clock.now()}
    return (
        CareTask(**whose, kind="call", origin="staff", made_by="a neighbour", occasion=day, starts_on=day, due_on=day),
        Need(**whose, category="health", created_by=ACTOR),
        Promise(**whose, promised_by=ACTOR, due_on=day),
        Opportunity(**whose, source="staff", reference="a neighbour", need="health", due_on=day, opened_on=day),
        Complaint(
            **whose,
            category="fees",
            severity="minor",
            channel="phone",
            answer_due_on=day,
            resolve_due_on=day,
            created_by=ACTOR,
        ),
    )


async def _tag(session: AsyncSession, customers: list[UUID]) -> None:
    session.add(
        Tag(
            code=TAG,
            kind=TagKind.MANUAL,
            axis=TagAxis.SERVICE,
            state=TagState.PUBLISHED,
            name_zh="已领取礼品",
            name_en="Gift received",
            created_at=clock.now(),
        )
    )
    await session.flush()
    for customer_id in customers:
        tag = CustomerTag(customer_id=customer_id, tag_code=TAG, source=TagSource.MANUAL, since=clock.today())
        session.add(tag)


async def _set_aside(session: AsyncSession, customer_id: UUID) -> tuple[UUID, UUID, UUID]:
    """Give points that are pending, a lot, and points that are held, and return the ids."""
    why: dict[str, Any] = {
        "customer_id": customer_id,
        "wallet": "reward",
        "reason_zh": "测试",
        "reason_en": "test",
        "source_kind": SourceKind.RUN,
        "actor_id": ACTOR,
    }
    pending = await add_pending(session, points=100, pending_until=None, source_id="pending", **why)
    lot = await post_points(session, customer_id, EntryKind.EARN, 100, at=clock.now())
    held = await hold(session, points=10, expires_at=clock.now() + timedelta(days=1), source_id="held", **why)
    return pending.entry_id, lot.lots[0].lot_id, held.hold_id


async def _with_voucher(
    session: AsyncSession,
    house: House,
    customer_id: UUID,
    rights: tuple[UUID, UUID],
    entry_id: UUID,
    lot_id: UUID,
    hold_id: UUID,
    proposal_id: UUID,
) -> Neighbour:
    right_id, pool_id = rights
    held = await hold_units(session, customer_id, right_id, at=clock.now())
    taken = await take(session, customer_id, pool_id, at=clock.now())
    asked = await open_request(
        session,
        house.keys,
        actor=customer_actor(customer_id),
        customer_id=customer_id,
        kind=RequestKind.EXPLAIN,
        details="为什么给我这个标签",
    )
    session_id = await add_session(session, customer_id)
    return Neighbour(
        customer_id,
        taken.redemption.id,
        asked.row.id,
        session_id,
        entry_id,
        lot_id,
        hold_id,
        proposal_id,
        held.id,
        match_id=customer_id,
        link_id=customer_id,
        household_id=customer_id,
        task_id=customer_id,
        need_id=customer_id,
        promise_id=customer_id,
        opportunity_id=customer_id,
        complaint_id=customer_id,
        contact_id=customer_id,
        handover_id=customer_id,
        claim_id=customer_id,
        call_id=customer_id,
    )
