"""The steps of a definition's life, the same for a tier scheme, a matrix of grades, a care plan, a service standard.

Each kind is a table whose rows are versions. Its domain subclasses `Definitions` and says what is its own: what an
approver looks at, and what a version ends when it begins. The rest, from the draft to the beginning, is here.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Generic
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.definitions import repository
from guibin.approvals.definitions.models import DRAFT, PENDING
from guibin.approvals.definitions.repository import Row
from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, refuse_changes
from guibin.approvals.models import Approval
from guibin.approvals.service import submit
from guibin.approvals.turns import take_turn
from guibin.audit import service as audit
from guibin.core.errors import Refusal
from guibin.core.ids import from_public, to_public
from guibin.security.actors import Actor, Grant


class Definitions(ApprovalHandler, Generic[Row]):
    """All versions of one kind, and the handler that lets one begin."""

    table: type[Row]

    called: ClassVar[str]
    """What the trail calls it, for example `care_plan`; its commands are `care_plan.create` and `care_plan.edit`."""

    prefix: ClassVar[str]
    """Of its public ids."""

    payload_id: ClassVar[str]
    """Under which name the payload of an approval holds the id."""

    not_draft: ClassVar[type[Refusal]]
    """What refuses an edit or a submission of what is no draft, and a beginning of what does not wait."""

    @abstractmethod
    async def shown(self, session: AsyncSession, row: Row) -> Mapping[str, object]:
        """Return what a version says, as the trail keeps it before and after an edit."""

    @abstractmethod
    async def examine(self, session: AsyncSession, row: Row) -> Amended:
        """Return what the approver looks at; a payload, where there is one, is what must not change until then."""

    @abstractmethod
    async def begin(self, session: AsyncSession, row: Row) -> None:
        """Let a locked version that was agreed to be in force, from today or from its first day on."""

    def facts(self, row: Row) -> Mapping[str, object]:
        """Return what every line of the trail says of a version."""
        return {"revision": row.revision}

    async def page(
        self, session: AsyncSession, *, limit: int, before: tuple[datetime, UUID] | None = None
    ) -> Sequence[Row]:
        """Return versions in all states, newest first."""
        return await repository.list_versions(session, self.table, limit=limit, before=before)

    async def get(self, session: AsyncSession, version_id: UUID) -> Row:
        """Return one version.

        Raises:
            NotFound: there is none.
        """
        return await repository.get_version(session, self.table, version_id)

    async def lock(self, session: AsyncSession, version_id: UUID) -> Row:
        """Return one version as it stands now, locked for a change.

        Raises:
            NotFound: there is none.
        """
        return await repository.get_version(session, self.table, version_id, lock=True)

    async def add(self, session: AsyncSession, row: Row, *, actor: Actor) -> Row:
        """Keep a new draft."""
        session.add(row)
        await session.flush()
        await self.record(session, row, actor=actor, action=f"{self.called}.create")
        return row

    def require_draft(self, row: Row) -> None:
        """Refuse what is no draft, with the code of the kind."""
        if row.state != DRAFT:
            raise self.not_draft

    async def keep_edit(self, session: AsyncSession, row: Row, *, actor: Actor, before: Mapping[str, object]) -> Row:
        """Keep a draft that says something else now than `before`."""
        row.revision += 1
        await session.flush()
        after = await self.shown(session, row)
        await self.record(session, row, actor=actor, action=f"{self.called}.edit", before=before, after=after)
        return row

    async def submit(self, session: AsyncSession, row: Row, *, actor: Actor) -> Approval:
        """Ask another person to let a locked draft begin.

        Raises:
            Refusal: `not_draft`, and whatever the kind's examination refuses.
        """
        request = await self._mark_submitted(session, row)
        return await submit(
            session,
            actor=actor,
            kind=self.kind,
            domain=self.domain,
            subject=to_public(self.prefix, row.id),
            payload=request.payload,
            preview=request.preview,
            cost_fen=request.cost_fen,
            branch_id=request.branch_id,
        )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Let the version begin as it was submitted.

        Raises:
            Refusal: `not_draft`: it is not waiting any more; and whatever the kind's beginning refuses.
        """
        await take_turn(session, self.table)
        row = await self.lock(session, self._id_in(payload))
        if not _is_submitted(row, payload):
            raise self.not_draft
        await self.begin(session, row)
        await session.flush()
        await self.record(session, row, actor=context.approver, action=self.kind, on_behalf_id=context.maker_id)

    async def give_back(self, session: AsyncSession, payload: Mapping[str, object]) -> None:
        """Give the version back to its maker as a draft."""
        row = await self.lock(session, self._id_in(payload))
        if _is_submitted(row, payload):
            row.state = DRAFT
            await session.flush()

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, object],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Submit the draft as it was edited since."""
        self.scope_of_maker(maker, grants)
        refuse_changes(changes)
        return await self._mark_submitted(session, await self.lock(session, self._id_in(payload)))

    async def record(
        self,
        session: AsyncSession,
        row: Row,
        *,
        actor: Actor,
        action: str,
        on_behalf_id: UUID | None = None,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
    ) -> None:
        """Write a line of the trail about a version."""
        await audit.record(
            session,
            actor=actor,
            action=action,
            object_type=self.called,
            object_id=to_public(self.prefix, row.id),
            on_behalf_id=on_behalf_id,
            before=before,
            after=after,
            facts=self.facts(row),
        )

    async def _mark_submitted(self, session: AsyncSession, row: Row) -> Amended:
        self.require_draft(row)
        row.state = PENDING
        request = await self.examine(session, row)
        same = {self.payload_id: to_public(self.prefix, row.id), "revision": row.revision}
        return replace(request, payload={**same, **request.payload})

    def _id_in(self, payload: Mapping[str, object]) -> UUID:
        found = from_public(self.prefix, str(payload[self.payload_id]))
        if found is None:
            raise LookupError("the payload names no version")
        return found


def _is_submitted(row: Row, payload: Mapping[str, object]) -> bool:
    return row.state == PENDING and row.revision == payload["revision"]
