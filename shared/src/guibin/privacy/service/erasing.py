"""Erasing a customer's personal data: asked for by one person, confirmed by another, done in one transaction.

The data keys of the customer and of its source records are destroyed, so that no copy of the ciphertexts can be read;
keyed hashes and what the domains keep are deleted. The ledger stays, under an id that names nobody any more. Backups
hold the old data until they age out, which the receipt says.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.audit.service import record
from guibin.core import clock
from guibin.core.ids import from_public, new_id, to_public
from guibin.customers.fusion_repository import lock_fusion
from guibin.customers.models import SourceRecord
from guibin.customers.personal import unseal
from guibin.customers.repository import get_customer
from guibin.privacy.errors import EraseBlocked
from guibin.privacy.models import Erasure, ErasureState
from guibin.privacy.repository import erasures as repository
from guibin.privacy.rules import BACKUP_LIFE
from guibin.privacy.subject import ERASURE_GUARDS, ERASURE_STEPS
from guibin.privacy.tombstones import lay, stones_of
from guibin.security.actors import Actor, Domain, Scope
from guibin.security.ciphers import KeyRing

RECORDS_CHANGED: Final = "records_changed"
"""A line said something new of the customer since the erasure was asked for: ask again."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the bank gives the customer: when what was erased, and when no backup holds it any more."""

    erasure: Erasure
    erased_at: datetime
    backups_until: datetime
    receipt: str


async def request_erasure(
    session: AsyncSession, keys: KeyRing, scope: Scope, *, actor: Actor, customer_id: UUID, evidence: str
) -> Erasure:
    """Ask a second person to erase a customer; the same again returns what stands.

    Raises:
        NotFound: no such customer in scope.
        EraseBlocked: something forbids it.
    """
    found = await get_customer(session, scope, customer_id=customer_id)
    await repository.lock_customer(session, customer_id=found.id)
    standing = await repository.standing_erasure(session, customer_id=found.id)
    if standing is not None:
        return standing
    await _hold_back(session, found.id)
    records = await repository.records_of(session, customer_id=found.id)
    erasure_id = new_id()
    approval = await approvals.submit(
        session,
        actor=actor,
        kind=ErasureHandler.kind,
        domain=ErasureHandler.domain,
        subject=to_public("cus", found.id),
        payload={
            "customer_id": to_public("cus", found.id),
            "records": _state_of(records),
            "tombstones": _tombstones(keys, records),
        },
        preview={"source_records": len(records), "evidence": evidence},
        owner_id=found.id,
        branch_id=found.branch_id,
    )
    erasure = Erasure(
        customer_id=found.id,
        id=erasure_id,
        state=ErasureState.REQUESTED,
        evidence=evidence,
        approval_id=approval.id,
        requested_by=actor.id,
        requested_at=clock.now(),
    )
    session.add(erasure)
    await session.flush()
    return erasure


def receipt_of(erasure: Erasure) -> Receipt | None:
    """Return the receipt of an erasure; None before it is done. Its number follows from what it says."""
    if erasure.erased_at is None:
        return None
    said = f"{erasure.id}|{erasure.erased_at.isoformat()}|{sorted(erasure.counts.items())}"
    number = hashlib.sha256(said.encode()).hexdigest()
    return Receipt(erasure, erasure.erased_at, erasure.erased_at + BACKUP_LIFE, number)


