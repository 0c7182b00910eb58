"""Closing a day: its totals are written once, and its accounting file is made of them for ever after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import VersionConflict
from guibin.points import report_repository
from guibin.points.errors import DayNotClosed
from guibin.points.report_models import PointsAccountCode, PointsDayTotal
from guibin.points.report_rules import Amount, Movement, movement_of
from guibin.security.actors import Actor


@dataclass(frozen=True, slots=True)
class AccountCode:
    """Where a movement of a wallet is booked."""

    wallet: str
    movement: Movement
    debit: str
    credit: str


@dataclass(frozen=True, slots=True)
class AccountingLine:
    """A line of the accounting file; amounts have no sign, the movement says which way. No code: none is mapped."""

    wallet: str
    movement: Movement
    funding_line: str
    branch_code: str
    amount: Amount
    debit: str
    credit: str


@dataclass(frozen=True, slots=True)
class AccountingFile:
    """A closed day for the books. `entries`, `points`, `pending` and `debt` are the ledger's own control totals.

    The signed sum of the lines' points is `points` + `pending`.
    """

    day: date
    closed_at: datetime
    code_revision: int
    lines: list[AccountingLine]
    entries: int
    points: int
    pending: int
    debt: int

    def signed_total(self) -> Amount:
        """Add up the lines, each with the sign of its movement: the change of what is outstanding."""
        total = Amount()
        for line in self.lines:
            total = total.plus(line.amount.signed(line.movement))
        return total


async def close_days(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Close a day that is over and the days before it that no night has closed; twice changes nothing.

    Returns how many days were `closed`.
    """
    closed = await report_repository.last_closed_day(session)
    last = min(day, clock.last_closed_day())
    if closed is not None and closed >= last:
        return {"closed": 0}
    first = await _first_to_close(session, closed, last)
    codes = await report_repository.codes_of(session)
    revision = 0 if codes is None else codes.revision
    await report_repository.close_days(session, first=first, last=last, revision=revision, at=clock.now())
    return {"closed": (last - first).days + 1}


async def _first_to_close(session: AsyncSession, closed: date | None, last: date) -> date:
    """Return the day after the last that is closed; the first day with entries where none is."""
    if closed is not None:
        return closed + timedelta(days=1)
    began = await report_repository.first_open_day(session)
    return last if began is None else min(began, last)


async def accounting_file(session: AsyncSession, *, day: date) -> AccountingFile:
    """Return the accounting file of a closed day, the same whenever it is asked for.

    Raises:
        DayNotClosed: no night has closed the day.
    """
    found = await report_repository.get_day(session, day)
    if found is None:
        raise DayNotClosed(last_closed=await report_repository.last_closed_day(session))
    codes = await report_repository.codes_of(session, found.code_revision)
    known = {(code.wallet, code.movement): code for code in _read(codes)}
    return AccountingFile(
        day=day,
        closed_at=found.closed_at,
        code_revision=found.code_revision,
        lines=_lines(await report_repository.totals_of(session, day), known),
        entries=found.entries,
        points=found.points,
        pending=found.pending,
        debt=found.debt,
    )


def _lines(totals: Sequence[PointsDayTotal], codes: dict[tuple[str, Movement], AccountCode]) -> list[AccountingLine]:
    sums: dict[tuple[str, Movement, str, str], Amount] = {}
    for total in totals:
        amount = Amount(total.points, total.cost_fen)
        key = (total.wallet, movement_of(total.kind, total.points), total.funding_line, total.branch_code)
        sums[key] = sums.get(key, Amount()).plus(amount)
    lines = []
    for (wallet, movement, line, branch), amount in sorted(sums.items()):
        code = codes.get((wallet, movement))
        debit, credit = (code.debit, code.credit) if code else ("", "")
        lines.append(AccountingLine(wallet, movement, line, branch, amount.size(), debit, credit))
    return lines


async def account_codes(session: AsyncSession) -> tuple[int, list[AccountCode]]:
    """Return the account codes in force with their revision, 0 before anybody has written any."""
    row = await report_repository.codes_of(session)
    return (0 if row is None else row.revision), _read(row)


async def replace_account_codes(
    session: AsyncSession, *, actor: Actor, revision: int, codes: Sequence[AccountCode]
) -> int:
    """Write all account codes anew and return the new revision; days that are closed keep theirs.

    Raises:
        VersionConflict: somebody else changed them meanwhile.
    """
    written = [
        {"wallet": code.wallet, "movement": str(code.movement), "debit": code.debit, "credit": code.credit}
        for code in sorted(codes, key=lambda code: (code.wallet, code.movement))
    ]
    row = PointsAccountCode(revision=revision + 1, codes=written, changed_at=clock.now(), changed_by=actor.id)
    if not await report_repository.add_codes(session, row):
        raise VersionConflict
    await audit.record(
        session,
        actor=actor,
        action="points.account_codes.replace",
        object_type="account_codes",
        object_id="points",
        facts={"codes": len(written), "revision": row.revision},
    )
    return row.revision


def _read(row: PointsAccountCode | None) -> list[AccountCode]:
    return [
        AccountCode(code["wallet"], Movement(code["movement"]), code["debit"], code["credit"])
        for code in (row.codes if row else [])
    ]
