"""Kinds of points on the bank port: shown, and defined by two people."""

from typing import Annotated

from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.core.errors import NotFound, PreconditionRequired, VersionConflict
from guibin.core.text import Code
from guibin.points import repository, service
from guibin.points.assets.errors import DepositRewardForbidden
from guibin.points.errors import GrowthNotCounted, RollOverInvalid, WalletCodeTaken, WalletInUse
from guibin.points.models import Wallet
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    json_body,
    page_query,
    set_etag,
    staff,
)

from .schemas import WalletOut
from .wallet_schemas import WalletDetailOut, WalletIn, WalletTermsIn

router = PortRouter(prefix="/v1/wallets", tags=["points"])

READ = staff(Verb.READ, Domain.POINTS)
DEFINE = staff(Verb.SUBMIT, Domain.POINTS)


@router.get("", operation_id="listWallets")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_wallets(call: StaffCall, page: Annotated[PageRequest, page_query()]) -> Page[WalletOut]:
    """List the kinds of points with their cost and expiry, ordered by code."""
    rows = [row for row in await repository.list_wallets(call.session) if row.code > (page.after_code or "")]
    return page.answer(rows[: page.fetch], position=lambda row: row.code, shape=WalletOut.of)


@router.post("", status_code=202, operation_id="submitWallet")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(WalletCodeTaken, GrowthNotCounted, RollOverInvalid, DepositRewardForbidden),
)
async def submit_wallet(call: StaffCall, body: Annotated[WalletIn, json_body(WalletIn)]) -> SubmittedOut:
    """Submit a new kind of points. It is there once another person approves."""
    return await _submit(call, body.code, body, None)


@router.get("/{wallet_code}", operation_id="getWallet")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_wallet(call: StaffCall, wallet_code: Code, response: Response) -> WalletDetailOut:
    """Show a kind of points with all its terms; its revision is the ETag."""
    wallet = await _wallet(call, wallet_code)
    set_etag(response, wallet.revision)
    return WalletDetailOut.of(wallet)


@router.put("/{wallet_code}", status_code=202, operation_id="changeWallet")
@declare(
    caller=DEFINE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(
        NotFound,
        PreconditionRequired,
        VersionConflict,
        WalletInUse,
        GrowthNotCounted,
        RollOverInvalid,
        DepositRewardForbidden,
    ),
)
async def change_wallet(
    call: StaffCall, wallet_code: Code, body: Annotated[WalletTermsIn, json_body(WalletTermsIn)]
) -> SubmittedOut:
    """Submit other terms of a kind of points that was read with the ETag sent as If-Match; another person approves.

    They count from then on: what was issued keeps its cost, its funding line and its last day. A kind of points that
    customers have does not change to or from expiry by inactivity, and is not switched off. Points of growth are
    switched on once the tier scheme in force counts them, and stay on while it does. `roll_over_invalid` has a `fault`:
    the kind of points to roll over into is `unknown` or `closed`, one of both is `growth`, or the way is a `circle`.
    """
    wallet = await _wallet(call, wallet_code)
    call.require_if_match(wallet.revision)
    return await _submit(call, wallet_code, body, wallet)


async def _wallet(call: StaffCall, code: str) -> Wallet:
    wallet = await repository.get_wallet(call.session, code)
    if wallet is None:
        raise NotFound
    return wallet


async def _submit(call: StaffCall, code: str, body: WalletTermsIn, wallet: Wallet | None) -> SubmittedOut:
    approval = await service.submit_wallet(
        call.session, actor=call.actor, grants=call.grants, code=code, terms=body.terms(), wallet=wallet
    )
    return SubmittedOut.of(approval)
