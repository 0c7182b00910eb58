"""A manual tag for many at once, from a list: all of them or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.listed import find_listed
from guibin.customers.models import Customer
from guibin.privacy.models import Purpose
from guibin.privacy.repository import has_consent
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing
from guibin.tags import repository
from guibin.tags.errors import TagKindConflict, TagRowsInvalid
from guibin.tags.models import Sensitivity, Tag, TagKind
from guibin.tags.service.manual import Via, set_tag, unset_tag


@dataclass(frozen=True, slots=True)
class ListedTag:
    """Which tag somebody gives to the customers of a list or takes from them, and why."""

    tag: Tag
    reason: str
    gives: bool


async def tag_listed(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    actor: Actor,
    wanted: ListedTag,
    names: Sequence[str],
    sensitive_in: Scope,
) -> tuple[int, int]:
    """Give a manual tag to all customers of a list, or take it from them, as for one after the other.

    Returns for how many something changed, and who had it, or had it not, already: their tag is confirmed.

    Raises:
        TagRowsInvalid: rows name nobody in scope, a customer twice, or one who did not consent to a sensitive tag.
        TagKindConflict, StateConflict: as for one customer.
    """
    if wanted.tag.kind != TagKind.MANUAL:
        raise TagKindConflict(kind=wanted.tag.kind)
    seen_in = sensitive_in if wanted.tag.sensitivity == Sensitivity.SENSITIVE else scope
    customers = await _find_all(session, seen_in, keys, wanted, names)
    changed = 0
    for one in customers:
        changed += await _change(session, scope, actor, wanted, one.id, sensitive_in=sensitive_in)
    return changed, len(customers) - changed


async def _change(
    session: AsyncSession, scope: Scope, actor: Actor, wanted: ListedTag, customer_id: UUID, *, sensitive_in: Scope
) -> bool:
    code = wanted.tag.code
    had = bool(await repository.find_memberships(session, scope, customer_id=customer_id, code=code))
    if not had and not wanted.gives:
        return False
    act = set_tag if wanted.gives else unset_tag
    await act(
        session,
        scope,
        actor=actor,
        customer_id=customer_id,
        code=code,
        reason=wanted.reason,
        sensitive_in=sensitive_in,
        via=Via.LIST,
    )
    return had is not wanted.gives


async def _find_all(
    session: AsyncSession, scope: Scope, keys: KeyRing, wanted: ListedTag, names: Sequence[str]
) -> list[Customer]:
    asks_consent = wanted.gives and wanted.tag.sensitivity == Sensitivity.SENSITIVE
    seen, customers = set[UUID](), list[Customer]()
    faults: list[dict[str, object]] = []
    for number, found in enumerate(await find_listed(session, scope, keys, names), start=1):
        if found is None:
            faults.append({"row": number, "reason": "unknown_customer"})
        elif found.id in seen:
            faults.append({"row": number, "reason": "duplicate"})
        elif asks_consent and not await has_consent(session, found.id, Purpose.SENSITIVE):
            faults.append({"row": number, "reason": "no_consent"})
        else:
            seen.add(found.id)
            customers.append(found)
    if faults:
        raise TagRowsInvalid(rows=faults)
    return customers
