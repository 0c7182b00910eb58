"""Taking a file in: read twice, first for its totals, then into the table; four eyes decide on the whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from types import MappingProxyType
from typing import IO, Any, Final
from uuid import UUID

import anyio.to_thread
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.errors import StateConflict
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.core.money import format_cny
from guibin.customers.identifiers import normalise_number
from guibin.customers.references import customer_no_ref, record_ref
from guibin.organisation.repository import head_office
from guibin.points import repository as points
from guibin.points.files import repository
from guibin.points.files.errors import PointsFileReferenceTaken, PointsFileTotalsDiffer
from guibin.points.files.models import FileKind, FileState, LineState, PointsFile
from guibin.points.files.reading import Form, form_of, read_cells
from guibin.points.files.rules import COLUMNS, Asked, LineCode, read_line
from guibin.points.service.adjustments import scope_within_limit
from guibin.security.actors import Actor, Domain, Grant, Verb, decide
from guibin.security.ciphers import KeyRing

BATCH: Final = 10_000


@dataclass(frozen=True, slots=True)
class Announced:
    """The control totals that came with a file; None where it came without."""

    lines: int | None = None
    points: int | None = None


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that came in."""

    kind: FileKind
    reference: str
    file: IO[bytes]
    sha256: bytes
    announced: Announced


@dataclass(slots=True)
class FileTotals:
    """What a file says in all: good lines by wallet, what they cost, and how many lines could not be read."""

    lines: int = 0
    refused: int = 0
    credits: int = 0
    debits: int = 0
    cost_fen: int = 0
    wallets: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Submitted:
    """A file with its totals; nothing is stored of a dry run."""

    totals: FileTotals
    file: PointsFile | None = None
    approval: Approval | None = None


async def submit_file(
    session: AsyncSession, keys: KeyRing, *, actor: Actor, grants: Sequence[Grant], new: NewFile, dry_run: bool
) -> Submitted:
    """Take a file in and submit it as a whole; nothing moves before another person approves.

    Raises:
        PointsFileUnreadable, PointsFileColumns, PointsFileTooLong, WorkbookUnreadable, WorkbookTooLarge: it cannot be
            read.
        PointsFileTotalsDiffer: it is not the file that was announced.
        PointsFileReferenceTaken: the reference stands for a file.
        LimitExceeded: it costs more than the actor may submit.
    """
    known = await repository.file_of_reference(session, reference=new.reference)
    if known is not None:
        same = known.sha256 == new.sha256 and known.maker_id == actor.id
        raise PointsFileReferenceTaken(file_id=to_public("pfl", known.id) if same else None)
    costs = {wallet.code: wallet.cost_fen for wallet in await points.list_wallets(session)}
    today = clock.today()
    form = await anyio.to_thread.run_sync(form_of, new.file)
    totals = await anyio.to_thread.run_sync(_add_up, new, form, costs, today)
    announced = new.announced
    if announced.lines not in {None, totals.lines} or announced.points not in {None, totals.credits - totals.debits}:
        raise PointsFileTotalsDiffer(lines=totals.lines, points=totals.credits - totals.debits)
    scope_within_limit(actor, grants, totals.cost_fen)
    if dry_run:
        return Submitted(totals)
    file = PointsFile(
        id=new_id(),
        kind=new.kind,
        reference=new.reference,
        sha256=new.sha256,
        state=FileState.SUBMITTED,
        lines=totals.lines,
        lines_refused=totals.refused,
        credits=totals.credits,
        debits=totals.debits,
        cost_fen=totals.cost_fen,
        maker_id=actor.id,
        created_at=clock.now(),
    )
    session.add(file)
    await session.flush()
    rows = _rows(file, keys, _asked(new, form, costs, today))
    while some := list(islice(rows, BATCH)):
        await repository.add_lines(session, some)
    return Submitted(totals, file, await _submit(session, actor, file, totals))


def may_see(actor: Actor, grants: Sequence[Grant], file: PointsFile) -> bool:
    """Tell whether somebody may look at a file: who brought it, and who may decide on what it costs."""
    approves = decide(grants, Verb.APPROVE, Domain.POINTS, staff_id=actor.id, cost_fen=file.cost_fen)
    return file.maker_id == actor.id or approves is not None


