"""The organisation on the bank port."""

from guibin.organisation import repository
from guibin.security.actors import Domain, Verb
from guibin.web import DataClass, PortRouter, RateClass, StaffCall, declare, staff

from .schemas import BranchesOut, BranchOut

router = PortRouter(prefix="/v1/branches", tags=["organisation"])


@router.get("", operation_id="listBranches")
@declare(caller=staff(Verb.READ, Domain.ORGANISATION), rate=RateClass.READ, data=DataClass.C1)
async def list_branches(call: StaffCall) -> BranchesOut:
    """Show the organisation tree, ordered by code."""
    rows = await repository.list_branches(call.session)
    return BranchesOut(items=[BranchOut.model_validate(row) for row in rows])
