"""Managers who are away, on the bank port: who serves their customers meanwhile, and when they are back."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import AbsenceId, ManagerId
from guibin.core.text import Note
from guibin.managers.absences import repository, service
from guibin.managers.absences.errors import AbsenceConflict, BackupUnavailable
from guibin.managers.absences.models import AbsenceKind, ManagerAbsence
from guibin.managers.absences.rules import StandIn
from guibin.managers.repository import get_person
from guibin.security.actors import Domain, Verb
from guibin.tiers.errors import PeriodConflict, PeriodInvalid
from guibin.web import (
    DataClass,
    Day,
    Idempotency,
    OutModel,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    StrictModel,
    declare,
    json_body,
    page_query,
    staff,
)

router = PortRouter(prefix="/v1/managers/{manager_id}/absences", tags=["managers"])

READ = staff(Verb.READ, Domain.MANAGERS)
ASSIGN = staff(Verb.WRITE, Domain.MANAGERS)


class AbsenceIn(StrictModel):
    """From when until when a manager is away, and who serves the customers meanwhile."""

    kind: AbsenceKind
    first_day: Day = Field(description="First day away, today or later")
    back_on: Day = Field(description="First day back, at most 400 days later")
    backup_id: ManagerId | None = Field(
        default=None,
        description="Who serves the book; left out, a manager of the branch who is there on all these days: of a grade"
        " at least as high where there is one, with the fewest customers",
    )
    note: Annotated[str, Note(200)] | None = Field(default=None, examples=["年假"])


class ReturnIn(StrictModel):
    """On which day a manager is back after all."""

    back_on: Day = Field(description="First day back; on the first day away or before it, the absence is called off")


class StandInOut(OutModel):
    """Who serves the customers of a manager who is away, from when until when."""

    manager_id: ManagerId
    valid_from: date
    valid_to: date = Field(description="First day on which it is over")


class AbsenceOut(OutModel):
    """A manager is away."""

    id: AbsenceId
    manager_id: ManagerId
    kind: AbsenceKind
    first_day: date
    back_on: date = Field(description="First day back; the first day itself where it was called off")
    backup_id: ManagerId = Field(description="Who was to serve the book")
    served_by: list[StandInOut] = Field(
        description="Who serves it from today on: the backup, and while the backup is away, the backup's own"
    )
    note: str | None
    created_at: datetime

    @classmethod
    def of(cls, row: ManagerAbsence, covers: Sequence[StandIn]) -> Self:
        """Describe an absence with who stands in."""
        served_by = [
            StandInOut(manager_id=one.stand_in_id, valid_from=one.valid_from, valid_to=one.valid_to)
            for one in covers
            if one.stand_in_id and row.valid_from < one.valid_to and one.valid_from < row.valid_to
        ]
        return cls(
            id=row.id,
            manager_id=row.manager_id,
            kind=AbsenceKind(row.kind),
            first_day=row.valid_from,
            back_on=row.valid_to,
            backup_id=row.backup_id,
            served_by=served_by,
            note=row.note,
            created_at=row.created_at,
        )


@router.get("", operation_id="listManagerAbsences")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_absences(
    call: StaffCall, manager_id: ManagerId, page: Annotated[PageRequest, page_query()]
) -> Page[AbsenceOut]:
    """List when a manager is and was away, what was entered last first, with who serves the book from today on."""
    await get_person(call.session, manager_id)
    rows = await repository.list_absences(call.session, manager_id=manager_id, limit=page.fetch, before=page.after_id)
    covers = await service.covers(call.session, manager_id, first=clock.today())
    return page.answer(rows, position=lambda row: str(row.id), shape=lambda row: AbsenceOut.of(row, covers))


@router.post("", status_code=201, operation_id="createManagerAbsence")
@declare(
    caller=ASSIGN,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, PeriodInvalid, AbsenceConflict, BackupUnavailable),
)
async def create_absence(
    call: StaffCall, manager_id: ManagerId, body: Annotated[AbsenceIn, json_body(AbsenceIn)]
) -> AbsenceOut:
    """Let a manager be away. From the first day the backup sees and serves the book; on the last all of it returns."""
    leave = service.Leave(body.kind, body.first_day, body.back_on, body.backup_id, body.note)
    absence = await service.begin_absence(
        call.session, call.scope, actor=call.actor, manager_id=manager_id, leave=leave
    )
    return AbsenceOut.of(absence, await service.covers(call.session, manager_id, first=clock.today()))


@router.post("/{absence_id}/return", operation_id="endManagerAbsence")
@declare(
    caller=ASSIGN,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, PeriodConflict),
)
async def end_absence(
    call: StaffCall, manager_id: ManagerId, absence_id: AbsenceId, body: Annotated[ReturnIn, json_body(ReturnIn)]
) -> AbsenceOut:
    """Let a manager be back earlier, today at the earliest; later takes another absence. Again changes nothing."""
    absence = await service.end_absence(
        call.session,
        call.scope,
        actor=call.actor,
        manager_id=manager_id,
        absence_id=absence_id,
        back_on=body.back_on,
    )
    return AbsenceOut.of(absence, await service.covers(call.session, manager_id, first=clock.today()))
