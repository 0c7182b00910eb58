"""The open lists of everything that is kept of a customer: what a copy shows, what forbids an erasure, what it removes.

`guibin.wiring` fills them from the domains. A test holds them to the schema: every table with a customer in it stands
in a section or in `NOT_EXPORTED`, and is emptied by a step or stands in `KEPT_AFTER_ERASURE`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.privacy.repository.erasures import forget
from guibin.security.ciphers import KeyRing

Rows = list[dict[str, Any]]
"""What a section shows: plain values by name, in one order of names."""


class Section(Protocol):
    """One part of a copy of a customer's data."""

    @property
    def name(self) -> str:
        """The name of the list in the JSON and of the CSV file."""

    @property
    def tables(self) -> frozenset[str]:
        """The tables whose rows it shows."""

    async def read(self, session: AsyncSession, keys: KeyRing, *, customer_id: UUID) -> Rows:
        """Return the customer's own rows, without data of others and without secrets."""


class ErasureGuard(Protocol):
    """Knows whether something of a customer forbids the erasure."""

    async def objections(self, session: AsyncSession, *, customer_id: UUID) -> list[str]:
        """Return the kinds of what forbids it, as codes."""


class ErasureStep(Protocol):
    """Removes what a domain keeps of a customer."""

    @property
    def tables(self) -> frozenset[str]:
        """The tables that hold nothing personal of the customer afterwards."""

    async def erase(self, session: AsyncSession, *, customer_id: UUID, at: datetime) -> Mapping[str, int]:
        """Remove it; returns how many rows by table. It runs as the bank's role, and once."""


@dataclass(frozen=True, slots=True)
class QuerySection:
    """A section that one statement reads; it names `:customer_id`."""

    name: str
    tables: frozenset[str]
    statement: str

    async def read(self, session: AsyncSession, keys: KeyRing, *, customer_id: UUID) -> Rows:
        """Return the rows of the statement."""
        rows = await session.execute(text(self.statement), {"customer_id": customer_id})
        return [dict(row) for row in rows.mappings()]


@dataclass(frozen=True, slots=True)
class ForgottenRows:
    """A step that deletes a customer's rows, table by table in this order."""

    names: tuple[str, ...]

    @property
    def tables(self) -> frozenset[str]:
        """The tables that are emptied."""
        return frozenset(self.names)

    async def erase(self, session: AsyncSession, *, customer_id: UUID, at: datetime) -> Mapping[str, int]:
        """Delete the rows."""
        return {name: await forget(session, customer_id=customer_id, table=name) for name in self.names}


SECTIONS: list[Section] = []
ERASURE_GUARDS: list[ErasureGuard] = []
ERASURE_STEPS: list[ErasureStep] = []

NOT_EXPORTED: Final[Mapping[str, str]] = {
    "customer_ref": "keyed hashes of values that the copy shows in clear",
    "match_review": "names other customers",
    "customer_merge": "the bank's own journal of ids; what went over stands in the sections",
    "customer_change": "that something happened to a customer, for seconds: what happened stands in the sections",
    "customer_access": "the same as who serves whom, which the copy shows as the history of managers",
    "customer_restriction": "the law forbids to tell a customer of some of them",
    "unassigned": "a place in the bank's own queue",
    "assignment_plan_move": "what the bank considered; who serves and has served is shown",
    "credit_split": "how the bank shares its own figures among its people",
    "credit_share": "how the bank shares its own figures among its people",
    "double_credit": "how the bank counts its own figures among its people",
    "pool_place": "the bank's own plan; who serves and has served is shown",
    "claim_dispute": "a quarrel among the bank's own people; which claims there were is shown",
    "succession": "the bank's own plan; who served stands in the history of managers",
    "erasure": "there is none while there is somebody to ask for a copy",
    "subject_export": "the file itself and what opens it",
    "business_event": "the same events stand in the section of events",
    "voucher_code": "a code is a secret; the app shows it",
    "idempotency_key": "answers that the customer has had",
    "approval": "the bank's own decisions; what came of them stands in the sections",
    "points_attachment": "documents of the bank's own decisions; what came of them stands in the sections",
    "approval_decision": "the bank's own decisions; what came of them stands in the sections",
    "audit_seal": "hashes over the trail, whose rows the copy shows",
    "outbox_event": "messages about what the sections show, handed on within minutes",
}
"""Tables with a customer in them that a copy does not show, and why."""

