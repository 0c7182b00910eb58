"""The daily reconciliation: entries against accounts against lots against redemptions against events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.logging import logger
from guibin.points import report_repository
from guibin.points.invariants import Violation
from guibin.points.report_models import PointsReconciliation, PointsReconciliationFault


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What the latest attempt of a day looked at, and each fault that it found with its row."""

    run: PointsReconciliation
    faults: Sequence[PointsReconciliationFault]


async def record_reconciliation(session: AsyncSession, *, day: date, violations: Sequence[Violation]) -> dict[str, int]:
    """Write what a reconciliation of a day found, unless its last attempt found the same; faults are logged as errors.

    Returns how many `entries` were looked at and how many `faults` were found.
    """
    counted = await report_repository.count_rows(session)
    for one in violations:
        logger().error("ledger_fault", invariant=one.id, meaning=one.text, row=one.key)
    before = await report_repository.last_reconciliation(session, day)
    known = [] if before is None else await report_repository.faults_of(session, before)
    same = [(fault.invariant, fault.meaning, fault.key) for fault in known]
    found = sorted((one.id, one.text, one.key) for one in violations)
    if before is None or same != found:
        attempt = 1 if before is None else before.attempt + 1
        run = PointsReconciliation(day=day, attempt=attempt, checked_at=clock.now(), faults=len(found), **dict(counted))
        faults = [
            PointsReconciliationFault(
                day=day, attempt=attempt, place=place, invariant=invariant, meaning=meaning, key=key
            )
            for place, (invariant, meaning, key) in enumerate(found, 1)
        ]
        await report_repository.add_reconciliation(session, run, faults)
    return {"entries": counted["entries"], "faults": len(found)}


async def reconciliation(session: AsyncSession, *, day: date) -> Reconciliation:
    """Return what the latest reconciliation of a day found.

    Raises:
        NotFound: none has been made of that day.
    """
    run = await report_repository.last_reconciliation(session, day)
    if run is None:
        raise NotFound
    return Reconciliation(run, await report_repository.faults_of(session, run))
