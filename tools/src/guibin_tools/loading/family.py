"""Loads a family of three who agreed to be one, and a company with its owner: people that the feeds have told of."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.models import Customer, PartyType
from guibin.customers.personal import identity_of
from guibin.points.household.models import PoolRole
from guibin.points.household.service import look, name_role
from guibin.privacy.models import ConsentChannel, GivenAt, Purpose
from guibin.privacy.repository.consents import texts_in_force
from guibin.privacy.service.consents import Proof, Word, take_words
from guibin.relations.models import Household, HouseholdKind, HouseholdRole, LinkKind
from guibin.relations.service import households, links
from guibin.relations.service.households import Order, Place
from guibin.relations.service.links import NewLink
from guibin.security.actors import NIGHTLY_JOB, Actor, ActorKind, Scope
from guibin.security.ciphers import KeyRing

ROLES: Final = (HouseholdRole.HEAD, HouseholdRole.SPOUSE, HouseholdRole.CHILD)
MONTH_LIMIT: Final = 5_000
LOOKED_AT: Final = 400
"""Among so many customers there are three of one branch with one family name."""

_BANK: Final = Scope.of_job()
_FAMILY: Final = "演示银行：一家三口同意作为家庭接受服务"
_COMPANY: Final = "演示银行：营业执照登记的股东与法定代表人"


async def load_family(session: AsyncSession, keys: KeyRing) -> None:
    """Put three customers together and let the first of them own a company; again changes nothing."""
    if (await session.exec(select(Household.id).limit(1))).first() is not None:
        return
    family = await _namesakes(session, keys)
    if family is None:
        return
    texts, proof = await texts_in_force(session), Proof(GivenAt.PAPER, "DEMO-FAMILY")
    words = [
        Word(purpose, ConsentChannel.ANY, granted=True, text_version=texts[purpose].version)
        for purpose in (Purpose.FAMILY, Purpose.POOLING)
    ]
    for one in family:
        await take_words(session, _BANK, actor=NIGHTLY_JOB, customer_id=one.id, words=words, proof=proof)
    places = [
        Place(one.id, role, shares_tier=role is not HouseholdRole.HEAD) for one, role in zip(family, ROLES, strict=True)
    ]
    await households.create(session, Order(NIGHTLY_JOB, _BANK, _FAMILY), kind=HouseholdKind.FAMILY, places=places)
    await _let_spend(session, family)
    await _own_a_company(session, family[0])


async def _let_spend(session: AsyncSession, family: Sequence[Customer]) -> None:
    """Let the spouse spend of the points that all put together, up to a limit a month."""
    head, spouse = family[0].id, family[1].id
    view = await look(session, customer_id=head)
    place = next(one.place_id for one in view.pool.members if one.customer_id == spouse)
    actor = Actor(ActorKind.CUSTOMER, head, "demo")
    await name_role(session, actor=actor, place_id=place, role=PoolRole.SPENDER, month_limit=MONTH_LIMIT)


async def _namesakes(session: AsyncSession, keys: KeyRing) -> list[Customer] | None:
    """Return three persons of one branch with one family name; None in a bank that is too small for them."""
    query = (
        select(Customer)
        .where(Customer.party_type == PartyType.PERSON, col(Customer.merged_into).is_(None))
        .order_by(col(Customer.id))
        .limit(LOOKED_AT)
    )
    known: dict[tuple[object, str], list[Customer]] = defaultdict(list)
    for customer in (await session.exec(query)).all():
        name = identity_of(keys, customer).name
        if name is None:
            continue
        namesakes = known[customer.branch_id, name.value[:1]]
        namesakes.append(customer)
        if len(namesakes) == len(ROLES):
            return namesakes
    return None


async def _own_a_company(session: AsyncSession, owner: Customer) -> None:
    query = (
        select(Customer.id)
        .where(Customer.party_type == PartyType.COMPANY, col(Customer.merged_into).is_(None))
        .order_by(col(Customer.branch_id) != owner.branch_id, col(Customer.id))
        .limit(1)
    )
    company = (await session.exec(query)).first()
    if company is None:
        return
    for kind in (LinkKind.OWNER, LinkKind.LEGAL_REPRESENTATIVE):
        new = NewLink(kind, company, clock.today().replace(month=1, day=1), None, _COMPANY)
        await links.add_link(session, _BANK, actor=NIGHTLY_JOB, customer_id=owner.id, new=new)
