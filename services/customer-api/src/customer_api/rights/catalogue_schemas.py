"""What the customer port says of rights: what they are, what they cost me, and why I cannot have them."""

from datetime import datetime

from pydantic import ConfigDict, Field

from guibin.core.ids import RightId
from guibin.core.money import Cny
from guibin.rights.errors import REFUSED
from guibin.rights.models import Category, Fulfilment, Period, TaxKind
from guibin.rights.offer import Beneficiary
from guibin.rights.rules import Reason, ReasonCode
from guibin.rights.service import CatalogueEntry
from guibin.rights.service.catalogue import PriceForMe
from guibin.web import OutModel

from .images import ImageOut
from .package_schemas import RightPackageOut
from .point_schemas import GivesOut
from .slot_schemas import BookingOut


class ReasonOut(OutModel):
    """Why not: a code, a text, and the facts of the code, for example `required`, `available` and `missing`."""

    model_config = ConfigDict(extra="allow")

    code: ReasonCode = Field(examples=["insufficient_points"])
    message: str = Field(examples=["可用积分不足"])

    @classmethod
    def of(cls, reason: Reason, language: str) -> "ReasonOut":
        """Describe a reason with the text of the refusal that a redemption would answer."""
        refused = REFUSED[reason.code]
        text = refused.en if language == "en" else refused.zh
        return cls.model_validate({"code": reason.code, "message": text, **reason.facts})


class AllowanceOut(OutModel):
    """So many units in each calendar period."""

    times: int
    period: Period


class PriceOut(OutModel):
    """What one unit costs me now."""

    class_of_service: str | None = Field(description="null: without a class", examples=["A"])
    wallet: str = Field(description="The kind of points that pay", examples=["service"])
    points: int
    money: Cny = Field(description="CNY to be paid beside the points; `0.00`: points alone")

    @classmethod
    def of(cls, price: PriceForMe) -> "PriceOut":
        """Describe a price."""
        return cls(
            class_of_service=price.class_of_service, wallet=price.wallet, points=price.points, money=price.money_fen
        )


class CompanionsOut(OutModel):
    """Guests whom I may bring."""

    allowed: int = Field(description="Guests to one unit; 0 when I may bring nobody")
    price: int | None = Field(description="Points for one guest beyond my guests' quota")
    quota: AllowanceOut | None = Field(description="Guests who cost nothing in each period; my own quota is another")
    quota_left: int = Field(description="How many of them are left in this period")


class RightOut(OutModel):
    """A right as I see it."""

    id: RightId
    code: str = Field(examples=["airport_lounge"])
    name: str = Field(examples=["机场贵宾厅"])
    description: str
    category: Category
    brand: str | None
    labels: list[str]
    featured: bool
    place: int = Field(description="Where it stands among others, the lowest first")
    tax_kind: TaxKind = Field(description="How it counts for my income tax")
    value: Cny | None = Field(description="What its code is good for, in CNY, and can be used in parts; null: no value")
    fulfilment: Fulfilment
    wallet: str = Field(description="The kind of points that it costs", examples=["service"])
    price: int | None = Field(
        description="Points for one unit beyond my quota, in the first of `prices`; null when no price is for me"
    )
    money: Cny = Field(description="CNY to be paid for a unit beside the points of `price`; `0.00`: points alone")
    prices: list[PriceOut] = Field(description="What a unit costs me now in every class and from every kind of points")
    companions: CompanionsOut
    quota: AllowanceOut | None = Field(description="What I have without points in each period")
    quota_left: int = Field(description="How many of them are left in this period")
    packages: list[RightPackageOut] = Field(description="What I chose of packages gives of it without points")
    limit: AllowanceOut | None = Field(description="The most that one customer takes in each period")
    minimum_tier: str | None
    beneficiary: Beneficiary = Field(description="Whether somebody else may be served; `certified` needs a certificate")
    appointment: BookingOut | None = Field(description="How it is booked: a redemption names a slot; null: it is not")
    gives: GivesOut | None = Field(description="Points of another kind, which each unit is; null: it is something else")
    step_up: bool = Field(description="Whether one unit needs a step-up proof, for it costs that many points")
    on_sale_from: datetime | None
    on_sale_to: datetime | None
    images: list[ImageOut] = Field(description="Its pictures, the first for lists")
    stars: float | None = Field(description="What those who rated it think on the average, 1 to 5; null: nobody has")
    ratings: int = Field(description="How many have rated it")
    next_release_at: datetime | None = Field(description="When more of it comes on offer for me; null: not by a plan")
    eligible: bool = Field(description="Whether I can have one unit now")
    reasons: list[ReasonOut] = Field(description="Everything that stands in the way, the weightiest first")

    @classmethod
    def of(cls, entry: CatalogueEntry, language: str) -> "RightOut":
        """Describe an entry of the catalogue in the customer's language."""
        item, terms, decision = entry.right.item, entry.right.terms, entry.decision
        return cls(
            id=item.id,
            code=item.code,
            name=item.name_en if language == "en" else item.name_zh,
            description=item.description_en if language == "en" else item.description_zh,
            category=Category(item.category),
            brand=item.brand,
            labels=item.labels,
            featured=item.featured,
            place=item.place,
            tax_kind=TaxKind(item.tax_kind),
            value=item.value_fen,
            fulfilment=Fulfilment(item.fulfilment),
            wallet=item.wallet,
            price=decision.price,
            money=decision.unit_money_fen,
            prices=[PriceOut.of(price) for price in entry.prices],
            companions=CompanionsOut(
                allowed=decision.guests_allowed,
                price=decision.guest_price,
                quota=AllowanceOut.model_validate(entry.guest_quota) if entry.guest_quota else None,
                quota_left=decision.guest_quota_left,
            ),
            quota=AllowanceOut.model_validate(entry.quota) if entry.quota else None,
            quota_left=decision.quota_left,
            packages=[RightPackageOut.of(one) for one in entry.packages],
            limit=AllowanceOut.model_validate(terms.limit) if terms.limit else None,
            minimum_tier=item.minimum_tier,
            beneficiary=terms.beneficiary,
            appointment=BookingOut.of(terms.booking),
            gives=GivesOut.of(terms.gives),
            step_up=decision.step_up,
            on_sale_from=item.on_sale_from,
            on_sale_to=item.on_sale_to,
            images=[ImageOut.model_validate(image) for image in entry.images],
            stars=round(entry.rating.stars / entry.rating.ratings, 1) if entry.rating else None,
            ratings=entry.rating.ratings if entry.rating else 0,
            next_release_at=entry.next_release_at,
            eligible=decision.eligible,
            reasons=[ReasonOut.of(reason, language) for reason in decision.reasons],
        )
