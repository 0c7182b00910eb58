"""What the customer port says and takes of redemptions."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from guibin.core.ids import LotId, PackageId, RedemptionId, ReservationId, RightId, SlotId
from guibin.core.money import Cny
from guibin.core.text import Code, OneLine
from guibin.points.step_up import read_step_up
from guibin.rights.models import Fulfilment, Redemption, RedemptionState
from guibin.rights.offer import MOST_GUESTS, MOST_UNITS
from guibin.rights.payments import MoneyDue
from guibin.rights.service import (
    Person,
    Preview,
    Redeemed,
    RedemptionRequest,
    RedemptionView,
    Replacing,
)
from guibin.rights.service.new_redemption import NewRedemption
from guibin.security.ciphers import KeyRing
from guibin.suppliers.service.showing import OrderView
from guibin.web import OutModel, StrictModel

from .beneficiary_schemas import BeneficiaryIn, BeneficiaryOut
from .catalogue_schemas import ReasonOut
from .delivery_schemas import DeliveryIn, OrderOut
from .payment_schemas import PaymentOut
from .point_schemas import GivenOut
from .replacing_schemas import ReplacingOut
from .slot_schemas import AppointmentOut

MOST_EXPECTED_POINTS = 10**12


class RedemptionIn(StrictModel):
    """What I want to have."""

    right_id: RightId
    quantity: Annotated[int, Field(ge=1, le=MOST_UNITS, description="Units; of a right with codes a code for each")]
    expected_points: Annotated[int, Field(ge=0, le=MOST_EXPECTED_POINTS)] | None = Field(
        default=None, description="The points that I was shown for all units and guests; another price is refused"
    )
    companions: Annotated[int, Field(ge=0, le=MOST_GUESTS)] = Field(
        default=0, description="Guests whom I bring, all units together; the guests' quota first, then points"
    )
    class_of_service: Code | None = Field(default=None, description="Where prices differ by class, for example `A`")
    wallet: Code | None = Field(default=None, description="The kind of points that pays; the right's own otherwise")
    beneficiary: BeneficiaryIn | None = Field(default=None, description="Somebody else who is served, where allowed")
    delivery: DeliveryIn | None = Field(default=None, description="Where it goes: for rights by `top_up` or `parcel`")
    slot_id: SlotId | None = Field(default=None, description="Of `GET /v1/rights/{id}/slots`, where it is booked")
    package_id: PackageId | None = Field(
        default=None, description="Of `GET /v1/me/packages`: all units are taken from what I chose of it"
    )
    reservation_id: ReservationId | None = Field(
        default=None, description="Of `POST /v1/rights/{id}/reservations`: its units are taken, all of them"
    )
    receiving_code: Annotated[str, OneLine(200)] | None = Field(
        default=None, description="What the receiver shows, where the right gives points to somebody else"
    )
    named_donor: bool | None = Field(
        default=None, description="Of a donation: whether its receipt names me; not said: it does not"
    )
    from_household: bool = Field(
        default=False, description="Points that members of my household put in pay too, earliest expiry first"
    )
    step_up_token: Annotated[str, OneLine(200)] | None = Field(
        default=None, description="From `POST /v1/step-ups/confirm`, where the points need it; good once"
    )
    dry_run: bool = Field(default=False, description="Only say what would happen")

    def request(self, keys: KeyRing) -> RedemptionRequest:
        """Return the command's request.

        Raises:
            StepUpInvalid: the token is not ours, or altered.
        """
        return RedemptionRequest(
            right_id=self.right_id,
            quantity=self.quantity,
            expected_points=self.expected_points,
            companions=self.companions,
            class_of_service=self.class_of_service,
            wallet=self.wallet,
            beneficiary=None if self.beneficiary is None else self.beneficiary.person(),
            delivery=None if self.delivery is None else self.delivery.delivery(),
            slot_id=self.slot_id,
            package_id=self.package_id,
            reservation_id=self.reservation_id,
            receiving_code=self.receiving_code,
            named_donor=self.named_donor,
            from_household=self.from_household,
            step_up=None if self.step_up_token is None else read_step_up(keys, self.step_up_token),
        )


class ChargedLotOut(OutModel):
    """Points that came out of one lot."""

    lot_id: LotId
    points: int
    expires_on: date | None


class RedemptionOut(OutModel):
    """A redemption that is done: points, quota and stock in it are final, unless money is still awaited."""

    id: RedemptionId
    right_id: RightId
    quantity: int
    state: RedemptionState
    points_charged: int
    quota_used: int
    companions: int = Field(description="Guests whom I bring")
    companion_quota_used: int = Field(description="Guests of them who were free")
    class_of_service: str | None
    wallet: str
    lots: list[ChargedLotOut] = Field(description="From which lots the points came, those that expire first")
    available_after: int = Field(description="Points that I can still spend")
    fulfilment: Fulfilment
    created_at: datetime
    payment: PaymentOut | None = Field(
        description="Money that I pay beside the points, which are set aside until then; null: it is confirmed"
    )

    @classmethod
    def of(cls, done: Redeemed) -> "RedemptionOut":
        """Describe what was just redeemed."""
        lots = [ChargedLotOut.model_validate(lot) for lot in done.lots]
        return cls._of(done.redemption, lots, done.available_after, done.payment)

    @classmethod
    def frame(cls, row: NewRedemption) -> tuple[str, str]:
        """Write what is before and after `[lots],"available_after":n`, which only the ledger knows."""
        whole = cls._of(row, [], 0, row.payment).model_dump_json()
        head, _, tail = whole.partition('[],"available_after":0')
        return head, tail

    @classmethod
    def _of(
        cls,
        row: Redemption | NewRedemption,
        lots: list[ChargedLotOut],
        available_after: int,
        due: MoneyDue | None,
    ) -> "RedemptionOut":
        return cls(
            id=row.id,
            right_id=row.right_id,
            quantity=row.quantity,
            state=RedemptionState(row.state),
            points_charged=row.points_charged,
            quota_used=row.quota_used,
            companions=row.companions,
            companion_quota_used=row.guest_quota_used,
            class_of_service=row.class_of_service,
            wallet=row.wallet,
            lots=lots,
            available_after=available_after,
            fulfilment=Fulfilment(row.fulfilment),
            created_at=row.created_at,
            payment=PaymentOut.due(due),
        )


class RedemptionPreviewOut(OutModel):
    """What a redemption would do now (dry run)."""

    right_id: RightId
    quantity: int
    eligible: bool
    reasons: list[ReasonOut]
    points_charged: int = Field(description="Points that it would take")
    money: Cny = Field(description="CNY to be paid beside them; `0.00`: points alone")
    quota_used: int
    companion_quota_used: int
    wallet: str
    available: int = Field(description="Points that I can spend now")
    step_up: bool = Field(description="Whether it needs a step-up proof, for it costs that many points")

    @classmethod
    def of(cls, seen: Preview, quantity: int, language: str) -> "RedemptionPreviewOut":
        """Describe a dry run."""
        return cls(
            right_id=seen.right.item.id,
            quantity=quantity,
            eligible=seen.decision.eligible,
            reasons=[ReasonOut.of(reason, language) for reason in seen.decision.reasons],
            points_charged=seen.decision.points,
            money=seen.decision.money_fen,
            quota_used=seen.decision.quota_used,
            companion_quota_used=seen.decision.guest_quota_used,
            wallet=seen.wallet,
            available=seen.available,
            step_up=seen.decision.step_up,
        )


class RedemptionRowOut(OutModel):
    """A redemption of mine in a list."""

    id: RedemptionId
    right_id: RightId
    right_name: str
    quantity: int
    state: RedemptionState
    points_charged: int
    quota_used: int
    quantity_refunded: int = Field(description="Units that were given back")
    points_refunded: int = Field(description="Points that came back")
    valid_from: date | None = Field(description="The first day on which I can use its codes; null: at once")
    valid_until: date | None = Field(description="The last day on which I can use its codes; null: no such day")
    companions: int
    class_of_service: str | None
    wallet: str
    fulfilment: Fulfilment
    created_at: datetime
    payment: PaymentOut | None = Field(description="Money that it costs beside the points")

    @classmethod
    def of(cls, view: RedemptionView, language: str) -> "RedemptionRowOut":
        """Describe a redemption."""
        return cls(**_row(view, language))


class RedemptionStepOut(OutModel):
    """A step of a redemption's life."""

    state: RedemptionState
    at: datetime