class ErasureHandler(ApprovalHandler):
    """Carries out an erasure that a second person has confirmed."""

    kind: ClassVar[str] = "privacy.erase"
    domain: ClassVar[Domain] = Domain.PRIVACY
    title: ClassVar[Label] = Label("删除客户个人信息", "Erase a customer's personal data")
    labels: ClassVar[Mapping[str, Label]] = {
        "source_records": Label("来源记录数", "Source records"),
        "evidence": Label("客户申请凭证", "Proof that the customer asked"),
    }

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Erase, unless something forbids it by now.

        Raises:
            EraseBlocked: something forbids it, or a line said something new meanwhile.
        """
        customer_id = _customer_of(payload)
        await lock_fusion(session)  # a file that is being taken read the customer before, and would bring it back
        customer = await repository.lock_customer(session, customer_id=customer_id)
        await _hold_back(session, customer_id)
        records = await repository.records_of(session, customer_id=customer_id)
        if customer.merged_into is not None or _state_of(records) != payload["records"]:
            raise EraseBlocked(kinds=[RECORDS_CHANGED])
        erasure = await self._verify(session, customer_id, context)
        await lay(session, _stones(payload["tombstones"]), at=clock.now())
        await _erase(session, erasure, context.approver)

    async def give_back(self, session: AsyncSession, payload: Mapping[str, object]) -> None:
        """Take the request off the customer: it was refused, or something forbids it."""
        erasure = await repository.standing_erasure(session, customer_id=_customer_of(payload))
        if erasure is not None and erasure.state == ErasureState.REQUESTED:
            erasure.state = ErasureState.WITHDRAWN
            await session.flush()

    async def _verify(self, session: AsyncSession, customer_id: UUID, context: ApprovalContext) -> Erasure:
        erasure = await repository.standing_erasure(session, customer_id=customer_id)
        if erasure is None:
            raise EraseBlocked(kinds=[RECORDS_CHANGED])
        erasure.state = ErasureState.VERIFIED
        erasure.verified_by, erasure.verified_at = context.approver.id, clock.now()
        await session.flush()
        return erasure


async def objections(session: AsyncSession, *, customer_id: UUID) -> list[str]:
    """Return the kinds of everything that forbids an erasure now."""
    kinds: set[str] = set()
    for guard in ERASURE_GUARDS:
        kinds.update(await guard.objections(session, customer_id=customer_id))
    return sorted(kinds)


async def _hold_back(session: AsyncSession, customer_id: UUID) -> None:
    kinds = await objections(session, customer_id=customer_id)
    if kinds:
        raise EraseBlocked(kinds=kinds)


async def _erase(session: AsyncSession, erasure: Erasure, actor: Actor) -> None:
    """Let every domain remove what it keeps, of the customer and of those who were merged into it."""
    at = clock.now()
    counts: Counter[str] = Counter()
    for customer_id in (erasure.customer_id, *await repository.merged_into(session, customer_id=erasure.customer_id)):
        for step in ERASURE_STEPS:
            counts.update(await step.erase(session, customer_id=customer_id, at=at))
    erasure.state, erasure.erased_at, erasure.counts = ErasureState.ERASED, at, dict(counts)
    await session.flush()
    await record(
        session,
        actor=actor,
        action="customer.erase",
        object_type="customer",
        object_id=to_public("cus", erasure.customer_id),
        owner_id=erasure.customer_id,
        facts=dict(counts),
    )


def _state_of(records: Sequence[SourceRecord]) -> str:
    """Return what tells whether the customer's records are the same as before."""
    digest = hashlib.sha256()
    for one in records:
        digest.update(one.id.bytes + one.record_ref + (one.customer_no_ref or b""))
    return digest.hexdigest()


def _tombstones(keys: KeyRing, records: Sequence[SourceRecord]) -> list[str]:
    """Return the tombstones of the numbers and record ids of a customer."""
    stones: set[bytes] = set()
    for row in records:
        opened = unseal(keys, "source_record", row.model_dump(), fields=("record_id", "customer_no"))
        if opened["record_id"] is not None:
            stones |= stones_of(keys, row.line, opened["record_id"], opened["customer_no"])
    return sorted(stone.hex() for stone in stones)


def _customer_of(payload: Mapping[str, object]) -> UUID:
    found = from_public("cus", str(payload["customer_id"]))
    if found is None:
        raise EraseBlocked(kinds=[RECORDS_CHANGED])
    return found


def _stones(written: object) -> list[bytes]:
    return [bytes.fromhex(str(one)) for one in written] if isinstance(written, list) else []
