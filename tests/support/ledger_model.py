"""A small model of one account of the ledger: what every movement does, said without a database.

It decides by itself what the ledger must answer; `tests/shared/points/test_model.py` drives both with the same steps.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

CREDITS: Final = ("earn", "opening", "adjust_credit")
SPENDING: Final = ("redeem", "order")
GRACE_DAYS: Final = 30


@dataclass
class Lot:
    """A lot; `number` is its place by time of earning, then of arrival, `made_by` the entry."""

    number: tuple[int, int]
    made_by: "Entry"
    original: int
    remaining: int
    expires_on: date | None
    held: int = 0
    pending: bool = False
    until: date | None = None

    @property
    def free(self) -> int:
        """What is neither spent, nor set aside, nor pending."""
        return 0 if self.pending else self.remaining - self.held

    def is_expired(self, day: date) -> bool:
        """Tell whether its last day is over."""
        return self.expires_on is not None and self.expires_on < day


@dataclass(eq=False)
class Entry:
    """A movement, with the lots that it drew on (negative: gave back into) in their order."""

    kind: str
    points: int = 0
    debt_change: int = 0
    pending_change: int = 0
    refers_to: "Entry | None" = None
    uses: list[tuple[Lot, int]] = field(default_factory=list)
    put_in: "tuple[Model, Entry] | None" = None
    """Of what came over from a member of the household: the member's account, and the entry there."""

    @property
    def size(self) -> int:
        """What it moved, whichever way."""
        return abs(self.points - self.debt_change) + abs(self.pending_change)


@dataclass(eq=False)
class Hold:
    """Points that are set aside until an instant, with their lots in order."""

    lots: list[tuple[Lot, int]]
    points: int
    ends_at: datetime
    state: str = "open"


