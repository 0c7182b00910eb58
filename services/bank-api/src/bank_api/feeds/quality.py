"""Data quality on the bank port: what each line's data are worth, with who answers for it and the trend."""

from datetime import timedelta
from typing import Annotated

from fastapi import Query

from guibin.core import clock
from guibin.core.lines import Line
from guibin.feeds.policies.repository import policies_of
from guibin.feeds.quality.repository import list_quality
from guibin.web import DataClass, Day, PortRouter, RateClass, StaffCall, check_range, declare

from .quality_schemas import QualityOut
from .router import READ

router = PortRouter(prefix="/v1/feeds/quality", tags=["feeds"])
TREND_DAYS = 30


@router.get("", operation_id="getFeedQuality")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_quality(
    call: StaffCall,
    line: Annotated[Line | None, Query(description="Only this line")] = None,
    first: Annotated[Day | None, Query(alias="from", description="Default: 30 days up to the last day")] = None,
    last: Annotated[Day | None, Query(alias="to", description="Default: the last closed day")] = None,
) -> QualityOut:
    """Show the scoreboard: completeness, validity, freshness, duplicates and conflicts of each line, night by night.

    `change` holds the last night of the range against its first one. A share of nothing is null.
    """
    end = last or clock.last_closed_day()
    begin = first or end - timedelta(days=TREND_DAYS - 1)
    check_range(begin, end)
    rows = await list_quality(call.session, first=begin, last=end, line=line)
    return QualityOut.of(rows, await policies_of(call.session))
