"""The open list of commands that wait for approval; `guibin.wiring` fills it from the domains above.

A domain that needs a second person for a command subclasses `ApprovalHandler`, submits with
`approvals.service.submit` and registers its handler in the wiring. Nothing else decides, expires or carries it out.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import AmendmentNotPossible
from guibin.approvals.rules import canonical
from guibin.core.ids import to_public
from guibin.security.actors import Actor, Domain, Grant, Scope, Verb, decide
from guibin.security.ciphers import KeyRing
from guibin.security.errors import Forbidden

Changes = TypeVar("Changes", bound=BaseModel)


@dataclass(frozen=True)
class Label:
    """What people read, in both languages."""

    zh: str
    en: str

    def text(self, language: str) -> str:
        """Return the text in `zh` or `en`."""
        return self.en if language == "en" else self.zh


@dataclass(frozen=True)
class ApprovalContext:
    """Who asked and who agreed, for the command that is carried out now.

    `maker_scope` is whose data the maker's grants open at this moment and at this cost: a command over several
    customers looks each of them up in it. The customer who owns the approval has been looked up already. `keys` are
    those of the deployment, for a command that makes a secret.
    """

    approval_id: UUID
    maker_id: UUID
    approver: Actor
    maker_scope: Scope = field(default_factory=Scope.nothing)
    keys: KeyRing | None = None

    @property
    def key(self) -> str:
        """The key of the execution: under it there is one at most."""
        return execution_key(self.approval_id)

    @property
    def asked_by(self) -> dict[str, Any]:
        """What the trail says of who asked, as arguments of `record`."""
        return {"on_behalf_id": self.maker_id, "facts": {"approval": to_public("apr", self.approval_id)}}

    def open_keys(self) -> KeyRing:
        """Return the keys.

        Raises:
            LookupError: whoever decides has given none.
        """
        if self.keys is None:
            raise LookupError("the decision was taken without the keys of the deployment")
        return self.keys


def execution_key(approval_id: UUID) -> str:
    """Return the idempotency key of an approval's execution."""
    return f"apr:{to_public('apr', approval_id)}"


@dataclass(frozen=True)
class Amended:
    """A request as its maker has changed it: what it would do now, and what the approver looks at."""

    payload: Mapping[str, object]
    preview: Mapping[str, object]
    cost_fen: int | None = None
    branch_id: UUID | None = None


class ApprovalHandler(ABC):
    """Carries out one kind of approved command."""

    kind: ClassVar[str]
    """For example `tag.publish`."""

    domain: ClassVar[Domain]
    """The domain whose approvers decide."""

    title: ClassVar[Label]
    """What the command is, in people's words."""

    labels: ClassVar[Mapping[str, Label]] = MappingProxyType({})
    """What the fields of the preview are, in people's words."""

    maker_verb: ClassVar[Verb] = Verb.SUBMIT
    """What the maker must still hold in the domain when the command is carried out."""

    @abstractmethod
    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Carry the command out; a refusal makes the approval `failed` and undoes everything.

        An object that is not any more what it was at the submission is refused here, with the domain's own code.
        """

    async def give_back(self, session: AsyncSession, payload: Mapping[str, object]) -> None:  # noqa: B027
        """Undo what the submission marked as pending: after a no, a request for changes, a withdrawal, an expiry.

        May run as the worker. Leaves alone what was changed since.
        """

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, object],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Submit anew what was given back with a request for changes; checks what the submission checks.

        A definition was edited where it stands, and `changes` is empty. Else `changes` names fields of the payload
        with their new values.

        Raises:
            AmendmentNotPossible: this kind is withdrawn and submitted again instead.
            Refusal: whatever a submission refuses.
        """
        raise AmendmentNotPossible

    def scope_of_maker(self, maker: Actor, grants: Sequence[Grant]) -> Scope:
        """Return whose data the maker's grants open now, when the request is submitted anew.

        Raises:
            Forbidden: the maker may not submit it any more.
        """
        scope = decide(grants, self.maker_verb, self.domain, staff_id=maker.id)
        if scope is None:
            raise Forbidden
        return scope


def read_changes(model: type[Changes], changes: Mapping[str, object]) -> Changes:
    """Read the changes that a maker sends as a closed model of the handler's domain.

    Raises:
        pydantic.ValidationError: they have another form; the port answers it like any wrong body.
    """
    return model.model_validate_json(canonical(changes))


def refuse_changes(changes: Mapping[str, object]) -> None:
    """Hold the amendment of a definition to its form: it is edited where it stands, so nothing is sent with it.

    Raises:
        AmendmentNotPossible: something was sent.
    """
    if changes:
        raise AmendmentNotPossible


APPROVAL_HANDLERS: dict[str, ApprovalHandler] = {}


def register(handler: ApprovalHandler) -> None:
    """Put a handler into the list; one per kind."""
    APPROVAL_HANDLERS[handler.kind] = handler
