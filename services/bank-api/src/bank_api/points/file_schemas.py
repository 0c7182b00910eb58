"""What the bank port says of files of points."""

from datetime import datetime
from typing import Self

from pydantic import Field

from guibin.core.ids import ApprovalId, EntryId, PointsFileId
from guibin.core.money import Cny
from guibin.points.files.models import FileKind, FileState, LineState, PointsFile, PointsFileLine
from guibin.points.files.service import Submitted, TakenEventFile
from guibin.web import OutModel


class PointsFileSubmittedOut(OutModel):
    """What a file says in all; nothing is stored of a dry run."""

    file_id: PointsFileId | None = Field(description="null for a dry run")
    approval_id: ApprovalId | None = Field(description="null for a dry run")
    lines: int
    lines_refused: int = Field(description="Of them, those that cannot be read")
    credits: int = Field(description="Points granted in all")
    debits: int = Field(description="Points taken away in all")
    cost: Cny = Field(description="Of both together, in CNY")
    wallets: dict[str, int] = Field(description="Points by kind, credits less debits")

    @classmethod
    def of(cls, submitted: Submitted) -> Self:
        """Describe what was submitted."""
        totals = submitted.totals
        return cls(
            file_id=None if submitted.file is None else submitted.file.id,
            approval_id=None if submitted.approval is None else submitted.approval.id,
            lines=totals.lines,
            lines_refused=totals.refused,
            credits=totals.credits,
            debits=totals.debits,
            cost=totals.cost_fen,
            wallets=dict(totals.wallets),
        )


class PointsFileOut(OutModel):
    """A file, and how far it is."""

    id: PointsFileId
    kind: FileKind
    reference: str
    state: FileState
    lines: int
    credits: int
    debits: int
    cost: Cny
    waiting: int = Field(description="Lines that are still to be carried out")
    posted: int
    refused: int
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, file: PointsFile, counts: dict[str, int]) -> Self:
        """Describe a file with how many of its lines are in each state."""
        states = {state: counts.get(state, 0) for state in ("waiting", "posted", "refused")}
        return cls.model_validate({**file.model_dump(), "cost": file.cost_fen, **states})


class PointsFileLineOut(OutModel):
    """What became of a line; never whom it named."""

    line: int = Field(description="Line of the file; the header is line 1")
    state: LineState
    code: str | None = Field(description="Why it was refused", examples=["customer_unknown"])
    wallet: str | None
    points: int | None
    entry_id: EntryId | None

    @classmethod
    def of(cls, line: PointsFileLine) -> Self:
        """Describe a line."""
        return cls.model_validate(line)


class EventFileTakenOut(OutModel):
    """What a file of events says in all; nothing is stored of a dry run."""

    file_id: PointsFileId | None = Field(description="null for a dry run")
    lines: int
    lines_refused: int = Field(description="Of them, those that cannot be read")
    amount: Cny = Field(description="Sum of the amounts of the good lines, in CNY")

    @classmethod
    def of(cls, taken: TakenEventFile) -> Self:
        """Describe what was taken."""
        return cls(
            file_id=None if taken.file is None else taken.file.id,
            lines=taken.totals.lines,
            lines_refused=taken.totals.refused,
            amount=taken.totals.amount_fen,
        )


class EventFileOut(OutModel):
    """A file of events, and how far it is."""

    id: PointsFileId
    reference: str
    state: FileState = Field(description="approved: the worker is at it; done: every line has its result")
    lines: int
    waiting: int = Field(description="Lines that are still to be carried out")
    earned: int
    nothing: int = Field(description="Recorded, and no rule gives points")
    returned: int = Field(description="Returns: what their events earned was taken back")
    replayed: int = Field(description="Known already: nothing changed")
    refused: int
    points: int = Field(description="What the lines have earned so far, less what returns took back")
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, file: PointsFile, counts: dict[str, int], points: int) -> Self:
        """Describe a file with how many of its lines are in each state."""
        names = ("waiting", "earned", "nothing", "returned", "replayed", "refused")
        states = {state: counts.get(state, 0) for state in names}
        return cls.model_validate({**file.model_dump(), **states, "points": points})


class EventFileLineOut(OutModel):
    """What became of a line; never whom it named."""

    line: int = Field(description="Line of the file; the header is line 1")
    state: LineState
    code: str | None = Field(description="Why it was refused", examples=["reference_conflict"])
    points: int | None = Field(description="In all wallets together, negative of a return; null while it waits")
    entry_id: EntryId | None = Field(description="The first of its entries")

    @classmethod
    def of(cls, line: PointsFileLine) -> Self:
        """Describe a line."""
        return cls.model_validate(line)