KEPT_AFTER_ERASURE: Final[Mapping[str, str]] = {
    "assignment_plan_move": "who went where by a plan of the bank, in ids; nothing in it says who it was",
    "customer_change": "an id, for seconds",
    "points_account": "ledger, under a pseudonym",
    "points_entry": "ledger, under a pseudonym",
    "points_lot": "ledger, under a pseudonym",
    "points_lot_use": "ledger, under a pseudonym",
    "points_hold": "ledger, under a pseudonym",
    "earning_award": "which rule made an entry of the ledger, under a pseudonym",
    "earning_effect": "what a rule did beside an entry of the ledger, under a pseudonym",
    "code_entry": "what a code that was typed earned, under a pseudonym",
    "velocity_hit": "what was unusual in the ledger, under a pseudonym",
    "points_hold_lot": "ledger, under a pseudonym",
    "points_transfer": "ledger, under a pseudonym",
    "points_inheritance": "by which deed points of the ledger passed on, under a pseudonym",
    "points_pool_role": "a role in a household whose place is gone, under a pseudonym",
    "redemption_donation": "what was given to good causes, under a pseudonym",
    "redemption_payment": "what was paid beside points, under a pseudonym",
    "redemption_points": "ledger, under a pseudonym",
    "points_merge": "ledger, under a pseudonym",
    "customer_merge": "which ids are one customer, and who decided it; no personal value",
    "points_attachment": "ciphers under the customer's key, which is gone",
    "asset_award": "why the ledger has these entries, under a pseudonym",
    "redemption": "what was charged and delivered, under a pseudonym",
    "call_order": "that the bank called and for how long, in codes, under a pseudonym",
    "contact_decision": "how the bank reached out or was kept from it, in codes, under a pseudonym",
    "contact_preference": "a time of day and a yes or no, under a pseudonym",
    "contact_allowance": "what a second person allowed, in codes, under a pseudonym",
    "gift_handover": "what the bank gave away, for its books and the taxes, under a pseudonym",
    "handover_item": "what went from one manager to another, ids alone, under a pseudonym",
    "gift_year": "what counts against the cap of a year, under a pseudonym",
    "redemption_step": "what was charged and delivered, under a pseudonym",
    "redemption_proposal": "what was proposed, under a pseudonym; words are ciphers under the key, which is gone",
    "reservation": "what was held for a redemption, under a pseudonym",
    "substitution": "what replaced what could not be delivered, under a pseudonym",
    "appointment": "what was charged and delivered, under a pseudonym",
    "package_choice": "what was chosen and taken, under a pseudonym",
    "redemption_beneficiary": "ciphers under the customer's key, which is gone; deleted at the end of their own period",
    "supplier_order": "what a supplier delivered and is paid for, under a pseudonym; ciphers under a key that is gone",
    "voucher_code": "which code was given out, under a pseudonym",
    "voucher_use": "which code was used where, under a pseudonym; suppliers are paid by it",
    "redemption_rating": "stars of a right, under a pseudonym; words are ciphers under a key that is gone",
    "business_event": "that an event has earned, so that it never earns again; its content is deleted",
    "tier_history": "which tier was given on which average, under a pseudonym",
    "tier_standing": "the last average that gave or kept a tier, under a pseudonym, as the history says it",
    "coverage": "who served whom, for the managers' own figures, under a pseudonym",
    "credit_split": "who was credited, for the managers' own figures, under a pseudonym",
    "credit_share": "who was credited, for the managers' own figures, under a pseudonym",
    "double_credit": "who was credited, for the managers' own figures, under a pseudonym",
    "claim": "who had a claim and what gave it, in ids and codes, under a pseudonym",
    "pool_place": "who was not looked after for months, under a pseudonym",
    "succession": "who was to serve whom, under a pseudonym",
    "manager_wish": "what was wished of a manager, in codes, under a pseudonym",
    "consent": "the proof of what was allowed",
    "erasure": "the proof of the erasure",
    "customer_restriction": "why something was refused, under a pseudonym",
    "audit_entry": "the trail, which holds no personal value",
    "audit_seal": "hashes over the trail",
    "outbox_event": "messages without a personal value, removed after 180 days",
    "approval": "who agreed to what, under a pseudonym",
    "approval_decision": "who agreed to what, under a pseudonym",
}
"""Tables with a customer in them whose rows stay, and why."""


def register_section(section: Section) -> None:
    """Put a section into the list; one of the same name again changes nothing."""
    if section.name not in {known.name for known in SECTIONS}:
        SECTIONS.append(section)


def register_guard(guard: ErasureGuard) -> None:
    """Put a guard into the list; the same again changes nothing."""
    if guard not in ERASURE_GUARDS:
        ERASURE_GUARDS.append(guard)


def register_step(step: ErasureStep) -> None:
    """Put a step into the list; the same again changes nothing."""
    if step not in ERASURE_STEPS:
        ERASURE_STEPS.append(step)


def register_all(sections: Sequence[Section], steps: Sequence[ErasureStep]) -> None:
    """Put what a domain shows and removes into the lists."""
    for section in sections:
        register_section(section)
    for step in steps:
        register_step(step)
