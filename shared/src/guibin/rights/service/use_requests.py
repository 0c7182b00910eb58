"""What is asked of a use of a code, by whom, and what comes of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from guibin.rights.models import Redemption, RightsItem, UsedBy, VoucherUse
from guibin.security.actors import Actor, ActorKind


@dataclass(frozen=True, slots=True)
class UseRequest:
    """A code as it is written, or the payload of its QR picture, and what is known of its use.

    `amount_fen` is for value vouchers, None uses all that is left. `at` is when it happened, None now. `reference` is
    the user's own number: what comes again under it is the same use.
    """

    code: str | None = None
    qr: str | None = None
    amount_fen: int | None = None
    at: datetime | None = None
    place: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class CodeUse:
    """A use with how far it brings its redemption; `left_fen` is what a value voucher is still good for."""

    use: VoucherUse
    redemption: Redemption
    right: RightsItem
    codes_left: int
    left_fen: int | None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class User:
    """Who uses codes, from which branch, by which clock, and of which rights alone (None: of any)."""

    actor: Actor
    branch_id: UUID | None
    now: datetime
    only: frozenset[UUID] | None

    @property
    def kind(self) -> UsedBy:
        """What the records say of it."""
        return UsedBy.STAFF if self.actor.kind is ActorKind.STAFF else UsedBy.SERVICE
