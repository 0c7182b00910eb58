"""Passing points on to another customer, who shows a code for them, and taking points by such a code."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field
from starlette.responses import Response

from guibin.core.errors import NotFound
from guibin.core.ids import EntryId, TransferId
from guibin.core.text import Code, OneLine
from guibin.points import service
from guibin.points.assets.errors import DepositRewardForbidden
from guibin.points.errors import (
    AccountClosed,
    AccountFrozen,
    InsufficientPoints,
    NotTransferable,
    ReceiverUnavailable,
    StepUpInvalid,
    StepUpRequired,
    TransferCodeInvalid,
    TransferLimitReached,
    TransferToSelf,
    WalletClosed,
)
from guibin.points.rules import MAX_POINTS
from guibin.points.step_up import read_step_up
from guibin.points.transfer_repository import TransferRow
from guibin.points.transfer_rules import TransferSide
from guibin.programme.errors import Stopped
from guibin.security.ciphers import KeyRing
from guibin.web import (
    CustomerCall,
    DataClass,
    Idempotency,
    OutModel,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StrictModel,
    customer,
    declare,
    json_body,
    page_query,
)

router = PortRouter(prefix="/v1/me/points", tags=["points"])

CODE = "GBT1.AZNPbnoQfD6dVS9gobLD1A"
REFUSALS = (
    NotFound,
    NotTransferable,
    WalletClosed,
    DepositRewardForbidden,
    Stopped,
    TransferCodeInvalid,
    TransferToSelf,
    ReceiverUnavailable,
    TransferLimitReached,
    AccountFrozen,
    AccountClosed,
    InsufficientPoints,
)


class ReceivingCodeOut(OutModel):
    """What I show to somebody who wants to pass points on to me, as a QR picture for example."""

    code: str = Field(examples=[CODE])
    wallet: str = Field(examples=["reward"])
    expires_at: datetime = Field(description="Until then it is taken, once")


class TransferTermsIn(StrictModel):
    """Points of a kind for whoever showed the code."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": CODE, "wallet": "reward", "points": 200}]})

    code: Annotated[str, OneLine(200)] = Field(
        description="What the receiver shows: `GET /v1/me/points/receiving-codes/{wallet}`", examples=[CODE]
    )
    wallet: Code = Field(examples=["reward"])
    points: Annotated[int, Field(ge=1, le=MAX_POINTS)]

    def wanted(self) -> service.TransferRequest:
        """Return the command's request."""
        return service.TransferRequest(self.code, self.wallet, self.points)


class TransferIn(TransferTermsIn):
    """What I pass on."""

    step_up_token: Annotated[str, OneLine(200)] | None = Field(
        default=None, description="From `POST /v1/step-ups/confirm`, where so many points need it; good once"
    )
    dry_run: bool = Field(default=False, description="Only say what would happen")

    def request(self, keys: KeyRing) -> service.TransferRequest:
        """Return the command's request.

        Raises:
            StepUpInvalid: the token is not ours, or altered.
        """
        proof = None if self.step_up_token is None else read_step_up(keys, self.step_up_token)
        return service.TransferRequest(self.code, self.wallet, self.points, proof)


class TransferPreviewOut(OutModel):
    """What a transfer would do."""

    wallet: str
    points: int
    available: int = Field(description="What I can spend before it")
    step_up: bool = Field(description="Whether so many points need a step-up proof")


class TransferOut(OutModel):
    """A transfer that is done: both sides have moved."""

    id: TransferId
    wallet: str
    points: int
    available_after: int = Field(description="What I can still spend")
    posted_at: datetime


class TransferRowOut(OutModel):
    """Points that I passed on or received; who is on the other side is not told."""

    id: TransferId
    side: TransferSide = Field(description="out: I gave; in: I received")
    wallet: str
    points: int
    taken_back: int = Field(description="Points of it that the bank has moved back")
    entry_id: EntryId = Field(description="The entry of my own history")
    reverses: TransferId | None = Field(description="The transfer of which the bank moved this back")
    inherited: bool = Field(description="The bank passed it on to me as an heir, or from an account to its heirs")
    posted_at: datetime

    @classmethod
    def of(cls, row: TransferRow) -> Self:
        """Describe one side of a transfer."""
        own = row.transfer
        beside = {"taken_back": row.taken_back, "inherited": own.inheritance_id is not None}
        return cls.model_validate({**own.model_dump(), **beside})


@router.get("/receiving-codes/{wallet}", operation_id="getMyReceivingCode")
@declare(
    caller=customer("points:read"),
    rate=RateClass.READ,
    data=DataClass.C3,
    refusals=(NotFound, NotTransferable, WalletClosed, DepositRewardForbidden),
)
async def get_receiving_code(call: CustomerCall, wallet: Code) -> ReceivingCodeOut:
    """Show a code by which somebody can pass points on to me: for five minutes, for one transfer.

    Showing it is my consent; nobody is found by name, phone or number. Each call makes another one.
    """
    shown = await service.show_receiving_code(
        call.session, call.scope, keys=call.keys, customer_id=call.actor.id, wallet=wallet
    )
    return ReceivingCodeOut(code=shown.text, wallet=wallet, expires_at=shown.expires_at)


@router.post(
    "/transfers",
    status_code=201,
    response_model=TransferOut,
    responses={200: {"model": TransferPreviewOut, "description": "Dry run: nothing was stored"}},
    operation_id="createMyPointsTransfer",
)
@declare(
    caller=customer("points:redeem"),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.REDEEM,
    data=DataClass.C2,
    refusals=(*REFUSALS, StepUpRequired, StepUpInvalid),
    dry_run=True,
)
async def create_transfer(
    call: CustomerCall, body: Annotated[TransferIn, json_body(TransferIn)]
) -> TransferOut | Response:
    """Pass points on to whoever shows the code: at once and for good, within the limits of the kind of points.

    They keep their last day. After a broken connection send the same call with the same key: there is one transfer,
    and the same answer. Points of deposits are never passed on.
    """
    wanted = body.request(call.keys)
    if call.dry_run:
        seen = await service.preview_transfer(
            call.session, call.scope, keys=call.keys, customer_id=call.actor.id, wanted=wanted
        )
        return Response(TransferPreviewOut.model_validate(seen).model_dump_json(), media_type="application/json")
    done = await service.transfer(call.session, keys=call.keys, customer_id=call.actor.id, wanted=wanted)
    return TransferOut.model_validate(done)


@router.get("/transfers", operation_id="listMyPointsTransfers")
@declare(caller=customer("points:read"), rate=RateClass.HISTORY, data=DataClass.C2)
async def list_transfers(call: CustomerCall, page: Annotated[PageRequest, page_query()]) -> Page[TransferRowOut]:
    """List what I passed on and received, newest first."""
    rows = await service.list_transfers(
        call.session, call.scope, customer_id=call.actor.id, before=page.after_moment, limit=page.fetch
    )
    return page.answer(rows, position=lambda row: (row.transfer.posted_at, row.transfer.id), shape=TransferRowOut.of)
