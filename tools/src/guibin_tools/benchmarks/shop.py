"""Customers with more points than any bench spends, and rights for them to redeem, without the rest of a bank."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.core.lines import Line
from guibin.customers.models import Customer, Gender, PartyStatus, PartyType
from guibin.organisation.models import Branch, BranchKind
from guibin.points import service
from guibin.points.defaults import REWARD
from guibin.points.models import EntryKind, SourceKind
from guibin.rights.models import Category, Fulfilment, RightsItem, RightsStock, RightState, StockMode
from guibin.security.actors import NIGHTLY_JOB
from guibin_tools.roles import Role
from guibin_tools.seeding import seed_database
from guibin_tools.sessions import open_keys, sessions_as
from guibin_tools.settings import OperatorSettings
from guibin_tools.tokens import TokenDesk

PLENTY = 1_000_000_000
PRICE = 10


@dataclass(frozen=True)
class Shop:
    """Public ids and tokens of the customers, and two rights: one without a bound, one with a stock of `PLENTY`."""

    customers: Sequence[UUID]
    tokens: Sequence[str]
    unbounded: str
    counted: str


async def open_shop(settings: OperatorSettings, *, customers: int) -> Shop:
    """Put defaults, customers, their points and the rights into an empty database."""
    await seed_database(settings)
    async with sessions_as(Role.OWNER, settings) as factory, factory() as session:
        ids = await add_customers(session, settings, customers)
        unbounded, counted = [_right(session, mode) for mode in (StockMode.UNLIMITED, StockMode.COUNTED)]
        await session.flush()
        session.add(RightsStock(right_id=counted, initial=PLENTY, free=PLENTY))
        await session.commit()
    async with sessions_as(Role.WORKER, settings) as factory, factory() as session:
        for customer_id in ids:
            await _earn(session, customer_id)
        await session.commit()
    desk = TokenDesk(settings)
    tokens = [desk.of_customer(customer_id) for customer_id in ids]
    return Shop(ids, tokens, to_public("rgt", unbounded), to_public("rgt", counted))


async def add_customers(session: AsyncSession, settings: OperatorSettings, count: int) -> list[UUID]:
    """Add a branch with customers."""
    keys, branch = open_keys(settings), new_id()
    session.add(
        Branch(id=branch, code="999999", kind=BranchKind.BRANCH, name_zh="测试支行", name_en="A branch for benches")
    )
    await session.flush()
    ids = [new_id() for _ in range(count)]
    session.add_all(
        Customer(
            id=customer_id,
            party_type=PartyType.PERSON,
            status=PartyStatus.ACTIVE,
            branch_id=branch,
            gender=Gender.UNKNOWN,
            data_key=keys.new_data_key(customer_id),
            leading_line=Line.PERSONAL_FINANCE,
            created_at=clock.now(),
        )
        for customer_id in ids
    )
    await session.flush()
    return ids


def _right(session: AsyncSession, mode: StockMode) -> UUID:
    right_id = new_id()
    session.add(
        RightsItem(
            id=right_id,
            code=f"bench-{mode}",
            category=Category.TRAVEL,
            fulfilment=Fulfilment.HAND_OUT,
            stock_mode=mode,
            state=RightState.PUBLISHED,
            wallet=REWARD,
            name_zh="机场贵宾厅",
            name_en="Airport lounge",
            description_zh="一次",
            description_en="One visit",
            prices=[{"tier": None, "points": PRICE}],
            created_at=clock.now(),
        )
    )
    return right_id


async def _earn(session: AsyncSession, customer_id: UUID) -> None:
    await service.post(
        session,
        customer_id=customer_id,
        wallet=REWARD,
        kind=EntryKind.EARN,
        points=PLENTY,
        reason_zh="测试",
        reason_en="bench",
        source_kind=SourceKind.EVENT,
        source_id="bench",
        actor_id=NIGHTLY_JOB.id,
    )
