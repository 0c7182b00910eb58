"""My packages: of several rights I choose some for a period."""

from typing import Annotated

from guibin.core.errors import NotFound
from guibin.core.ids import PackageId
from guibin.rights import service
from guibin.rights.package_errors import PackageInUse, PackageTooMany
from guibin.web import CustomerCall, DataClass, Idempotency, PortRouter, RateClass, customer, declare, json_body

from .package_schemas import MyPackageOut, MyPackagesOut, PackageChoiceIn

router = PortRouter(prefix="/v1", tags=["packages"])


@router.get("/me/packages", operation_id="listMyPackages")
@declare(caller=customer("points:read"), rate=RateClass.READ, data=DataClass.C2, refusals=(NotFound,))
async def list_packages(call: CustomerCall) -> MyPackagesOut:
    """List the packages of my tier with what I have chosen for this period, and what is left of it."""
    mine = await service.list_my_packages(call.session, call.scope, customer_id=call.actor.id)
    return MyPackagesOut(items=[MyPackageOut.of(one, call.language) for one in mine])


@router.post("/me/packages/{package_id}/choices", operation_id="chooseRights")
@declare(
    caller=customer("points:redeem"),
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, PackageTooMany, PackageInUse),
)
async def choose_rights(
    call: CustomerCall, package_id: PackageId, body: Annotated[PackageChoiceIn, json_body(PackageChoiceIn)]
) -> MyPackageOut:
    """Choose rights for this period; I may choose anew until the first use, and afterwards only add.

    A redemption that names the package takes from them, without points and without my quota.
    """
    mine = await service.choose_rights(
        call.session, call.scope, customer_id=call.actor.id, package_id=package_id, right_ids=body.rights
    )
    return MyPackageOut.of(mine, call.language)
