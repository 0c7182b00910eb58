"""What customers and the bank's people see of redemptions, and the codes that a redemption holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.points import repository as points
from guibin.points.service import LotUse
from guibin.rights.life import HAD, cancellable_until, changeable_until
from guibin.rights.models import (
    Appointment,
    Fulfilment,
    Redemption,
    RedemptionPayment,
    RedemptionPoints,
    RedemptionState,
    RedemptionStep,
    RightsItem,
    VoucherCode,
)
from guibin.rights.repository import catalogue, given, payments, pool, redemptions, slots
from guibin.rights.service.codes import QR_LIFE, open_code, write_qr
from guibin.rights.terms import terms_of
from guibin.rights.validity import is_within
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing, WrappedKey


@dataclass(frozen=True, slots=True)
class RedemptionView:
    """A redemption with its right, the lots that paid for it and the steps of its life."""

    redemption: Redemption
    right: RightsItem
    lots: Sequence[LotUse] = ()
    steps: Sequence[RedemptionStep] = ()
    appointment: Appointment | None = None
    given: RedemptionPoints | None = None
    payment: RedemptionPayment | None = None

    @property
    def cancellable_until(self) -> datetime | None:
        """The instant before which the customer may cancel it, or give up one whose money is awaited."""
        if self.payment is not None and self.redemption.state == RedemptionState.AWAITING_PAYMENT:
            return self.payment.due_until
        return cancellable_until(self.redemption, terms_of(self.right, None), self.appointment)

    @property
    def changeable_until(self) -> datetime | None:
        """The instant before which the customer may take another slot."""
        return changeable_until(self.redemption, terms_of(self.right, None), self.appointment)


@dataclass(frozen=True, slots=True)
class ShownCode:
    """A code that is shown to its holder; the QR payload is valid until `qr_expires_at`.

    A code that is used or past its last day has none, and one whose first day has not come; where it is None beside a
    payload, that lives until the code is used. `value_fen` and `left_fen` are those of a value voucher.
    """

    code: str
    used_at: datetime | None
    qr: str | None
    qr_expires_at: datetime | None
    value_fen: int | None = None
    left_fen: int | None = None


async def list_redemptions(
    session: AsyncSession,
    scope: Scope,
    *,
    limit: int,
    before: catalogue.Moment | None = None,
    customer_id: UUID | None = None,
    right_id: UUID | None = None,
    state: RedemptionState | None = None,
    slot_id: UUID | None = None,
) -> list[RedemptionView]:
    """Return redemptions in scope, newest first, without lots and steps."""
    rows = await redemptions.list_redemptions(
        session,
        scope,
        limit=limit,
        before=before,
        customer_id=customer_id,
        right_id=right_id,
        state=state,
        slot_id=slot_id,
    )
    rights = await catalogue.find_items(session, right_ids=[row.right_id for row in rows])
    booked = await slots.find_appointments(session, scope, redemptions=rows)
    due = await payments.find_payments(session, redemptions=rows)
    return [
        RedemptionView(row, rights[row.right_id], appointment=booked.get(row.id), payment=due.get(row.id))
        for row in rows
    ]


async def get_redemption(session: AsyncSession, scope: Scope, *, redemption_id: UUID) -> RedemptionView:
    """Return one redemption in full.

    Raises:
        NotFound: there is none in scope.
    """
    row = await redemptions.get_redemption(session, scope, redemption_id=redemption_id)
    rights = await catalogue.find_items(session, right_ids=[row.right_id])
    steps = await redemptions.steps_of_redemption(session, scope, redemption=row)
    lots: list[LotUse] = []
    if row.entry_id is not None:
        uses = await points.lots_of_entries(session, customer_id=row.customer_id, entry_ids=[row.entry_id])
        lots = [LotUse(use["lot_id"], use["points"], use["expires_on"]) for use in uses]
    points_given = await given.find_given(session, customer_id=row.customer_id, redemption_id=row.id)
    appointment = await slots.find_appointment(session, row)
    payment = await payments.find_payment(session, row)
    return RedemptionView(row, rights[row.right_id], lots, steps, appointment, points_given, payment)


async def show_codes(session: AsyncSession, scope: Scope, *, keys: KeyRing, redemption_id: UUID) -> list[ShownCode]:
    """Return the codes of a redemption, each with a fresh QR payload unless it is used; without those given back.

    Raises:
        NotFound: there is no such redemption in scope, it has no codes, or it no longer stands.
    """
    row = await redemptions.get_redemption(session, scope, redemption_id=redemption_id)
    if row.fulfilment not in {Fulfilment.CODE, Fulfilment.ORDER} or row.state not in HAD:
        raise NotFound
    right = await catalogue.get_right(session, right_id=row.right_id)
    held = await pool.codes_of_redemption(session, right_id=row.right_id, redemption_id=row.id)
    codes = [code for code in held if code.returned_at is None]
    if right.item.data_key is None or not codes:
        raise NotFound
    data_key = keys.open_data_key(WrappedKey(right.item.data_key), row.right_id)
    expires_at = None if right.terms.static_code else clock.now().replace(microsecond=0) + QR_LIFE
    ours = row.fulfilment == Fulfilment.CODE  # a code of its supplier's own is shown there as it is
    usable = ours and is_within(row.valid_from, row.valid_until, clock.today())
    return [_shown(keys, code, open_code(data_key, code), expires_at, usable=usable) for code in codes]


def _shown(keys: KeyRing, row: VoucherCode, code: str, expires_at: datetime | None, *, usable: bool) -> ShownCode:
    if row.used_at is not None or not usable:
        return ShownCode(code, row.used_at, None, None, row.value_fen, row.left_fen)
    payload = write_qr(keys, row, expires_at=expires_at)
    return ShownCode(code, None, payload, expires_at, row.value_fen, row.left_fen)
