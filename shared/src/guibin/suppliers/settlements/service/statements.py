"""Our statement of a month, the supplier's beside it, and what is decided where they differ."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import IO, Final
from uuid import UUID

import anyio.to_thread
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound, VersionConflict
from guibin.core.ids import from_public, new_id, to_public
from guibin.core.reasons import require_reason
from guibin.security.actors import Actor
from guibin.security.row_scope import all_rows
from guibin.suppliers.models import SettlementBasis
from guibin.suppliers.repository.suppliers import get_supplier
from guibin.suppliers.settlements import building, repository
from guibin.suppliers.settlements.errors import (
    ContractPriceMissing,
    EarlierMonthOpen,
    LaterMonthSettled,
    MonthNotOver,
    NothingToTake,
    SettlementFrozen,
)
from guibin.suppliers.settlements.models import Settlement, SettlementDifference, SettlementState
from guibin.suppliers.settlements.reading import TheirLine, read_statement
from guibin.suppliers.settlements.rules import (
    DisputeState,
    Figures,
    Finding,
    Key,
    Line,
    Match,
    count_by_finding,
    match_lines,
    month_after,
)


async def build_settlement(
    session: AsyncSession, *, actor: Actor, supplier_id: UUID, month: date, unused_returned: bool = False
) -> Settlement:
    """Build our statement of a month that is over; a draft is built anew, and what came to it is forgotten.

    `month` is its first day. `unused_returned`: codes that nobody used by their last day in it are returned.

    Raises:
        NotFound: there is no such supplier.
        MonthNotOver, EarlierMonthOpen, LaterMonthSettled: it is not its turn.
        SettlementFrozen: the month is submitted or confirmed.
        ContractPriceMissing: something was supplied on a day without a price.
        VersionConflict: somebody else builds it now.
    """
    supplier = await get_supplier(session, supplier_id)
    await _check_turn(session, supplier_id, month)
    known = await repository.find_settlement(session, supplier_id=supplier_id, month=month)
    if known is not None:
        _require_draft(known)
        await repository.change_settlement(session, known, state=SettlementState.SUPERSEDED)
    settlement = Settlement(
        id=new_id(),
        supplier_id=supplier_id,
        month=month,
        state=SettlementState.DRAFT,
        basis=supplier.settlement_basis,
        unused_returned=unused_returned,
        lines=0,
        quantity=0,
        gross_fen=0,
        maker_id=actor.id,
        built_at=clock.now(),
    )
    if not await repository.insert_settlement(session, settlement):
        raise VersionConflict
    await _write_lines(session, settlement, supplier.tax_rate_bp)
    await record(session, actor, "settlement.build", settlement)
    return await repository.get_settlement(session, supplier_id=supplier_id, month=month)


async def _check_turn(session: AsyncSession, supplier_id: UUID, month: date) -> None:
    over_on = month_after(month)
    if clock.today() < over_on:
        raise MonthNotOver(over_on=over_on)
    opened = await repository.open_month_before(session, supplier_id=supplier_id, month=month)
    if opened is not None:
        raise EarlierMonthOpen(month=f"{opened:%Y-%m}")
    last = await repository.last_month(session, supplier_id=supplier_id)
    if last is not None and last > month:
        raise LaterMonthSettled(month=f"{last:%Y-%m}")


async def _write_lines(session: AsyncSession, settlement: Settlement, tax_rate_bp: int) -> None:
    build = building.Build(
        settlement_id=settlement.id,
        supplier_id=settlement.supplier_id,
        month=settlement.month,
        basis=SettlementBasis(settlement.basis),
        tax_rate_bp=tax_rate_bp,
        unused_returned=settlement.unused_returned,
    )
    # A statement is about everybody's redemptions, whoever builds it; it names no customer.
    async with all_rows(session):
        unpriced = await building.find_unpriced(session, build)
        if unpriced:
            first = unpriced[0]
            raise ContractPriceMissing(right_code=first.right_code, day=first.day, lines=sum(u.lines for u in unpriced))
        await building.write_lines(session, build)
    sums = await repository.sum_lines(session, settlement_id=settlement.id)
    await repository.change_settlement(
        session, settlement, lines=sums.lines, quantity=sums.quantity, gross_fen=sums.gross_fen
    )


def _require_draft(settlement: Settlement) -> None:
    if settlement.state != SettlementState.DRAFT:
        raise SettlementFrozen(state=settlement.state)


async def take_statement(
    session: AsyncSession, *, actor: Actor, settlement: Settlement, file: IO[bytes], sha256: bytes
) -> Settlement:
    """Lay the supplier's statement beside ours, line by line; another one takes its place while ours is a draft.

    The same file again changes nothing: what was decided stays.

    Raises:
        SettlementFrozen: ours is submitted or confirmed.
        StatementUnreadable, StatementColumns, StatementTooLong, WorkbookUnreadable, WorkbookTooLarge.
    """
    _require_draft(settlement)
    if settlement.statement_sha256 == sha256:
        return settlement
    theirs = await anyio.to_thread.run_sync(read_statement, file)
    names = _Names(await repository.known_rights(session, supplier_id=settlement.supplier_id))
    ours = [
        Line(line.number, Key(str(line.redemption_id), str(line.right_id)), Figures(line.quantity, line.price_fen))
        for line, _, _ in await repository.list_lines(session, settlement)
    ]
    matches = match_lines(ours, [names.line(line) for line in theirs])
    found = sorted((match for match in matches if match.finding is not Finding.EQUAL), key=_order)
    number = settlement.statement_no + 1
    rows = [(settlement.id, number, place, *_difference(match)) for place, match in enumerate(found, start=1)]
    await repository.add_differences(session, rows)
    counts = count_by_finding(matches)
    await repository.change_settlement(
        session,
        settlement,
        statement_no=number,
        statement_sha256=sha256,
        statement_lines=len(theirs),
        equal_lines=counts[Finding.EQUAL],
        statement_at=clock.now(),
    )
    told = {finding.value: count for finding, count in counts.items() if count}
    await record(session, actor, "settlement.statement", settlement, told)
    return await repository.get_settlement(session, supplier_id=settlement.supplier_id, month=settlement.month)


@dataclass(frozen=True, slots=True)
class _Names:
    """What the supplier's words for redemptions and rights stand for."""

    rights: dict[str, UUID]

    def line(self, line: TheirLine) -> Line:
        """Return a line with the names that both sides use; what we do not know keeps its own."""
        redemption = from_public("rdm", line.reference)
        right = self.rights.get(line.right)
        key = Key(str(redemption or line.reference), str(right or line.right))
        return Line(line.number, key, line.figures)


