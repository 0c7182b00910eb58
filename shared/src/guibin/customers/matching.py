"""People decide whether two customers are one: by another person's consent they become one, at once they stay two.

And a merge that was wrong is undone, by two people too. What each of the two is called is compared field by field.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.errors import StateConflict
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.audit.service import record
from guibin.core import clock
from guibin.core.errors import NotFound, ValidationFailed
from guibin.core.ids import CustomerId, MatchId, MergeId, to_public
from guibin.core.reasons import require_reason
from guibin.customers import match_repository, merge_repository
from guibin.customers.errors import MergeNotPossible
from guibin.customers.fusion_repository import lock_fusion, recompose
from guibin.customers.match_repository import Pair
from guibin.customers.merging import first_objection, merge, objection_to_undoing, unmerge
from guibin.customers.models import Customer, CustomerMerge, ReviewState
from guibin.customers.personal import FIELDS, unseal
from guibin.customers.repository import get_as_stored, get_customer
from guibin.organisation.repository import list_branches
from guibin.security.actors import Actor, Domain, Scope
from guibin.security.ciphers import KeyRing
from guibin.security.row_scope import all_rows

ONE_CUSTOMER: Final = "one_customer"
LONGEST_DEFERRAL: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Which personal fields of two customers are equal, and which differ; what one of them lacks is in neither."""

    equal: list[str]
    different: list[str]


def compare(keys: KeyRing, one: Customer, other: Customer) -> Evidence:
    """Compare two customers field by field; nothing is said of what the fields hold."""
    first, second = (unseal(keys, "customer", customer.model_dump()) for customer in (one, other))
    both = [name for name in FIELDS if first[name] is not None and second[name] is not None]
    return Evidence(
        equal=[name for name in both if first[name] == second[name]],
        different=[name for name in both if first[name] != second[name]],
    )


class Joining(BaseModel):
    """Which pair becomes one customer, whose id stays, and why. Its JSON form is the payload."""

    model_config = ConfigDict(frozen=True)

    match_id: MatchId
    losing_id: CustomerId
    surviving_id: CustomerId
    reason: str


class Parting(BaseModel):
    """Which merge is undone, and why. Its JSON form is the payload."""

    model_config = ConfigDict(frozen=True)

    customer_id: CustomerId
    merge_id: MergeId
    reason: str


async def submit_merge(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    actor: Actor,
    match_id: UUID,
    surviving_id: UUID,
    reason: str | None,
) -> Approval:
    """Ask another person to let the two customers of a review become one; nothing moves before.

    Raises:
        NotFound: there is no such review, or one of the two is out of scope.
        ReasonRequired: the reason says nothing.
        StateConflict: it is decided already. Facts: from, to.
        ValidationFailed: the customer whose id is to stay is none of the two.
        MergeNotPossible: the review is about one customer's own records.
    """
    said = require_reason(reason)
    review, one, other = await _undecided(session, scope, match_id, to=ReviewState.MERGED)
    if surviving_id not in {one.id, other.id}:
        raise ValidationFailed.of(
            ["body", "surviving_id"], "not_of_the_pair", "须为这两个客户之一", "names none of the two customers"
        )
    survivor, loser = (one, other) if surviving_id == one.id else (other, one)
    if survivor.id == loser.id:
        raise MergeNotPossible(reason=ONE_CUSTOMER)
    joining = Joining(match_id=match_id, losing_id=loser.id, surviving_id=survivor.id, reason=said)
    evidence = compare(keys, one, other)
    return await approvals.submit(
        session,
        actor=actor,
        kind=MergeHandler.kind,
        domain=MergeHandler.domain,
        subject=to_public("mat", review.id),
        payload=joining.model_dump(mode="json"),
        preview={
            "surviving": to_public("cus", survivor.id),
            "losing": to_public("cus", loser.id),
            "asked_because": review.reason,
            "equal": evidence.equal,
            "different": evidence.different,
            "reason": said,
        },
        owner_id=survivor.id,
        branch_id=survivor.branch_id,
    )


