"""The manager's day: everything that is to be done today in one call, and each part page by page."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query

from bank_api.customers.router import scope_in
from bank_api.customers.views import shown_name, view_of
from guibin.core import clock
from guibin.core.ids import ManagerId, to_public
from guibin.customers.personal import identity_of
from guibin.managers.absences.repository import books_of
from guibin.managers.repository import manager_of_staff
from guibin.security.actors import Domain, Scope, Verb
from guibin.security.row_scope import all_rows
from guibin.web import DataClass, Page, PageRequest, PortRouter, RateClass, StaffCall, declare, page_query, staff

from . import queries
from .queries import Day, Item, Listed, Place
from .schemas import WorkbenchOut, WorkItemOut, WorkSectionOut
from .sections import LEADING, PARTS, Section

router = PortRouter(prefix="/v1/workbench", tags=["care"])

READ = staff(Verb.READ, Domain.CARE)
MOST_FIRST: Final = 20
"""Items of each part that the day shows at once."""

Manager = Annotated[ManagerId | None, Query(description="Look at this manager's day, as far as my scope reaches")]


@router.get("/today", operation_id="getWorkbenchToday")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2, accompanied=True)
async def get_today(
    call: StaffCall,
    limit: Annotated[int, Query(ge=1, le=MOST_FIRST, description="Items of each part")] = 5,
    manager_id: Manager = None,
) -> WorkbenchOut:
    """Show what is to be done today for the customers whom I serve, and for those of whom I stand in for.

    Who leads a branch also sees what is nobody's there, and what is late in the books of others. One statement for
    each part; `GET /v1/workbench/{section}` goes on page by page.
    """
    day = await _day(call, manager_id)
    scopes = [(section, _scope(call, section, manager_id)) for section in PARTS]
    listed = {
        section: await _read(call, section, day, manager_id, limit=limit)
        for section, scope in scopes
        if scope != Scope.nothing()
    }
    items = await _shaped(call, [(section, item) for section, found in listed.items() for item in found.items])
    shown = iter(items)
    sections = [
        _section(call, section, found.count, [next(shown) for _ in found.items]) for section, found in listed.items()
    ]
    return WorkbenchOut(
        as_of=clock.now(),
        day=day.today,
        manager_ids=list(day.managers),
        total=sum(one.count for one in sections),
        sections=sections,
    )


@router.get("/{section}", operation_id="listWorkbenchSection")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2, accompanied=True)
async def list_section(
    call: StaffCall, section: Section, page: Annotated[PageRequest, page_query()], manager_id: Manager = None
) -> Page[WorkItemOut]:
    """List one part of the day, what is due first before the others."""
    day = await _day(call, manager_id)
    after = page.after_moment
    place = after and (after[0].date(), after[1])
    found = await _read(call, section, day, manager_id, after=place, limit=page.fetch)
    shaped = await _shaped(call, [(section, item) for item in found.items])
    return page.answer(
        list(zip(found.items, shaped, strict=True)),
        position=lambda pair: (datetime.combine(pair[0].day, time.min, UTC), pair[0].subject_id),
        shape=lambda pair: pair[1],
    )


async def _read(
    call: StaffCall, section: Section, day: Day, manager_id: UUID | None, *, after: Place | None = None, limit: int
) -> Listed:
    """Read a part as far as it reaches; what waits for the own signature does so whoever serves the customer now."""
    scope = _scope(call, section, manager_id)
    if section is not Section.HANDOVERS or manager_id is not None or scope == Scope.nothing():
        return await queries.read(call.session, scope, section, day, after=after, limit=limit)
    async with all_rows(call.session):
        return await queries.read(call.session, Scope.of_job(), section, day, after=after, limit=limit)


def _scope(call: StaffCall, section: Section, manager_id: UUID | None) -> Scope:
    """Return how far a part reaches; those of who leads a branch are empty for others, and in a manager's own day."""
    scope = scope_in(call, PARTS[section].domain)
    led = scope.branch_roots and manager_id is None
    return Scope.nothing() if section in LEADING and not led else scope


async def _day(call: StaffCall, manager_id: UUID | None) -> Day:
    today = clock.today()
    if manager_id is not None:
        return Day((manager_id,), today)
    own = await manager_of_staff(call.session, staff_id=call.actor.id)
    return Day([] if own is None else await books_of(call.session, own, today), today)


def _section(call: StaffCall, section: Section, count: int, items: list[WorkItemOut]) -> WorkSectionOut:
    part, english = PARTS[section], call.language == "en"
    return WorkSectionOut(
        section=section,
        title=part.en if english else part.zh,
        action=part.do_en if english else part.do_zh,
        count=count,
        items=items,
    )


async def _shaped(call: StaffCall, found: Sequence[tuple[Section, Item]]) -> list[WorkItemOut]:
    """Describe items; names in full for who is the primary manager, masked for who stands in or leads."""
    customers = await queries.customers_of(call.session, {item.customer_id for _, item in found}) if found else {}
    today = clock.today()
    own = await manager_of_staff(call.session, staff_id=call.actor.id)
    identities = {one.id: identity_of(call.keys, one) for one in customers.values()}
    return [
        WorkItemOut(
            customer_id=item.customer_id,
            customer_name=shown_name(
                identities[item.customer_id],
                view_of(call.actor.roles, is_primary=own is not None and item.manager_id == own),
            )
            if item.customer_id in identities
            else None,
            manager_id=item.manager_id,
            subject=None if (prefix := PARTS[section].prefix) is None else to_public(prefix, item.subject_id),
            day=item.day,
            days_left=(item.day - today).days,
            code=item.code,
            expected=item.amount if section is Section.OPPORTUNITIES else None,
            amount=None if section is Section.OPPORTUNITIES else item.amount,
        )
        for section, item in found
    ]
