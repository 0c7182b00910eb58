"""Of which day the facts of customers are, and which lines were not in when the night made them."""

from datetime import date

from guibin.holdings.freshness import day_of_the_bank
from guibin.runs.repository import step_began
from guibin.runs.steps import FACTS
from guibin.web import FreshnessOut, StaffCall


async def freshness_of_facts(call: StaffCall, as_of: date) -> FreshnessOut:
    """Describe the facts of a day, for what many customers are counted by."""
    made_at = await step_began(call.session, FACTS, as_of)
    return FreshnessOut.of(await day_of_the_bank(call.session, as_of, made_at=made_at))
