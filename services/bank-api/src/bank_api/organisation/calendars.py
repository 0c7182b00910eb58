"""The bank's calendar on the bank port: holidays and worked weekends, year by year."""

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from guibin.core.errors import PreconditionRequired, ValidationFailed, VersionConflict
from guibin.organisation import calendars
from guibin.security.actors import Domain, Verb
from guibin.web import DataClass, PortRouter, RateClass, StaffCall, declare, json_body, set_etag, staff

from .schemas import BankCalendarIn, BankCalendarOut

router = PortRouter(prefix="/v1/calendars", tags=["organisation"])

Year = Annotated[int, Path(ge=2000, le=2199, examples=[2026])]


@router.get("/{year}", operation_id="getCalendar")
@declare(caller=staff(Verb.READ, Domain.ORGANISATION), rate=RateClass.READ, data=DataClass.C1)
async def get_calendar(call: StaffCall, year: Year, response: Response) -> BankCalendarOut:
    """Show the days of a year that are not what their weekday says; the revision is the ETag, 0 before any."""
    row = await calendars.find_year(call.session, year)
    set_etag(response, row.revision)
    return BankCalendarOut.of(row)


@router.put("/{year}", operation_id="replaceCalendar")
@declare(
    caller=staff(Verb.WRITE, Domain.ORGANISATION),
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(PreconditionRequired, VersionConflict),
)
async def replace_calendar(
    call: StaffCall, year: Year, body: Annotated[BankCalendarIn, json_body(BankCalendarIn)], response: Response
) -> BankCalendarOut:
    """Write all holidays and worked weekends of a year, as announced. Requests submitted from now on lapse by it."""
    if any(day.day.year != year for day in body.days):
        raise ValidationFailed.of(
            ["body", "days"], "other_year", "须在路径所示的年份之内", "must lie in the year of the path"
        )
    before = await calendars.find_year(call.session, year)
    call.require_if_match(before.revision)
    row = await calendars.replace_year(
        call.session, actor=call.actor, year=year, revision=before.revision, days=[day.special() for day in body.days]
    )
    set_etag(response, row.revision)
    return BankCalendarOut.of(row)
