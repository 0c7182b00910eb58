"""Taking files of the organisation: each row by the command that a person would give, so nothing is reached twice.

A branches file adds and renames; a branch that would move is refused, since whom people see hangs on it. A staff file
adds people without any role, which two administrators give, and ends the accounts of leavers at once. A holidays file
replaces the years that it names.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.core.errors import Refusal
from guibin.feeds.models import FeedMode, OrganisationFile
from guibin.feeds.organisation.errors import TooManyLeavers
from guibin.feeds.organisation.rules import StaffStatus, Works, are_too_many
from guibin.feeds.reading import Chunks, spool
from guibin.feeds.rows import FeedRows, Row
from guibin.feeds.rules import LONGEST_NAME, Cells, RowCode, RowRefused
from guibin.feeds.taking import Reject
from guibin.organisation import access, calendars, repository
from guibin.organisation.calendars import SpecialDay
from guibin.organisation.models import Branch, BranchKind, Staff
from guibin.organisation.service import NewBranch, add_branch
from guibin.security.actors import Actor
from guibin.security.ciphers import KeyRing

LEFT: Final = "Not among the staff of the bank any more, by the staff file"


@dataclass(slots=True)
class OrganisationTaking:
    """A file of the organisation while it is taken, and what became of it."""

    session: AsyncSession
    keys: KeyRing
    actor: Actor
    issuer: str
    kind: OrganisationFile
    mode: FeedMode
    rows_read: int = 0
    rejects: list[Reject] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


async def take_organisation_file(
    taking: OrganisationTaking, stream: Chunks, *, dry_run: bool = False
) -> OrganisationTaking:
    """Take a file; good rows are taken and bad ones refused. A dry run does everything and undoes it.

    Raises:
        FileEmpty, FileTypeInvalid, EncodingInvalid, ColumnsInvalid, FileMalformed, WorkbookUnreadable,
        WorkbookTooLarge: it cannot be read.
        TooManyLeavers: a staff file would end more accounts than one file may.
    """
    feed = await spool(stream)
    try:
        with closing(FeedRows(feed, taking.kind)) as rows:
            savepoint = await taking.session.begin_nested()
            await _TAKERS[taking.kind](taking, list(rows))
            if dry_run:
                await savepoint.rollback()
                return taking
            await savepoint.commit()
    finally:
        feed.close()
    await record(
        taking.session,
        actor=taking.actor,
        action="organisation_file.take",
        object_type="organisation_file",
        object_id=feed.sha256.hex(),
        facts={"kind": taking.kind.value, "rows": taking.rows_read, "refused": len(taking.rejects)},
    )
    return taking


async def _each(taking: OrganisationTaking, rows: list[Row], take: Callable[[Cells], Awaitable[None]]) -> None:
    for number, values in rows:
        taking.rows_read += 1
        try:
            if isinstance(values, RowRefused):
                raise values
            await take(Cells(taking.kind, values))
        except RowRefused as refused:
            taking.rejects.append(Reject(number, refused.code, refused.column))


async def _take_branches(taking: OrganisationTaking, rows: list[Row]) -> None:
    known = {branch.code: branch for branch in await repository.list_branches(taking.session)}
    codes = {branch.id: code for code, branch in known.items()}
    seen: set[str] = set()

    async def take(cells: Cells) -> None:
        new = NewBranch(
            code=_once(cells, "code", seen),
            kind=cells.required_known("kind", BranchKind),
            parent_code=cells.code("parent_code"),
            name_zh=cells.required("name_zh", LONGEST_NAME),
            name_en=cells.required("name_en", LONGEST_NAME),
            city_code=cells.code("city_code"),
        )
        there = known.get(new.code)
        if new.parent_code is not None and new.parent_code not in known:
            raise RowRefused(RowCode.BRANCH_UNKNOWN, "parent_code")
        if there is not None:
            _rename(taking, there, new, parent=None if there.parent_id is None else codes[there.parent_id])
            return
        if new.parent_code is None and known:
            raise RowRefused(RowCode.MISSING_VALUE, "parent_code")
        known[new.code] = await add_branch(taking.session, new)
        codes[known[new.code].id] = new.code
        taking.counts["added"] += 1

    await _each(taking, rows, take)


def _rename(taking: OrganisationTaking, there: Branch, new: NewBranch, *, parent: str | None) -> None:
    if parent != new.parent_code:
        raise RowRefused(RowCode.BRANCH_MOVED, "parent_code")
    if there.kind != new.kind:
        raise RowRefused(RowCode.BRANCH_MOVED, "kind")
    if (there.name_zh, there.name_en, there.city_code) != (new.name_zh, new.name_en, new.city_code):
        there.name_zh, there.name_en, there.city_code = new.name_zh, new.name_en, new.city_code
        taking.session.add(there)
        taking.counts["changed"] += 1


async def _take_staff(taking: OrganisationTaking, rows: list[Row]) -> None:
    branches = {branch.code: branch.id for branch in await repository.list_branches(taking.session)}
    known = {one.no: one for one in await repository.every_staff(taking.session)}
    active, seen, leaving = {no for no, one in known.items() if one.active}, set[str](), set[str]()

    async def take(cells: Cells) -> None:
        no = _once(cells, "no", seen)
        name, branch = cells.required("name", LONGEST_NAME), cells.required("branch_code")
        if branch not in branches:
            raise RowRefused(RowCode.BRANCH_UNKNOWN, "branch_code")
        there, status = known.get(no), cells.known("status", StaffStatus) or StaffStatus.ACTIVE
        if status is StaffStatus.LEFT:
            leaving.add(no)
        elif there is None:
            await _add(taking, no, name, branch, cells)
        elif there.branch_id != branches[branch]:
            there.branch_id = branches[branch]
            taking.session.add(there)
            taking.counts["changed"] += 1

    await _each(taking, rows, take)
    if taking.mode is FeedMode.FULL:
        leaving |= active - seen
    await _let_go(taking, [known[no] for no in sorted(leaving & active)], len(active))


async def _add(taking: OrganisationTaking, no: str, name: str, branch: str, cells: Cells) -> None:
    person = access.NewPerson(
        no=no,
        branch_code=branch,
        name=name,
        issuer=taking.issuer,
        subject=cells.text("subject", LONGEST_NAME),
        phone=cells.number_text("phone"),
    )
    try:
        await access.add_person(taking.session, taking.keys, person, actor=taking.actor)
    except Refusal:
        raise RowRefused(RowCode.DUPLICATE_IN_FILE, "subject") from None
    taking.counts["added"] += 1


async def _let_go(taking: OrganisationTaking, leaving: list[Staff], active: int) -> None:
    if are_too_many(len(leaving), active):
        raise TooManyLeavers(leaving=len(leaving), active=active)
    for one in leaving:
        await access.disable(taking.session, one.id, actor=taking.actor, reason=LEFT)
    taking.counts["left"] += len(leaving)


async def _take_holidays(taking: OrganisationTaking, rows: list[Row]) -> None:
    years: dict[int, dict[date, SpecialDay]] = {}

    async def take(cells: Cells) -> None:
        day = cells.day("day")
        if day is None:
            raise RowRefused(RowCode.MISSING_VALUE, "day")
        days = years.setdefault(day.year, {})
        if day in days:
            raise RowRefused(RowCode.DUPLICATE_IN_FILE, "day")
        works = cells.required_known("works", Works) is Works.YES
        zh, en = cells.required("name_zh", LONGEST_NAME), cells.required("name_en", LONGEST_NAME)
        days[day] = SpecialDay(day, works, zh, en)

    await _each(taking, rows, take)
    for year, days in sorted(years.items()):
        before = await calendars.find_year(taking.session, year)
        written = list(days.values())
        if not calendars.says(before, written):
            await calendars.replace_year(
                taking.session, actor=taking.actor, year=year, revision=before.revision, days=written
            )
            taking.counts["years"] += 1


def _once(cells: Cells, column: str, seen: set[str]) -> str:
    value = cells.code(column)
    if value is None:
        raise RowRefused(RowCode.MISSING_VALUE, column)
    if value in seen:
        raise RowRefused(RowCode.DUPLICATE_IN_FILE, column)
    seen.add(value)
    return value


_TAKERS: Final[Mapping[OrganisationFile, Callable[[OrganisationTaking, list[Row]], Awaitable[None]]]] = {
    OrganisationFile.BRANCHES: _take_branches,
    OrganisationFile.STAFF: _take_staff,
    OrganisationFile.HOLIDAYS: _take_holidays,
}
