"""Drives the ledger and the model of it with the same random steps, for every property that takes random ledgers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from hypothesis import strategies as st
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.handlers import ApprovalContext
from guibin.core import clock
from guibin.core.errors import Refusal
from guibin.core.ids import new_id
from guibin.points import service
from guibin.points.inheritance.service import INHERITANCE, Claim, Heir
from guibin.points.invariants import check
from guibin.points.models import EntryKind, PointsAccount, PointsEntry, PointsLot
from guibin.points.service import Held, Posted
from guibin.points.service.ledger import lock_account
from guibin.points.transfer_models import PointsTransfer
from guibin.points.transfer_rules import ReceivingCode, write_receiving_code
from guibin.privacy.defaults import DECEASED
from guibin.privacy.repository.restrictions import begin_about, end_about
from guibin.security.actors import NIGHTLY_JOB, Scope
from guibin.security.ciphers import KeyRing
from guibin.security.key_file import KeyMaterial
from support.ledger_household import spend_together
from support.ledger_lapsing import LapsingModel
from support.ledger_model import CREDITS, SPENDING, Entry, Hold, Model
from support.points import ACTOR, NOON, let_owner_post, post_points

START = clock.business_day(NOON)
POINTS = st.integers(1, 60)
SOURCES = st.integers(0, 12).map(str)
WHICH = st.integers(0, 30)
MOVES = st.sampled_from(
    (
        *CREDITS,
        *("redeem", "order", "adjust_debit", "redeem"),
        *("refund", "refund", "claw_back", "claw_back", "hold", "capture", "release"),
        *("add_pending", "cancel_pending", "wait", "wait", "night", "night"),
        *("pass_on", "pass_on", "receive", "receive", "take_back", "bequeath"),
        *("spend_rolled", "owe_rolled"),
        *("spend_together", "spend_together", "spent_together", "refund_other"),
    )
)
STEPS = st.tuples(MOVES, POINTS, st.integers(0, 6), WHICH, SOURCES)
Step = tuple[str, int, int, int, str]
KEYS = KeyRing(KeyMaterial.generate())


@dataclass
class Both:
    """The ledger and the model, driven by the same steps; the day goes on as steps wait.

    `other` is another account, which points are passed on to and come back from; without it they are not. `into` is the
    same customer's account of the wallet into which points roll over instead of expiring.
    """

    session: AsyncSession
    customer_id: UUID
    model: Model = field(default_factory=Model)
    other: "Both | None" = None
    into: "Both | None" = None
    wallet: str = "reward"
    ids: dict[Entry | Hold, UUID] = field(default_factory=dict)
    pairs: dict[Entry, int] = field(default_factory=dict)
    day: date = START
    minute: int = 0
    pace: int = 1
    """So many days are a day of a step: where points lapse for want of activity, months have to pass."""

    async def step(self, step: Step) -> None:
        """Do one step in both."""
        move, points, days, which, source = step
        days *= self.pace
        self.minute += 1
        for model in self._models:
            model.now = self.minute
        if move == "wait":
            self.day += timedelta(days=days)
            return
        if isinstance(self.model, LapsingModel):  # at the next lock, of whatever is refused then too
            self.model.lapse_unused(self.day)
        if move == "night":
            await self._night()
        else:
            with clock.fixed_at(self.now):
                if isinstance(self.model, LapsingModel):
                    await lock_account(self.session, customer_id=self.customer_id, wallet=self.wallet)
                await self.move(move, points, self.day + timedelta(days=days), which, source)

    @property
    def _models(self) -> list[Model]:
        return [self.model, *(one.model for one in (self.other, self.into) if one is not None)]

    @property
    def now(self) -> datetime:
        """Return the instant at hand: each step is a minute later."""
        return clock.start_of_day(self.day) + timedelta(minutes=self.minute)

    async def _night(self) -> None:
        last = self.day - timedelta(days=1)
        for model in self._models:
            model.lapse(self.now)
            model.activate_due(self.day)
            if model is self.model and self.into is not None:
                model.roll_over(self.into.model, last, date(self.day.year + 2, 12, 31))
            else:
                model.expire(last)
        with clock.fixed_at(self.now):
            await service.release_lapsed(self.session)
            await service.activate_due(self.session, day=self.day)
            while (await service.expire(self.session, day=last))["read"]:
                pass

    async def move(self, move: str, points: int, day: date, which: int, source: str) -> None:
        """Do one movement in both; `day` is the last day of what comes in."""
        model, session = self.model, self.session
        why = {"reason_zh": "测试", "reason_en": "test", "actor_id": ACTOR}
        whose: dict[str, Any] = {"customer_id": self.customer_id, **why}
        named = {**whose, "source_kind": "run", "source_id": source}
        if move in CREDITS:
            await self._same(model.credit(move, points, day, source), self._post(move, points, source, day))
        elif move in {*SPENDING, "adjust_debit"}:
            await self._same(model.debit(move, points, self.day, source), self._post(move, points, source, None))
        elif move == "add_pending":
            await self._same(
                model.add_pending(points, day, day + timedelta(days=3), source),
                service.add_pending(
                    session,
                    wallet=self.wallet,
                    points=points,
                    pending_until=day,
                    expires_on=day + timedelta(days=3),
                    **named,
                ),
            )
        elif move == "hold":
            ends_at = clock.start_of_day(day) + timedelta(hours=23)
            await self._same(
                model.hold(points, self.day, ends_at, source),
                service.hold(session, wallet=self.wallet, points=points, expires_at=ends_at, **named),
            )
        elif move in {"spend_rolled", "owe_rolled"}:
            await self._rolled(move, points, source)
        elif move == "bequeath":
            await self._bequeath()
        elif move in {"pass_on", "receive", "take_back"}:
            await self._between(move, points, which, source)
        elif move in {"spend_together", "spent_together", "refund_other"}:
            await self._with_household(move, points, which, source)
        else:
            await self._about(move, points, which, source, whose, named)

    async def _rolled(self, move: str, points: int, source: str) -> None:
        """Spend what has rolled over, or earn there what is taken back after it was spent."""
        into = self.into
        if into is None:
            return
        into.day, into.minute = self.day, self.minute
        await into.move("redeem" if move == "spend_rolled" else "earn", points, self.day, 0, f"{move}{source}")
        if move == "owe_rolled" and into.model.entries[-1].kind == "earn":
            earned = into.model.entries[-1]
            await into.move("redeem", into.model.available(self.day) or 1, self.day, 0, f"all{source}")
            which = [one for one in into.model.entries if one.kind == "earn" and one in into.ids].index(earned)
            await into.move("claw_back", points, self.day, which, f"back{source}")

    async def _between(self, move: str, points: int, which: int, source: str) -> None:
        """Pass points on to the other account, receive them from it, or let the bank move a transfer back."""
        if self.other is None:
            return
        giver, receiver = (self.other, self) if move == "receive" else (self, self.other)
        if move == "take_back":
            passed = [one for one in self.model.entries if one.kind == "transfer_out" and one in self.ids]
            if passed:
                await self._take_back(passed[which % len(passed)], points)
            return
        expected = giver.model.pass_on(receiver.model, points, self.day, f"{move}{source}")
        transfer_id = uuid5(self.customer_id, f"{move}{source}")
        code = ReceivingCode(transfer_id, receiver.customer_id, "reward", self.now + timedelta(minutes=1))
        wanted = service.TransferRequest(write_receiving_code(KEYS, code), "reward", points)
        doing = service.transfer(self.session, keys=KEYS, customer_id=giver.customer_id, wanted=wanted)
        found, answer = await _outcome(doing)
        assert answer == expected
        if found is not None:
            assert found.available_after == giver.model.available(self.day)
            await self._note(giver, receiver, found.id)

    async def _with_household(self, move: str, points: int, which: int, source: str) -> None:
        """Spend with what the other account's owner puts in, be the one who puts in, or give such a spending back."""
        if self.other is None:
            return
        other = self.other
        other.day, other.minute = self.day, self.minute
        if move == "refund_other":
            await other.move("refund", points, self.day, which, source)
            return
        spender, giver = (self, other) if move == "spend_together" else (other, self)
        expected = spender.model.bring_over(giver.model, points, self.day)
        _, answer = await _outcome(spend_together(self.session, spender.customer_id, points))
        assert answer == expected
        if answer == "posted":
            await spender.move("redeem", points, self.day, 0, f"together{self.minute}")

    async def _take_back(self, passed: Entry, points: int) -> None:
        if self.other is None:
            return
        received = self.other.model.entries[self.pairs[passed]]
        expected = self.other.model.give_back(self.model, passed, received, points, self.day)
        correction = service.Correction(
            customer_id=self.customer_id, entry_id=self.ids[passed], points=points, reason="测试"
        )
        source = str(new_id())
        doing = service.TRANSFER_REVERSAL.examine(self.session, correction)
        _, answer = await _outcome(doing)
        assert answer == expected
        if answer == "posted":
            await service.TRANSFER_REVERSAL.carry_out(self.session, correction, source=source, actor_id=ACTOR)

    async def _bequeath(self) -> None:
        """Let the other account inherit, as if this customer were dead for a moment."""
        if self.other is None:
            return
        claim = Claim(
            customer_id=self.customer_id,
            heirs=(Heir(customer_id=self.other.customer_id, share=1),),
            document_no="DEED-1",
            reason="测试",
        )
        about: dict[str, Any] = {"customer_id": self.customer_id, "kind": DECEASED, "reference": "DOC-1", "by": ACTOR}
        context = ApprovalContext(new_id(), ACTOR, NIGHTLY_JOB, Scope.of_job())
        await begin_about(self.session, **about)
        _, answer = await _outcome(INHERITANCE.execute(self.session, claim.model_dump(mode="json"), context=context))
        await end_about(self.session, **about)
        assert answer == self.model.bequeath(self.other.model, self.day)
        if answer == "posted":
            made = select(PointsTransfer.id).where(
                PointsTransfer.customer_id == self.customer_id, col(PointsTransfer.inheritance_id).is_not(None)
            )
            newest = made.order_by(col(PointsTransfer.posted_at).desc(), col(PointsTransfer.id).desc()).limit(1)
            await self._note(self, self.other, (await self.session.exec(newest)).one())

    async def _note(self, giver: "Both", receiver: "Both", transfer_id: UUID) -> None:
        """Note the entry that a transfer made for its giver, and which of the receiver's entries answers it."""
        side = await self.session.get(PointsTransfer, (giver.customer_id, transfer_id))
        assert side is not None
        passed = giver.model.entries[-1]
        giver.ids[passed], giver.pairs[passed] = side.entry_id, len(receiver.model.entries) - 1

    async def _about(
        self, move: str, points: int, which: int, source: str, whose: dict[str, Any], named: dict[str, Any]
    ) -> None:
        """Move something that refers to what was before: an entry or a hold."""
        model, session = self.model, self.session
        kinds = {"refund": SPENDING, "claw_back": (*CREDITS, "pending_add"), "cancel_pending": ("pending_add",)}
        targets: list[Any] = (
            model.holds
            if move in {"capture", "release"}
            else [entry for entry in model.entries if entry.kind in kinds[move] and entry in self.ids]
        )
        if not targets:
            return
        target = targets[which % len(targets)]
        about: dict[str, Any] = {"entry_id": self.ids[target], "points": points}
        if move == "refund":
            await self._same(model.refund(target, points, self.day, source), service.refund(session, **about, **named))
        elif move == "claw_back":
            await self._same(
                model.claw_back(target, points, self.day, source), service.claw_back(session, **about, **named)
            )
        elif move == "cancel_pending":
            part = f"{model.entries.index(target)}:{source}"
            await self._same(
                model.cancel_pending(target, points, part),
                service.cancel_pending(session, source_id=source, **about, **whose),
            )
        elif move == "capture":
            hold_id = self.ids[target]
            await self._same(
                model.capture(target, points, self.now, source),
                service.capture(session, hold_id=hold_id, points=points, **named),
            )
        else:
            hold_id = self.ids[target]
            await self._same(
                model.release(target),
                service.release(session, customer_id=self.customer_id, hold_id=hold_id),
                made=False,
            )

    def _post(self, kind: str, points: int, source: str, expires_on: date | None) -> Awaitable[Posted]:
        return post_points(
            self.session,
            self.customer_id,
            EntryKind(kind),
            points,
            source=source,
            source_kind="run",
            expires_on=expires_on,
            at=self.now,
            wallet=self.wallet,
        )

    async def _same(self, expected: str, doing: Awaitable[Posted | Held], *, made: bool = True) -> None:
        """Hold what the ledger answers to what the model has said, and note the id of what it made."""
        found, answer = await _answer(doing)
        assert answer == expected
        if found is None:
            return
        if found.duplicate:
            return
        assert found.available_after == self.model.available(self.day)
        if isinstance(found, Posted):
            assert found.balance_after == self.model.balance
            if self.model.entries[-1].kind != "transfer_out":  # of a refund, what goes on to a member comes last
                self.ids[self.model.entries[-1]] = found.entry_id
        elif made:
            self.ids[self.model.holds[-1]] = found.hold_id

    async def compare(self) -> None:
        """Hold everything that is stored to the model, and the ledger to its promises."""
        entries = select(PointsEntry).where(
            PointsEntry.customer_id == self.customer_id, PointsEntry.wallet == self.wallet
        )
        entries = entries.order_by(col(PointsEntry.seq))
        lots = select(PointsLot).where(PointsLot.customer_id == self.customer_id, PointsLot.wallet == self.wallet)
        lots = lots.order_by(col(PointsLot.earned_at), col(PointsLot.id)).execution_options(populate_existing=True)
        account = await self.session.get(PointsAccount, (self.customer_id, self.wallet), populate_existing=True)
        assert [
            (row.kind, row.points, row.debt_change, row.pending_change) for row in await self.session.exec(entries)
        ] == [(one.kind, one.points, one.debt_change, one.pending_change) for one in self.model.entries]
        assert [
            (row.original, row.remaining, row.held, row.pending, row.expires_on)
            for row in await self.session.exec(lots)
        ] == [
            (lot.original, lot.remaining, lot.held, lot.pending, lot.expires_on)
            for lot in sorted(self.model.lots, key=lambda lot: lot.number)
        ]
        if account is not None:
            assert (account.balance, account.held, account.debt, account.pending) == (
                self.model.balance,
                self.model.held,
                self.model.debt,
                self.model.pending,
            )
        assert await check(self.session) == []


async def _answer(doing: Awaitable[Posted | Held]) -> tuple[Posted | Held | None, str]:
    found, answer = await _outcome(doing)
    return found, "duplicate" if found is not None and found.duplicate else answer


async def _outcome(doing: Awaitable[Any]) -> tuple[Any, str]:
    try:
        return await doing, "posted"
    except Refusal as refusal:
        return None, refusal.code


async def rolled_back(session: AsyncSession, work: Callable[[], Awaitable[Any]]) -> None:
    """Run one example inside a savepoint of its own, so that the next one finds an empty ledger."""
    savepoint = await session.begin_nested()
    try:
        await let_owner_post(session)
        await work()
    finally:
        await savepoint.rollback()
        session.expunge_all()