_LAST: Final = 2**31


def _order(match: Match) -> tuple[int, int]:
    return match.ours.number if match.ours else _LAST, match.theirs.number if match.theirs else 0


def _difference(match: Match) -> tuple[object, ...]:
    ours, theirs = match.ours, match.theirs
    key = (ours or theirs or Line(0, Key("", ""), None)).key
    mine, other = ours.figures if ours else None, theirs.figures if theirs else None
    return (
        match.finding.value,
        ours.number if ours else None,
        theirs.number if theirs else None,
        _uuid(key.reference),
        _uuid(key.right_code),
        mine.quantity if mine else None,
        mine.price_fen if mine else None,
        other.quantity if other else None,
        other.price_fen if other else None,
        DisputeState.OPEN.value,
    )


def _uuid(text: str) -> UUID | None:
    """Return an id of ours; whatever else a supplier wrote is not kept."""
    try:
        return UUID(text)
    except ValueError:
        return None


async def decide_differences(
    session: AsyncSession,
    *,
    actor: Actor,
    settlement: Settlement,
    numbers: Collection[int],
    state: DisputeState,
    words: str | None,
) -> None:
    """Say whose figures count where the statements differ, and why; `open` takes it back.

    Raises:
        SettlementFrozen: ours is submitted or confirmed.
        NotFound: there is no such difference.
        NothingToTake: theirs names no right of theirs, or has no figures.
        ReasonRequired: the words say nothing.
    """
    _require_draft(settlement)
    said = require_reason(words)
    if state is DisputeState.THEIRS:
        await _require_takable(session, settlement, set(numbers))
    done = await repository.decide_differences(
        session, settlement, numbers=numbers, state=state, words=said, actor_id=actor.id, at=clock.now()
    )
    if done != len(set(numbers)):
        raise NotFound
    await repository.change_settlement(session, settlement)
    facts = {"state": state.value, "differences": sorted(numbers)}
    await record(session, actor, "settlement.decide", settlement, facts)


async def _require_takable(session: AsyncSession, settlement: Settlement, numbers: Collection[int]) -> None:
    for row, _ in await repository.list_differences(session, settlement):
        if row.number in numbers and not is_takable(row):
            raise NothingToTake


def is_takable(row: SettlementDifference) -> bool:
    """Tell whether their side of a difference can count: their absence can, a line needs a right and figures."""
    return row.finding == Finding.ONLY_OURS or (row.right_id is not None and row.their_price_fen is not None)


async def record(
    session: AsyncSession,
    actor: Actor,
    action: str,
    settlement: Settlement,
    facts: Mapping[str, object] | None = None,
) -> None:
    """Tell the trail what was done to a statement."""
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="settlement",
        object_id=f"{to_public('sup', settlement.supplier_id)}:{settlement.month:%Y-%m}",
        facts=dict(facts or {}),
    )