async def _submit(session: AsyncSession, actor: Actor, file: PointsFile, totals: FileTotals) -> Approval:
    branch = await head_office(session)
    return await approvals.submit(
        session,
        actor=actor,
        kind=FileHandler.kind,
        domain=FileHandler.domain,
        subject=file.reference,
        payload={"file_id": str(file.id), "sha256": file.sha256.hex()},
        preview={
            "kind": file.kind,
            "lines": totals.lines,
            "refused": totals.refused,
            "credits": totals.credits,
            "debits": totals.debits,
            "wallets": dict(totals.wallets),
            "cost": format_cny(totals.cost_fen),
        },
        cost_fen=totals.cost_fen,
        branch_id=None if branch is None else branch.id,
    )


def _asked(new: NewFile, form: Form, wallets: Mapping[str, int], today: date) -> Iterator[tuple[int, Asked | LineCode]]:
    for number, cells in read_cells(new.file, form, COLUMNS):
        yield number, LineCode.LINE_INVALID if cells is None else read_line(new.kind, cells, wallets, today=today)


def _add_up(new: NewFile, form: Form, costs: Mapping[str, int], today: date) -> FileTotals:
    totals = FileTotals()
    for _, asked in _asked(new, form, costs, today):
        totals.lines += 1
        if isinstance(asked, LineCode):
            totals.refused += 1
            continue
        totals.credits += max(asked.points, 0)
        totals.debits += max(-asked.points, 0)
        totals.cost_fen += abs(asked.points) * costs[asked.wallet]
        totals.wallets[asked.wallet] = totals.wallets.get(asked.wallet, 0) + asked.points
    return totals


def _rows(file: PointsFile, keys: KeyRing, lines: Iterator[tuple[int, Asked | LineCode]]) -> Iterator[tuple[Any, ...]]:
    for number, asked in lines:
        if isinstance(asked, LineCode):
            yield (file.id, number, None, None, None, None, None, LineState.REFUSED, asked)
            continue
        ref = _ref(keys, asked)
        state, code = (LineState.REFUSED, LineCode.CUSTOMER_UNKNOWN) if ref is None else (LineState.WAITING, None)
        yield (file.id, number, ref, asked.wallet, asked.points, asked.expires_on, asked.reason, state, code)


def _ref(keys: KeyRing, asked: Asked) -> bytes | None:
    if asked.record is not None:
        return record_ref(keys, *asked.record)
    number = normalise_number(asked.customer_no or "")
    return None if number is None else customer_no_ref(keys, number)


class FileHandler(ApprovalHandler):
    """Lets the worker post an approved file."""

    kind = "points.file"
    domain = Domain.POINTS
    title = Label("批量积分文件", "File of points")
    labels = MappingProxyType(
        {
            "kind": Label("文件类型", "Kind of file"),
            "lines": Label("行数", "Lines"),
            "refused": Label("无法处理的行数", "Lines that cannot be read"),
            "credits": Label("发放积分合计", "Points granted"),
            "debits": Label("扣减积分合计", "Points taken away"),
            "wallets": Label("按积分类别合计", "By kind of points"),
            "cost": Label("成本（元）", "Cost in CNY"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Release the file to the worker.

        Raises:
            StateConflict: it was given up meanwhile.
        """
        del context  # the worker asks for the maker's grants of the moment at which it posts
        file = await repository.find_file(session, file_id=UUID(str(payload["file_id"])))
        if file is None or file.state != FileState.SUBMITTED or file.sha256.hex() != payload["sha256"]:
            raise StateConflict(**{"from": FileState.REJECTED, "to": FileState.APPROVED})
        await repository.end_file(
            session, file_id=file.id, before=FileState.SUBMITTED, state=FileState.APPROVED, at=None
        )

    async def give_back(self, session: AsyncSession, payload: Mapping[str, object]) -> None:
        """Give the file up: it is sent again under another reference."""
        await repository.end_file(
            session,
            file_id=UUID(str(payload["file_id"])),
            before=FileState.SUBMITTED,
            state=FileState.REJECTED,
            at=clock.now(),
        )


FILE_HANDLER: Final = FileHandler()
