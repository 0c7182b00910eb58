"""Who serves a customer, as the bank port shows it."""

from datetime import date
from uuid import UUID

from bank_api.managers.schemas import (
    CoverageOut,
    CoverageRowOut,
    CustomerStabilityOut,
    ManagerOut,
    SuccessorOut,
    TeamMemberOut,
)
from guibin.core import clock
from guibin.managers import repository
from guibin.managers.absences.repository import stand_ins
from guibin.managers.matrix.seconds import missing_seconds
from guibin.managers.models import CoverageRole
from guibin.managers.stability.constancy import constancy_of
from guibin.managers.stability.repository import open_successions
from guibin.managers.terms.service import COVERAGE_TERMS
from guibin.web import StaffCall


async def coverage_of(call: StaffCall, customer_id: UUID, as_of: date | None = None) -> CoverageOut:
    """Describe who serves a customer on a day, today where none is named, and who did."""
    day = as_of or clock.today()
    served = await repository.primary_manager(call.session, call.scope, customer_id=customer_id, day=day)
    team = await repository.team_on(call.session, call.scope, customer_id=customer_id, day=day)
    history = await repository.list_coverage(call.session, call.scope, customer_id=customer_id)
    coming = await open_successions(call.session, [customer_id])
    missing = await missing_seconds(call.session, call.scope, day=clock.today(), customer_id=customer_id)
    manager = None
    if served is not None:
        ids = [served.person.manager.id]
        [seat] = await repository.seats(call.session, day=clock.today(), manager_ids=ids, everybody=True)
        manager = ManagerOut.of(served.person, seat, call.keys)
    away = await stand_ins(call.session, day) if served else {}
    return CoverageOut(
        customer_id=customer_id,
        as_of=day,
        manager=manager,
        since=served.coverage.valid_from if served else None,
        stability=await _stability_of(call, customer_id, day),
        stand_in_id=away.get(served.person.manager.id) if served else None,
        team=[TeamMemberOut.of(one, call.keys) for one in team if one.coverage.role != CoverageRole.PRIMARY],
        missing_role=missing[0].role if missing else None,
        successor=SuccessorOut.of(coming[0]) if coming else None,
        history=[CoverageRowOut.of(row) for row in history],
    )


async def _stability_of(call: StaffCall, customer_id: UUID, day: date) -> CustomerStabilityOut | None:
    found = await constancy_of(call.session, call.scope, customer_id=customer_id, day=day)
    if found is None:
        return None
    terms = (await COVERAGE_TERMS.in_force(call.session)).terms
    return CustomerStabilityOut.of(found, day=day, most=terms.most_managers)
