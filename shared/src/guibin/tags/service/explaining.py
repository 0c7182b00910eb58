"""Why a customer has a tag, or has it not."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.repository import get_customer
from guibin.security.actors import Scope
from guibin.tags import matching, repository
from guibin.tags.errors import TagRuleMissing
from guibin.tags.evaluation import Verdict, evaluate
from guibin.tags.models import CustomerTag, Tag, TagKind, TagVersion
from guibin.tags.rules import parse_rule


@dataclass(frozen=True, slots=True)
class Explanation:
    """A tag and a customer: the membership that lasts, and what the rule in force says on the customer's facts.

    `version`, `values` and `verdict` are None for manual tags; `values` also for a customer without facts, whose
    verdict is then given on unknown values.
    """

    tag: Tag
    customer_id: UUID
    membership: CustomerTag | None
    version: TagVersion | None = None
    values: matching.CustomerValues | None = None
    verdict: Verdict | None = None


async def explain(session: AsyncSession, scope: Scope, *, customer_id: UUID, code: str) -> Explanation:
    """Judge the rule in force on the facts of the last run, condition by condition.

    Raises:
        NotFound: no such tag, or no such customer in scope.
        TagRuleMissing: no version of the rule was ever published.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    tag = await repository.get_tag(session, code=code)
    membership = await repository.find_membership(session, scope, customer_id=customer.id, code=code)
    if tag.kind == TagKind.MANUAL:
        return Explanation(tag, customer.id, membership)
    version = await repository.find_version(session, tag)
    if version is None:
        raise TagRuleMissing
    node = parse_rule(version.rule)
    day = await repository.facts_as_of(session, customer_id=customer.id) or clock.last_closed_day()
    found = await matching.read_values(session, scope, node=node, customer_id=customer.id, day=day)
    read = found.values.get if found else lambda _operand: None
    return Explanation(tag, customer.id, membership, version, found, evaluate(node, read, day))
