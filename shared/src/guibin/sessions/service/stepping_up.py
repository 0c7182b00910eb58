"""Step-up of a customer who is logged in: a one-time password to the bank's phone, traded for a proof."""

from dataclasses import dataclass
from uuid import UUID

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.unit_of_work import UnitOfWork
from guibin.customers.personal import identity_of
from guibin.customers.repository import get_customer
from guibin.points.service import TransferRequest, preview_transfer
from guibin.points.step_up import PROOF_LIFE, StepUpProof, write_step_up
from guibin.rights.service import RedemptionRequest, preview
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing
from guibin.sessions import repository
from guibin.sessions.errors import PhoneUnknown
from guibin.sessions.messages import Messages
from guibin.sessions.models import CodePurpose
from guibin.sessions.secret_refs import step_up_ref
from guibin.sessions.service.codes import phone_ref, prove_code, send_code


@dataclass(frozen=True, slots=True)
class StepUp:
    """What a customer is to prove: so many points for this wish. `phone` is the bank's of the customer.

    `about` is the right, or the transfer of points.
    """

    bound_to: bytes
    phone: str
    about: UUID
    quantity: int
    points: int


@dataclass(frozen=True, slots=True)
class Proved:
    """The token of a proof and what it stands for."""

    token: str
    points: int


async def request_step_up(
    work: UnitOfWork,
    keys: KeyRing,
    messages: Messages,
    *,
    customer_id: UUID,
    request: RedemptionRequest | TransferRequest,
    factor: int,
) -> int:
    """Send a one-time password for a redemption or a transfer to the bank's phone, and return the points of it.

    Raises:
        NotFound: no right that the customer sees, or what else the redemption or the transfer is refused for.
        PhoneUnknown: the bank knows no phone of the customer.
        TooManyCodes: too many for this phone.
    """
    asked = await _asked(work, keys, customer_id, request)
    await send_code(
        work,
        keys,
        messages,
        phone=asked.phone,
        purpose=CodePurpose.STEP_UP,
        bound_to=asked.bound_to,
        factor=factor,
    )
    return asked.points


async def prove_step_up(
    work: UnitOfWork, keys: KeyRing, *, customer_id: UUID, request: RedemptionRequest | TransferRequest, code: str
) -> Proved:
    """Trade a one-time password for a proof: for this redemption or transfer, at the points of now.

    Raises:
        NotFound: no right that the customer sees, or what else the redemption or the transfer is refused for.
        PhoneUnknown: the bank knows no phone of the customer.
        OtpInvalid: wrong, expired, used, or sent for something else or another price.
    """
    asked, now = await _asked(work, keys, customer_id, request), clock.now()
    phone_idx = phone_ref(keys, asked.phone)
    await prove_code(
        work,
        keys,
        phone_idx=phone_idx,
        purpose=CodePurpose.STEP_UP,
        bound_to=asked.bound_to,
        code=code,
        now=now,
    )
    await repository.use_code(
        work.session, phone_idx=phone_idx, purpose=CodePurpose.STEP_UP, bound_to=asked.bound_to, now=now
    )
    proof = StepUpProof(new_id(), customer_id, asked.about, asked.quantity, asked.points, now + PROOF_LIFE)
    return Proved(write_step_up(keys, proof), asked.points)


async def _asked(
    work: UnitOfWork, keys: KeyRing, customer_id: UUID, request: RedemptionRequest | TransferRequest
) -> StepUp:
    scope = Scope.of_customer(customer_id)
    if isinstance(request, TransferRequest):
        passing = await preview_transfer(work.session, scope, keys=keys, customer_id=customer_id, wanted=request)
        about, quantity, points = passing.transfer_id, 1, passing.points
    else:
        seen = await preview(work.session, scope, customer_id=customer_id, request=request)
        about, quantity, points = request.right_id, request.quantity, seen.decision.points
    customer = await get_customer(work.session, scope, customer_id=customer_id)
    phone = identity_of(keys, customer).phone
    if phone is None:
        raise PhoneUnknown
    bound_to = step_up_ref(keys, customer_id=customer_id, about=about, quantity=quantity, points=points)
    return StepUp(bound_to, phone.value, about, quantity, points)
