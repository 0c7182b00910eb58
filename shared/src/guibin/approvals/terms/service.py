"""The steps by which terms change, the same for those of coverage, of contact and of identity.

Each kind is a table of versions. Its domain subclasses `StandingTerms` and says what is its own: what it starts from
and what else a version is kept with. The rest, from the submission to the version in force, is here.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, read_changes
from guibin.approvals.models import Approval
from guibin.approvals.service import submit
from guibin.approvals.terms import repository
from guibin.approvals.terms.repository import Row
from guibin.approvals.turns import take_turn
from guibin.audit import service as audit
from guibin.core.errors import NothingToChange, VersionConflict
from guibin.security.actors import Actor, Grant

Terms = TypeVar("Terms", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class InForce(Generic[Terms]):
    """Terms with their version; 0 is what a bank starts from."""

    version: int
    terms: Terms


class StandingTerms(ApprovalHandler, Generic[Row, Terms]):
    """One kind of terms, and the handler that lets others take their place."""

    table: type[Row]

    default: Terms
    """What a bank starts from."""

    called: ClassVar[str]
    """What the trail calls them."""

    @abstractmethod
    def version_of(self, version: int, terms: dict[str, Any], context: ApprovalContext) -> Row:
        """Return the row of a version that was agreed to."""

    async def in_force(self, session: AsyncSession) -> InForce[Terms]:
        """Return the terms in force."""
        row = await repository.newest(session, self.table)
        return InForce(0, self.default) if row is None else InForce(row.version, self._read(row.terms))

    async def submit(
        self,
        session: AsyncSession,
        *,
        actor: Actor,
        terms: Terms,
        version: int,
        reason: str | None = None,
        branch_id: UUID | None = None,
    ) -> Approval:
        """Ask another person for other terms, in place of those of the version that was read.

        Raises:
            VersionConflict: another version is in force.
            NothingToChange: these are the terms.
        """
        request = await self._examine(session, terms, version, reason)
        return await submit(
            session,
            actor=actor,
            kind=self.kind,
            domain=self.domain,
            subject=self.called,
            payload=request.payload,
            preview=request.preview,
            branch_id=branch_id,
        )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Let the terms be in force as they were submitted.

        Raises:
            VersionConflict: others came into force meanwhile.
        """
        await take_turn(session, self.table)
        before = await self.in_force(session)
        if before.version != payload["version"]:
            raise VersionConflict
        terms = self._read(payload["terms"]).model_dump(mode="json")
        session.add(self.version_of(before.version + 1, terms, context))
        await session.flush()
        await audit.record(
            session,
            actor=context.approver,
            action=self.kind,
            object_type=self.called,
            object_id=str(before.version + 1),
            after=terms,
            **context.asked_by,
        )

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, object],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Take new terms for those that were given back, over the version that is in force now."""
        self.scope_of_maker(maker, grants)
        given_back = self._read(payload["terms"]).model_dump(mode="json")
        wanted = read_changes(type(self.default), {**given_back, **changes})
        reason = payload.get("reason")
        version = (await self.in_force(session)).version
        return await self._examine(session, wanted, version, None if reason is None else str(reason))

    async def _examine(self, session: AsyncSession, terms: Terms, version: int, reason: str | None) -> Amended:
        before = await self.in_force(session)
        if before.version != version:
            raise VersionConflict
        if before.terms == terms:
            raise NothingToChange
        old, new = before.terms.model_dump(mode="json"), terms.model_dump(mode="json")
        changed = [name for name in new if old[name] != new[name]]
        said = {} if reason is None else {"reason": reason}
        return Amended(
            payload={"version": version, "terms": new, **said},
            preview={
                "before": {name: old[name] for name in changed},
                "after": {name: new[name] for name in changed},
                **said,
            },
        )

    def _read(self, terms: object) -> Terms:
        return type(self.default).model_validate(terms)
