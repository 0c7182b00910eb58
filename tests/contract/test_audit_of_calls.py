"""What staff look at and do leaves one row each, generated from the route table (I11, T-AUD-2).

Every route of the bank port is asked as somebody who may. Commands whose example is not carried out in this small bank
are watched wherever a test carries them out: `tests/support/one_row.py`.
"""

import httpx
import pytest
from sqlalchemy import text

from guibin.core.ids import new_id
from guibin.security.actors import ActorKind
from guibin.web import DataClass
from support.asking import Asker
from support.routes import Route, all_routes

ROUTES = [route for route in all_routes() if route.port == "bank-api" and not route.declaration.is_public]
PERSONAL = {DataClass.C2, DataClass.C3}
ROWS = text("SELECT * FROM audit_entry WHERE request_id = :request_id")
TOLD = ("owner_id", "actor_id", "actor_kind", "action", "object_type", "object_id", "result", "ip", "at", "permission")
"""Who, what, whom, with which result, from where, when, and by which permission."""

ABOUT_NOTHING_HERE = {
    "getFactLineage",
    "getServiceStandard",
    "listScoreModifiers",
    "reportContactSuppressions",
    "reportOpportunities",
    "getApproval",
    "getPointsAttachment",
    "listPointsAttachments",
    "getFeedBatch",
    "getFeedFile",
    "getSegmentSnapshot",
    "listSegmentMembers",
    "listSegmentPins",
    "listSegmentSnapshots",
    "listSnapshotMembers",
    "listGiftMovements",
    "getPointsFile",
    "listPointsFileResults",
    "getEventFile",
    "listEventFileResults",
    "listFeedRejects",
    "listTagImportRejects",
    "getRun",
    "getTierScheme",
    "getManagerMatrix",
    "getAssignmentPlan",
    "listAssignmentPlanBooks",
    "listAssignmentPlanMoves",
    "getManager",
    "listManagerLicences",
    "listCapacityOverrides",
    "getAssignmentRule",
    "getCarePlan",
    "getManagerBook",
    "listManagerAbsences",
    "getStaff",
    "getExport",
    "getPackage",
    "getRightImage",
    "fetchExportFile",
    "getWebhook",
    "getWebhookSecret",
    "listWebhookDeliveries",
    "getSupplier",
    "getSupplierSecret",
    "listSupplierOrders",
    "listSupplierRights",
    "listSupplierTerminals",
    "listSupplierRatings",
    "getSupplierServiceLevel",
    "listSupplierPrices",
    "listSettlements",
    "getCreditOfMonth",
    "getSettlement",
    "listSettlementLines",
    "listSettlementDifferences",
    "listSupplierPrepayments",
}
"""Looks at what this small bank does not have."""


def is_look(route: Route) -> bool:
    return route.method == "GET"


async def ask(asker: Asker, route: Route) -> httpx.Response:
    return await asker.ask(route, headers={"X-Request-ID": str(new_id())})


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation_id)
async def test_a_call_leaves_one_row_where_it_is_a_command_or_shows_personal_data(route: Route, asker: Asker) -> None:
    answer = await ask(asker, route)
    async with asker.house.sessions() as session:
        found = await session.execute(ROWS, {"request_id": answer.headers["x-request-id"]})
        rows = found.mappings().all()
    if is_look(route) and route.operation_id not in ABOUT_NOTHING_HERE:
        assert answer.is_success, answer.text
    if not answer.is_success:
        return
    by_staff = any(caller.kind is ActorKind.STAFF for caller in route.declaration.callers)
    personal = route.declaration.data in PERSONAL and by_staff  # what services look at leaves no row
    assert len(rows) == (1 if personal or not is_look(route) else 0)
    for row in rows:
        assert [name for name in TOLD if row[name] in (None, "")] == []
        if "customer_id" in route.ids:
            assert row["owner_id"] == asker.neighbours.east.customer_id
