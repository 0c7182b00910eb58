"""A manual tag for the customers of a list, on the bank port."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from bank_api.tags.using import used
from guibin.approvals.errors import StateConflict
from guibin.core.text import Code, Note, OneLine
from guibin.tags import repository
from guibin.tags.errors import TagKindConflict, TagRowsInvalid
from guibin.tags.lineage.models import UseWay
from guibin.tags.service import ListedTag, tag_listed
from guibin.web import (
    BodyLimit,
    DataClass,
    Idempotency,
    OutModel,
    PortRouter,
    RateClass,
    StaffCall,
    StrictModel,
    declare,
    json_body,
)

from .router import BY_HAND, sensitive_in

router = PortRouter(prefix="/v1/tags", tags=["tags"])

MOST_CUSTOMERS = 200


class TagAct(StrEnum):
    """What is done with the tag."""

    SET = "set"
    UNSET = "unset"


class TagListIn(StrictModel):
    """Customers to give a manual tag, or to take it from, and why."""

    act: TagAct = Field(examples=["set"])
    customers: Annotated[
        list[Annotated[str, OneLine(64)]],
        Field(
            min_length=1,
            max_length=MOST_CUSTOMERS,
            description="Each by id, or by the bank's customer number",
            examples=[["88001234", "88005678"]],
        ),
    ]
    reason: Annotated[str, Note(200)] = Field(examples=["春季答谢会现场登记"])


class TagListOut(OutModel):
    """What became of a list."""

    code: str
    changed: int = Field(description="Customers who came to have it, or lost it")
    unchanged: int = Field(description="Customers who had it already, and have it confirmed, or had it not")


@router.post("/{code}/customers", operation_id="tagCustomers")
@declare(
    caller=BY_HAND,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    body_limit=BodyLimit.BATCH,
    refusals=(StateConflict, TagKindConflict, TagRowsInvalid),
)
async def tag_customers(call: StaffCall, code: Code, body: Annotated[TagListIn, json_body(TagListIn)]) -> TagListOut:
    """Give a manual tag to the customers of a list, or take it from them: all of them or none.

    A list with a row that names nobody in reach, a customer twice, or one who did not consent to a sensitive tag is
    refused with the numbers of its rows. The trail has a row of each customer.
    """
    tag = await repository.get_tag(call.session, code=code)
    gives = body.act is TagAct.SET
    changed, unchanged = await tag_listed(
        call.session,
        call.scope,
        call.keys,
        actor=call.actor,
        wanted=ListedTag(tag, body.reason, gives),
        names=body.customers,
        sensitive_in=sensitive_in(call),
    )
    await used(call, UseWay.GIVEN, [code] if gives else [])
    return TagListOut(code=code, changed=changed, unchanged=unchanged)