async def keep_apart(session: AsyncSession, scope: Scope, *, actor: Actor, match_id: UUID, reason: str | None) -> Pair:
    """Decide that the two customers of a review are two: no feed joins them, and nobody is asked again.

    Raises:
        NotFound: there is no such review, or one of the two is out of scope.
        ReasonRequired: the reason says nothing.
        StateConflict: it is decided already. Facts: from, to.
    """
    said = require_reason(reason)
    pair = await _undecided(session, scope, match_id, to=ReviewState.APART)
    await _decide(session, pair, state=ReviewState.APART, actor=actor, reason=said)
    await record(
        session,
        actor=actor,
        action="match.reject",
        object_type="match",
        object_id=to_public("mat", match_id),
        owner_id=pair[1].id,
        reason=said,
        facts={"other_customer_id": to_public("cus", pair[2].id)},
    )
    return pair


async def defer(
    session: AsyncSession, scope: Scope, *, actor: Actor, match_id: UUID, until: date, reason: str | None
) -> Pair:
    """Put a review off: it is not among the open ones before that day. A feed still asks no second time.

    Raises:
        NotFound: there is no such review, or one of the two is out of scope.
        ReasonRequired: the reason says nothing.
        StateConflict: it is decided already. Facts: from, to.
        ValidationFailed: the day is not within the next year.
    """
    said, today = require_reason(reason), clock.today()
    pair = await _undecided(session, scope, match_id, to=ReviewState.OPEN)
    if not today < until <= today + LONGEST_DEFERRAL:
        raise ValidationFailed.of(
            ["body", "until"], "date_out_of_range", "须在未来 366 天之内", "lies within the next 366 days"
        )
    pair[0].deferred_until = until
    session.add(pair[0])
    await session.flush()
    await record(
        session,
        actor=actor,
        action="match.defer",
        object_type="match",
        object_id=to_public("mat", match_id),
        owner_id=pair[1].id,
        reason=said,
        facts={"other_customer_id": to_public("cus", pair[2].id), "until": until.isoformat()},
    )
    return pair


async def _undecided(session: AsyncSession, scope: Scope, match_id: UUID, *, to: ReviewState) -> Pair:
    pair = await match_repository.get_match(session, scope, match_id=match_id, lock=True)
    if pair[0].state != ReviewState.OPEN:
        raise StateConflict(**{"from": pair[0].state, "to": to})
    return pair


async def _decide(session: AsyncSession, pair: Pair, *, state: ReviewState, actor: Actor, reason: str) -> None:
    review = pair[0]
    review.state, review.decided_at, review.decided_by, review.decided_reason = state, clock.now(), actor.id, reason
    session.add(review)
    await session.flush()


