"""The open list of commands that wait for approval; `guibin.wiring` fills it from the domains above."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.security.actors import Actor, Domain


@dataclass(frozen=True)
class ApprovalContext:
    """Who asked and who agreed, for the command that is carried out now."""

    approval_id: UUID
    maker_id: UUID
    approver: Actor


class ApprovalHandler(Protocol):
    """Carries out one kind of approved command."""

    @property
    def kind(self) -> str:
        """The kind, for example `tag.publish`."""

    @property
    def domain(self) -> Domain:
        """The domain whose approvers decide."""

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Carry the command out; a refusal makes the approval `failed`."""

    async def rejected(self, session: AsyncSession, payload: Mapping[str, object]) -> None:
        """Take back what the submission marked as pending."""


APPROVAL_HANDLERS: dict[str, ApprovalHandler] = {}


def register(handler: ApprovalHandler) -> None:
    """Put a handler into the list; one per kind."""
    APPROVAL_HANDLERS[handler.kind] = handler