class RedemptionDetailOut(RedemptionRowOut):
    """A redemption of mine in full."""

    lots: list[ChargedLotOut]
    steps: list[RedemptionStepOut]
    cancellable_until: datetime | None = Field(description="Before this instant I may cancel; null: not (any more)")
    beneficiary: BeneficiaryOut | None = Field(description="Whom it serves when it is not me, as long as that is kept")
    appointment: AppointmentOut | None = Field(description="When and where, where it is served by appointment")
    given: GivenOut | None = Field(description="Points of another kind that it gave")
    order: OrderOut | None = Field(description="What became of it at the supplier, where it was ordered there")
    replacing: ReplacingOut | None = Field(description="What it replaces, or what replaces it since it failed")

    @classmethod
    def in_full(
        cls,
        view: RedemptionView,
        person: Person | None,
        language: str,
        *,
        order: OrderView | None = None,
        replacing: Replacing | None = None,
    ) -> "RedemptionDetailOut":
        """Describe a redemption with its lots and steps, whom it serves, its order at a supplier, what replaces it."""
        return cls(
            **_row(view, language),
            lots=[ChargedLotOut.model_validate(lot) for lot in view.lots],
            steps=[RedemptionStepOut.model_validate(step) for step in view.steps],
            cancellable_until=view.cancellable_until,
            beneficiary=None if person is None else BeneficiaryOut.of(person),
            appointment=AppointmentOut.of(view.appointment, view.redemption, view.changeable_until),
            given=GivenOut.of(view.given),
            order=OrderOut.of(order),
            replacing=ReplacingOut.of(replacing, language),
        )


def _row(view: RedemptionView, language: str) -> dict[str, object]:
    row = RedemptionRowOut.model_fields.keys() - {"right_name", "payment"}
    name = view.right.name_en if language == "en" else view.right.name_zh
    paid = PaymentOut.of(view.payment)
    return {"right_name": name, "payment": paid, **{field: getattr(view.redemption, field) for field in row}}