class MergeHandler(ApprovalHandler):
    """Lets two customers become one, if nothing stands against it by then."""

    kind = "customer.merge"
    domain = Domain.COMPLIANCE
    title = Label("合并客户", "Merge two customers")
    labels = MappingProxyType(
        {
            "surviving": Label("保留的客户", "Whose id stays"),
            "losing": Label("并入的客户", "Who is merged into it"),
            "asked_because": Label("提请原因", "Why it was asked"),
            "equal": Label("一致的信息", "Equal fields"),
            "different": Label("不一致的信息", "Different fields"),
            "reason": Label("理由", "Reason"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Merge them.

        Raises:
            NotFound: one of them is out of the maker's scope.
            StateConflict: the review is decided already.
            MergeNotPossible: a domain stands against it. Facts: reason.
        """
        joining = Joining.model_validate(payload)
        await lock_fusion(session)
        pair = await _undecided(session, context.maker_scope, joining.match_id, to=ReviewState.MERGED)
        losing_id, surviving_id = joining.losing_id, joining.surviving_id
        if {pair[1].id, pair[2].id} != {losing_id, surviving_id}:
            raise NotFound
        async with all_rows(session):  # what shares in third customers' holdings goes along too
            objection = await first_objection(session, losing_id=losing_id, surviving_id=surviving_id)
            if objection is not None:
                raise MergeNotPossible(reason=objection)
            await _decide(session, pair, state=ReviewState.MERGED, actor=context.approver, reason=joining.reason)
            await merge(
                session,
                actor=context.approver,
                losing_id=losing_id,
                surviving_id=surviving_id,
                day=clock.today(),
                reason=joining.reason,
                stale=True,
            )


async def submit_unmerge(
    session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, merge_id: UUID, reason: str | None
) -> Approval:
    """Ask another person to undo a merge; nothing moves before.

    Raises:
        NotFound: no such customer in scope, or no such merge into it.
        ReasonRequired: the reason says nothing.
        MergeNotPossible: it is undone already. Facts: reason.
    """
    said = require_reason(reason)
    customer = await get_customer(session, scope, customer_id=customer_id)
    journal = await _standing(session, customer.id, merge_id)
    parting = Parting(customer_id=customer.id, merge_id=merge_id, reason=said)
    return await approvals.submit(
        session,
        actor=actor,
        kind=UnmergeHandler.kind,
        domain=UnmergeHandler.domain,
        subject=to_public("mrg", merge_id),
        payload=parting.model_dump(mode="json"),
        preview={
            "surviving": to_public("cus", customer.id),
            "losing": to_public("cus", journal.losing_id),
            "merged_at": journal.merged_at.isoformat(),
            "merged_because": journal.reason,
            "records": len(journal.moved["records"]),
            "reason": said,
        },
        owner_id=customer.id,
        branch_id=customer.branch_id,
    )


async def _standing(session: AsyncSession, customer_id: UUID, merge_id: UUID) -> CustomerMerge:
    journal = await merge_repository.find_merge(session, customer_id=customer_id, merge_id=merge_id)
    if journal is None:
        raise NotFound
    if journal.undone_at is not None:
        raise MergeNotPossible(reason="undone")
    return journal


class UnmergeHandler(ApprovalHandler):
    """Makes two customers of one again, if they can be told apart by then."""

    kind = "customer.unmerge"
    domain = Domain.COMPLIANCE
    title = Label("撤销客户合并", "Undo a merge of customers")
    labels = MappingProxyType(
        {
            "surviving": Label("保留的客户", "The customer that stayed"),
            "losing": Label("恢复的客户", "The customer that comes back"),
            "merged_at": Label("合并时间", "Merged at"),
            "merged_because": Label("合并原因", "Why they were merged"),
            "records": Label("退回的来源记录数", "Source records that go back"),
            "reason": Label("理由", "Reason"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Undo it.

        Raises:
            NotFound: the customer is out of the maker's scope.
            MergeNotPossible: it was undone, or cannot be undone any more. Facts: reason.
            AccountClosed: an account that points would leave or reach is closed for good.
        """
        parting = Parting.model_validate(payload)
        await lock_fusion(session)
        customer = await get_as_stored(session, context.maker_scope, customer_id=parting.customer_id)
        async with all_rows(session):
            journal = await _standing(session, customer.id, parting.merge_id)
            objection = await objection_to_undoing(session, journal)
            if objection is not None:
                raise MergeNotPossible(reason=objection)
            await unmerge(session, actor=context.approver, journal=journal, day=clock.today(), reason=parting.reason)


MERGE_HANDLER: Final = MergeHandler()
UNMERGE_HANDLER: Final = UnmergeHandler()


async def compose_stale(session: AsyncSession, *, open_keys: Callable[[], KeyRing], limit: int) -> int:
    """Compose the personal fields of customers whom people merged or parted, as the worker; returns how many merges."""
    found = await merge_repository.stale_merges(session, limit=limit)
    if not found:
        return 0
    await lock_fusion(session)
    ids = {one for journal in found for one in (journal.customer_id, journal.losing_id)}
    branches = {branch.code: branch.id for branch in await list_branches(session)}
    await recompose(session, open_keys(), sorted(ids), branches)
    for journal in found:
        journal.stale = False
        session.add(journal)
    await session.flush()
    return len(found)