@dataclass
class Model:
    """One account: lots in order of earning, entries, holds, the sources that were used, and the debt."""

    lots: list[Lot] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    sources: set[tuple[str, str]] = field(default_factory=set)
    debt: int = 0
    now: int = 0
    """The time of earning of what comes in; whoever drives several accounts sets it."""

    @property
    def balance(self) -> int:
        """All points that are not pending."""
        return sum(lot.remaining for lot in self.lots if not lot.pending)

    @property
    def pending(self) -> int:
        """What cannot be spent yet."""
        return sum(lot.remaining for lot in self.lots if lot.pending)

    @property
    def held(self) -> int:
        """What is set aside."""
        return sum(lot.held for lot in self.lots)

    def available(self, day: date) -> int:
        """What can be spent on a day."""
        return sum(lot.free for lot in self.lots if not lot.is_expired(day))

    def credit(self, kind: str, points: int, expires_on: date | None, source: str) -> str:
        """Add points; they pay the debt first."""
        if not self._is_new(kind, source):
            return "duplicate"
        entry = self._enter(Entry(kind))
        self._come_in(entry, points, expires_on)
        return "posted"

    def debit(self, kind: str, points: int, day: date, source: str) -> str:
        """Spend points, those that expire first."""
        if (kind, source) in self.sources:
            return "duplicate"
        if points > self.available(day):
            return "insufficient_points"
        self._is_new(kind, source)
        entry = self._enter(Entry(kind, -points))
        self._draw(entry, points, [lot for lot in self.lots if not lot.is_expired(day)])
        return "posted"

    def expire(self, last: date) -> None:
        """Let go what has expired by a day and is not set aside."""
        gone = [lot for lot in self.lots if lot.free and lot.expires_on is not None and lot.expires_on <= last]
        points = sum(lot.free for lot in gone)
        if points and self._is_new("expire", f"expiry:{last}"):
            self._draw(self._enter(Entry("expire", -points)), points, gone)

    def roll_over(self, into: "Model", last: date, expires_on: date | None) -> None:
        """Move what has expired by a day, and is not set aside, into another wallet: its debt is paid first."""
        gone = [lot for lot in self.lots if lot.free and lot.expires_on is not None and lot.expires_on <= last]
        points = sum(lot.free for lot in gone)
        if points and self._is_new("roll_out", f"expiry:{last}"):
            given = self._enter(Entry("roll_out", -points))
            self._draw(given, points, gone)
            into._receive(given, points, refers_to=given, kind="roll_in", expires_on=expires_on)  # noqa: SLF001

    def add_pending(self, points: int, until: date, expires_on: date | None, source: str) -> str:
        """Grant points that come free on a day."""
        if not self._is_new("pending_add", source):
            return "duplicate"
        entry = self._enter(Entry("pending_add", pending_change=points))
        self.lots.append(Lot(self._number(), entry, points, points, expires_on, pending=True, until=until))
        return "posted"

    def activate_due(self, day: date) -> None:
        """Let points come free whose day has come."""
        for lot in [one for one in self.lots if one.pending and one.remaining and one.until and one.until <= day]:
            paid = min(self.debt, lot.remaining)
            entry = self._enter(
                Entry("pending_activate", lot.remaining - paid, -paid, -lot.remaining, refers_to=lot.made_by)
            )
            self._use(entry, lot, paid)
            lot.pending, self.debt = False, self.debt - paid

    def cancel_pending(self, granted: Entry, points: int, source: str) -> str:
        """Take pending points back."""
        lot = next((lot for lot in self.lots if lot.made_by is granted and lot.pending and lot.remaining), None)
        if ("pending_cancel", source) in self.sources:
            return "duplicate"
        if lot is None:
            return "not_found"
        if points > lot.remaining:
            return "reversal_exceeds_credit"
        self._is_new("pending_cancel", source)
        self._use(self._enter(Entry("pending_cancel", pending_change=-points, refers_to=granted)), lot, points)
        return "posted"

    def refund(self, spent: Entry, points: int, day: date, source: str) -> str:
        """Give back what was spent, the last drawn first; what has expired comes back as a lot of grace."""
        if ("refund", source) in self.sources:
            return "duplicate"
        before = sum(one.size for one in self.entries if one.kind == "refund" and one.refers_to is spent)
        if points > spent.size - before:
            return "refund_exceeds_paid"
        self._is_new("refund", source)
        paid = min(self.debt, points)
        entry = self._enter(Entry("refund", points - paid, -paid, refers_to=spent))
        self.debt -= paid
        line = [lot for lot, taken in reversed(spent.uses) for _ in range(taken)][before + paid : before + points]
        late = 0
        for lot in line:
            if lot.is_expired(day):
                late += 1
            else:
                lot.remaining += 1
                entry.uses.append((lot, -1))
        if late:
            grace = date.fromordinal(day.toordinal() + GRACE_DAYS)
            self.lots.append(Lot(self._number(), entry, late, late, grace))
        self._return(spent, line, day)
        return "posted"

    def _return(self, spent: Entry, line: list[Lot], day: date) -> None:
        """Give back to a member of the household what a refund has just brought of the member's, draw by draw."""
        pieces: dict[Entry, dict[int, tuple[Lot, int]]] = {}
        for lot, _ in spent.uses:
            points = sum(one is lot for one in line)
            if points and lot.made_by.put_in is not None:
                filled = self.lots[-1] if lot.is_expired(day) else lot
                parts = pieces.setdefault(lot.made_by, {})
                parts[id(filled)] = (filled, parts.get(id(filled), (filled, 0))[1] + points)
        for drawn in sorted(pieces, key=self.entries.index):
            parts = pieces[drawn]
            points = sum(part for _, part in parts.values())
            back = self._enter(Entry("transfer_out", -points, refers_to=drawn))
            for lot, part in parts.values():
                self._use(back, lot, part)
            assert drawn.put_in is not None
            giver, given = drawn.put_in
            giver._receive(back, points, refers_to=given)  # noqa: SLF001 - the member's account

    def bring_over(self, giver: "Model", points: int, day: date) -> str:
        """Let a member's points come over as far as the earliest to expire are not one's own; no debt is paid."""
        if points > self.available(day) + giver.available(day):
            return "insufficient_points"
        queue = [(lot, owner) for owner in (self, giver) for lot in owner.lots if not lot.is_expired(day)]
        queue.sort(key=lambda one: (one[0].expires_on or date.max, one[1] is giver, one[0].number))
        taken = []
        for lot, owner in queue:
            part = min(lot.free, points)
            points -= part
            taken += [(lot, part)] if part > 0 and owner is giver else []
        if not taken:
            return "posted"
        drawn = sum(part for _, part in taken)
        given = giver._enter(Entry("transfer_out", -drawn))  # noqa: SLF001 - the member's account
        received = self._enter(Entry("transfer_in", drawn, put_in=(giver, given)))
        for lot, part in taken:
            giver._use(given, lot, part)  # noqa: SLF001 - the same
            self.lots.append(Lot((lot.number[0], len(self.lots)), received, part, part, lot.expires_on))
        return "posted"

    def claw_back(self, given: Entry, points: int, day: date, source: str) -> str:
        """Take back what was given: its own lot, then others, then debt; what of it has expired is gone already."""
        if ("claw_back", source) in self.sources:
            return "duplicate"
        own = next((lot for lot in self.lots if lot.made_by is given), None)
        if own is not None and own.pending:
            return "not_found"
        kinds = {"claw_back", "pending_cancel"}
        before = sum(one.size for one in self.entries if one.kind in kinds and one.refers_to is given)
        if points > given.size - before:
            return "reversal_exceeds_credit"
        gone = sum(taken for one in self.entries if one.kind == "expire" for lot, taken in one.uses if lot is own)
        points = min(points, max(given.size - before - gone, 0))
        if points == 0:
            return "not_found"
        self._is_new("claw_back", source)
        entry = self._enter(Entry("claw_back", refers_to=given))
        taken = min(points, own.free) if own else 0
        if own:
            self._use(entry, own, taken)
        others = min(points - taken, self.available(day))
        self._draw(entry, others, [lot for lot in self.lots if not lot.is_expired(day)])
        entry.points, entry.debt_change = -taken - others, points - taken - others
        self.debt += entry.debt_change
        return "posted"

    def hold(self, points: int, day: date, ends_at: datetime, source: str) -> str:
        """Set points aside."""
        if ("hold", source) in self.sources:
            return "duplicate"
        if points > self.available(day):
            return "insufficient_points"
        self._is_new("hold", source)
        named = _pick(points, [lot for lot in self.lots if not lot.is_expired(day)])
        for lot, part in named:
            lot.held += part
        self.holds.append(Hold(named, points, ends_at))
        return "posted"

    def capture(self, hold: Hold, points: int, at: datetime, source: str) -> str:
        """Spend what was set aside."""
        if ("order", source) in self.sources:
            return "duplicate"
        if hold.state != "open" or hold.ends_at <= at:
            return "hold_closed"
        if points > hold.points:
            return "capture_exceeds_hold"
        self._is_new("order", source)
        self._let_go(hold, "captured")
        entry = self._enter(Entry("order", -points))
        for lot, part in hold.lots:
            taken = min(part, points)
            self._use(entry, lot, taken)
            points -= taken
        return "posted"

    def release(self, hold: Hold) -> str:
        """Give what was set aside free again."""
        if hold.state != "open":
            return "hold_closed"
        self._let_go(hold, "released")
        return "posted"

    def lapse(self, at: datetime) -> None:
        """End the holds whose time is up."""
        for hold in self.holds:
            if hold.state == "open" and hold.ends_at <= at:
                self._let_go(hold, "lapsed")

    def pass_on(self, receiver: "Model", points: int, day: date, source: str) -> str:
        """Pass points on to another account: lots keep their last day and their time of earning."""
        if ("transfer_out", source) in self.sources or ("transfer_in", source) in receiver.sources:
            return "transfer_code_invalid"
        if points > self.available(day):
            return "insufficient_points"
        self._is_new("transfer_out", source)
        receiver._is_new("transfer_in", source)  # noqa: SLF001 - the other account
        given = self._enter(Entry("transfer_out", -points))
        self._draw(given, points, [lot for lot in self.lots if not lot.is_expired(day)])
        receiver._receive(given, points)  # noqa: SLF001 - the same
        return "posted"

    def bequeath(self, heir: "Model", day: date) -> str:
        """Let the heir have all that is not owed, out of the lots that expire last."""
        if any(lot.held for lot in self.lots):
            return "open_holds"
        lots = [lot for lot in self.lots if not lot.is_expired(day)]
        points = self.available(day) - self.debt
        if points <= 0:
            return "nothing_to_inherit"
        owed = {id(lot): part for lot, part in _pick(self.debt, lots)}
        given = self._enter(Entry("transfer_out", -points))
        for lot, part in _pick(self.available(day), lots):
            self._use(given, lot, part - owed.get(id(lot), 0))
        heir._receive(given, points)  # noqa: SLF001 - the other account
        return "posted"

    def give_back(self, giver: "Model", passed: Entry, received: Entry, points: int, day: date) -> str:
        """Let the bank move a transfer back to its giver, out of the lots that it made here."""
        own = [lot for lot in self.lots if lot.made_by is received and not lot.is_expired(day)]
        left = sum(lot.free for lot in own)
        if points > -passed.points:
            return "reversal_exceeds_credit"
        if points > left:
            return "transfer_spent"
        back = self._enter(Entry("transfer_out", -points, refers_to=received))
        self._draw(back, points, own)
        giver._receive(back, points, refers_to=passed)  # noqa: SLF001 - the other account
        return "posted"

    def _receive(
        self,
        given: Entry,
        points: int,
        refers_to: Entry | None = None,
        kind: str = "transfer_in",
        expires_on: date | None = None,
    ) -> None:
        paid = min(self.debt, points)
        self.debt -= paid
        entry = self._enter(Entry(kind, points - paid, -paid, refers_to=refers_to))
        for lot, part in given.uses:
            kept = part - min(paid, part)
            paid -= part - kept
            if kept:
                number = (lot.number[0], len(self.lots))
                ends = lot.expires_on if kind == "transfer_in" else expires_on
                self.lots.append(Lot(number, entry, kept, kept, ends))

    def _number(self) -> tuple[int, int]:
        return self.now, len(self.lots)

    def _let_go(self, hold: Hold, state: str) -> None:
        hold.state = state
        for lot, part in hold.lots:
            lot.held -= part

    def _come_in(self, entry: Entry, points: int, expires_on: date | None) -> None:
        paid = min(self.debt, points)
        self.debt -= paid
        entry.points, entry.debt_change = points - paid, -paid
        if entry.points:
            self.lots.append(Lot(self._number(), entry, entry.points, entry.points, expires_on))

    def _draw(self, entry: Entry, points: int, lots: list[Lot]) -> None:
        for lot, part in _pick(points, lots):
            self._use(entry, lot, part)

    def _use(self, entry: Entry, lot: Lot, points: int) -> None:
        if points:
            lot.remaining -= points
            entry.uses.append((lot, points))

    def _enter(self, entry: Entry) -> Entry:
        self.entries.append(entry)
        return entry

    def _is_new(self, kind: str, source: str) -> bool:
        new = (kind, source) not in self.sources
        self.sources.add((kind, source))
        return new


def _pick(points: int, lots: list[Lot]) -> list[tuple[Lot, int]]:
    """Return which lots give how much: earliest expiry first, permanent last, ties by time of earning."""
    picked = []
    for lot in sorted(lots, key=lambda lot: (lot.expires_on or date.max, lot.number)):
        part = min(lot.free, points)
        if part > 0:
            picked.append((lot, part))
            points -= part
    return picked
