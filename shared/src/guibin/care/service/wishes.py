"""What a caller writes down, as values."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from guibin.care.models import (
    ComplaintCategory,
    Direction,
    NeedCategory,
    Severity,
    TouchChannel,
    TouchKind,
    TouchPurpose,
    TouchResult,
)
from guibin.care.opportunities.models import OpportunityResult, OpportunityState


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact that happened; `at` None is now."""

    customer_id: UUID
    kind: TouchKind
    channel: TouchChannel
    direction: Direction
    purpose: TouchPurpose
    result: TouchResult
    at: datetime | None = None
    minutes: int = 0
    product_code: str | None = None
    right_id: UUID | None = None
    note: str | None = None
    corrects_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """A need that the customer told."""

    category: NeedCategory
    text: str
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A promise that was given."""

    text: str
    due_on: date


@dataclass(frozen=True, slots=True)
class Grievance:
    """A complaint that was made, and the redemption that it is about."""

    category: ComplaintCategory
    severity: Severity
    channel: TouchChannel
    text: str
    redemption_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NextContact:
    """A contact that is to come; `starts_on` None is today."""

    kind: TouchKind
    due_on: date
    purpose: TouchPurpose = TouchPurpose.CARE
    channel: TouchChannel | None = None
    starts_on: date | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Chance:
    """An opportunity: of a product or of a kind of need, one of the two; `wished` where the customer asked for it."""

    due_on: date
    product_code: str | None = None
    need: NeedCategory | None = None
    amount_fen: int | None = None
    note: str | None = None
    wished: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an opportunity; `won_fen` None is what was expected."""

    state: OpportunityState
    result: OpportunityResult
    reason: str | None = None
    won_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Everything:
    """A touch with all that came of it, written down in one go: all of it or nothing."""

    contact: Contact
    task_id: UUID | None = None
    needs: tuple[Wish, ...] = ()
    promises: tuple[Word, ...] = ()
    kept_promise_ids: tuple[UUID, ...] = ()
    complaint: Grievance | None = None
    next_contact: NextContact | None = None
    chances: tuple[Chance, ...] = ()
    outcomes: tuple[tuple[UUID, Outcome], ...] = ()
    """What became of opportunities, by their ids."""

    @property
    def is_of_who_serves(self) -> bool:
        """Whether it decides on tasks, promises, offers or what others wrote down: more than what was said."""
        decided = (self.task_id, self.next_contact, self.contact.corrects_id)
        listed = (self.promises, self.kept_promise_ids, self.chances, self.outcomes)
        return any(one is not None for one in decided) or any(listed)
