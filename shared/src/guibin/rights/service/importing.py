"""Many rights at once, from a catalogue that is kept elsewhere: drafts only, each right by its code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.rights import terms
from guibin.rights.models import RightsItem, RightState
from guibin.rights.repository import catalogue
from guibin.rights.repository.catalogue import Right
from guibin.rights.service.administration import NewRight, RightContent, draft_right, redraft_right
from guibin.security.actors import Actor

FIXED: Final = ("wallet", "fulfilment", "stock_mode")
"""What never changes of a right, beside its code."""


class ImportOutcome(StrEnum):
    """What an import does with a right."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a right. `differs` names fixed fields that are others; `waits`: its terms are under approval."""

    outcome: ImportOutcome
    right_id: UUID | None
    differs: Sequence[str] = ()
    waits: bool = False


async def import_rights(
    session: AsyncSession, *, actor: Actor, rights: Sequence[tuple[NewRight, RightContent]], dry_run: bool
) -> list[Imported]:
    """Draft what is new and draft anew what differs; the same rights again change nothing. A dry run undoes it all.

    The names in the terms are known to be good (`unknown_names`). As always texts take effect at once and terms once
    they are submitted and approved. A right whose terms wait for approval stays as it is.
    """
    savepoint = await session.begin_nested()
    found = await catalogue.find_by_codes(session, codes=[new.code for new, _ in rights])
    done = [await _import(session, found.get(new.code), new, content) for new, content in rights]
    if dry_run:
        await savepoint.rollback()
        return done
    await savepoint.commit()
    codes = {
        outcome.value: [new.code for (new, _), one in zip(rights, done, strict=True) if one.outcome is outcome]
        for outcome in (ImportOutcome.CREATED, ImportOutcome.CHANGED)
    }
    await audit.record(
        session, actor=actor, action="right.import", object_type="right", object_id="catalogue", facts=codes
    )
    return done


async def _import(session: AsyncSession, known: Right | None, new: NewRight, content: RightContent) -> Imported:
    if known is None:
        return Imported(ImportOutcome.CREATED, await draft_right(session, new, content))
    item = known.item
    differs = [name for name in FIXED if getattr(new, name) != getattr(item, name)]
    if differs:
        return Imported(ImportOutcome.REFUSED, item.id, differs=differs)
    if _is_same(item, content):
        return Imported(ImportOutcome.UNCHANGED, item.id)
    if item.state == RightState.PENDING:
        return Imported(ImportOutcome.REFUSED, item.id, waits=True)
    await redraft_right(session, known, content)
    return Imported(ImportOutcome.CHANGED, item.id)


def _is_same(item: RightsItem, content: RightContent) -> bool:
    columns = content.columns()
    now = item.draft_terms or terms.document_of(item)
    return now == content.terms and all(getattr(item, name) == value for name, value in columns.items())


async def export_rights(session: AsyncSession) -> list[tuple[RightsItem, Mapping[str, object]]]:
    """Return every right with the terms that are drafted, else those in force, oldest first."""
    rights = await catalogue.list_rights(session, state=None, category=None, after=None, limit=None)
    return [(right.item, right.item.draft_terms or terms.document_of(right.item)) for right in rights]
