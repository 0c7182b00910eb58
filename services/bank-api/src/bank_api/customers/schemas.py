"""What the bank port takes and says of customers. Personal values are shown by the caller's view (`views.py`)."""

from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import Field

from bank_api.care.summary import CareSummaryOut
from guibin.core.freshness import FigureDay
from guibin.core.ids import BranchId, CustomerId, FeedFileId, HoldingId, ManagerId
from guibin.core.lines import Line
from guibin.core.money import Cny
from guibin.core.text import Note, OneLine
from guibin.customers.models import CertificateType, Gender, PartyStatus, PartyType
from guibin.customers.personal import Identity
from guibin.customers.policy.rules import PolicyField
from guibin.customers.policy.service import Source
from guibin.customers.revealing import RevealField
from guibin.holdings.figures import AVERAGES
from guibin.holdings.models import HoldingStatus
from guibin.managers.repository import InTeam
from guibin.products.models import ProductClass, Side
from guibin.tags.models import CustomerFact
from guibin.tiers.repository import CurrentTier
from guibin.web import FreshnessOut, OutModel, StrictModel

from .queries import Found, Held
from .views import View, band_of, exact, shown_birthday, shown_certificate, shown_name, shown_phone, view_of

BAND = Field(description="Band of assets in CNY; null when unknown", examples=["200k_1m"])
EXACT = Field(description="Only for the primary manager of the customer; null when unknown")


class SearchIn(StrictModel):
    """Whole values of one customer; all that are given must fit."""

    name: Annotated[str, OneLine(200)] | None = Field(default=None, examples=["欧阳明"])
    phone: Annotated[str, OneLine(40)] | None = None
    certificate_type: CertificateType = Field(default=CertificateType.ID_CARD, description="Of certificate_no")
    certificate_no: Annotated[str, OneLine(40)] | None = Field(
        default=None,
        description="One that came by an identity event, and that no line has sent yet, is found together with `name`",
    )
    customer_no: Annotated[str, OneLine(64)] | None = None


class RevealIn(StrictModel):
    """One value, and why it has to be seen."""

    field: RevealField
    reason: Annotated[str, Note(200)] | None = Field(default=None, examples=["客户到网点更换预留手机号，核对旧号"])
    ticket: Annotated[str, OneLine(40)] | None = Field(
        default=None, description="Number of the case, where there is one"
    )


class RevealOut(OutModel):
    """One personal value in clear. Show it, do not keep it."""

    field: RevealField
    value: str = Field(examples=["13800001234"])
    looks_today: int = Field(description="How many values you have looked at today, this one among them")


class CustomerRowOut(OutModel):
    """A customer in a list."""

    id: CustomerId
    party_type: PartyType
    status: PartyStatus
    name: str | None = Field(examples=["王*明"])
    branch_id: BranchId
    branch_code: str
    tier: str | None = Field(examples=["T2"])
    aum_band: str | None = BAND
    aum: Cny | None = EXACT
    freshness: FreshnessOut | None = Field(description="Of `aum`; null before the customer's first figures")

    @classmethod
    def of(cls, found: Found, identity: Identity, roles: frozenset[str]) -> "CustomerRowOut":
        """Describe a customer for a caller."""
        view = view_of(roles, is_primary=found.is_primary)
        customer = found.customer
        return cls(
            id=customer.id,
            party_type=PartyType(customer.party_type),
            status=PartyStatus(customer.status),
            name=shown_name(identity, view),
            branch_id=customer.branch_id,
            branch_code=found.branch_code,
            tier=found.tier,
            aum_band=band_of(found.aum_fen, view),
            aum=exact(found.aum_fen, view),
            freshness=FreshnessOut.of(found.figure_day) if found.figure_day else None,
        )


class CustomersOut(OutModel):
    """Who was found."""

    items: list[CustomerRowOut]


class FactsOut(OutModel):
    """The figures of the last run: in bands, and exact for the primary manager alone."""

    freshness: FreshnessOut
    aum_band: str | None = BAND
    aum_mda_band: str | None = BAND
    aum: Cny | None = EXACT
    aum_mda: Cny | None = EXACT
    aum_mda_month: date | None = Field(description="First day of the month of the average")
    aum_quarter_daily: Cny | None = EXACT
    aum_three_months: Cny | None = EXACT
    aum_best_of_three: Cny | None = EXACT
    aum_six_months: Cny | None = EXACT
    aum_year_daily: Cny | None = EXACT
    spike_percent: int | None = Field(
        description="The mean of the month's last three days against its average: far above 100, money was parked",
        examples=[104],
    )
    liabilities: Cny | None = EXACT
    customer_kinds: list[str]

    @classmethod
    def of(cls, fact: CustomerFact, day: FigureDay, view: View) -> "FactsOut":
        """Describe the facts for a view."""
        return cls(
            freshness=FreshnessOut.of(day),
            aum_band=band_of(fact.aum_fen, view),
            aum_mda_band=band_of(fact.aum_mda_fen, view),
            aum=exact(fact.aum_fen, view),
            aum_mda_month=fact.aum_mda_month,
            spike_percent=fact.spike_percent,
            **{name.removesuffix("_fen"): exact(getattr(fact, name), view) for name in AVERAGES.values()},
            liabilities=exact(fact.liabilities_fen, view),
            customer_kinds=list(fact.customer_kinds),
        )


class TierSummaryOut(OutModel):
    """The service level in force."""

    code: str = Field(examples=["T2"])
    name_zh: str
    name_en: str
    since: date

    @classmethod
    def of(cls, tier: CurrentTier) -> "TierSummaryOut":
        """Describe a tier."""
        return cls.model_validate(tier)


class ServedByOut(OutModel):
    """Who serves the customer as primary manager."""

    manager_id: ManagerId
    staff_no: str
    grade: str
    since: date

    @classmethod
    def of(cls, served: InTeam) -> "ServedByOut":
        """Describe a coverage."""
        return cls(
            manager_id=served.manager.id,
            staff_no=served.staff.no,
            grade=served.manager.grade,
            since=served.coverage.valid_from,
        )


class AccompaniedByOut(OutModel):
    """Who gave the customer away and still accompanies it: reads it, and writes contacts down."""

    manager_id: ManagerId
    staff_no: str
    until: date | None = Field(description="The last day, if nothing ends it before")

    @classmethod
    def of(cls, row: InTeam) -> "AccompaniedByOut":
        """Describe a giver."""
        over = row.coverage.valid_to
        return cls(manager_id=row.manager.id, staff_no=row.staff.no, until=over and over - timedelta(days=1))


class HoldingsSummaryOut(OutModel):
    """Open holdings of a side and class."""

    side: Side
    product_class: ProductClass
    count: int


class FieldSourceOut(OutModel):
    """Which line's word counts for a field of the customer, and of which day it is."""

    field: PolicyField
    line: Line
    as_of: date = Field(description="Business date of the file that said so")

    @classmethod
    def of(cls, source: Source) -> "FieldSourceOut":
        """Describe a source."""
        return cls(field=source.field, line=source.line, as_of=source.as_of)


class CustomerOut(OutModel):
    """A customer from all sides. Parts that the caller has no grant for are null."""

    id: CustomerId
    party_type: PartyType
    status: PartyStatus
    name: str | None = Field(examples=["王*明"])
    certificate_type: CertificateType | None
    certificate_no: str | None = Field(examples=["110***********123X"])
    phone: str | None = Field(examples=["138****1234"])
    birthday: str | None = Field(description="MM-DD")
    gender: Gender
    city_code: str | None
    branch_id: BranchId
    branch_code: str
    opened_on: date | None
    lines: list[Line] = Field(description="Lines that know the customer")
    sources: list[FieldSourceOut] = Field(description="Where the fields come from; what no line says is left out")
    held_fields: list[PolicyField] = Field(
        description="Fields that people hold, whatever the lines say: see the customer's field locks"
    )
    created_at: datetime
    tier: TierSummaryOut | None
    coverage: ServedByOut | None
    accompanied_by: list[AccompaniedByOut] | None
    tags: list[str] | None = Field(description="Codes")
    stale_tags: list[str] | None = Field(
        description="Codes of those that no run has given anew for the last closed day, so that they may be wrong"
    )
    facts: FactsOut | None
    holdings: list[HoldingsSummaryOut] | None
    care: CareSummaryOut | None = Field(description="The last touches, what is open and what is due next")


class HoldingOut(OutModel):
    """A holding. Amounts are for the primary manager alone."""

    id: HoldingId
    line: Line
    product_code: str
    product_class: ProductClass
    product_name_zh: str
    product_name_en: str
    side: Side
    number: str | None = Field(description="What people recognise it by", examples=["**** 1234"])
    status: HoldingStatus
    opened_on: date | None
    closed_on: date | None
    matures_on: date | None
    rate: str | None = Field(description="Per year, 0.035 is 3.5 per cent")
    balance: Cny | None = EXACT
    balance_band: str | None = Field(description="Band of the balance in CNY; null when unknown")
    balance_day: date | None = Field(description="Day since which the balance is known")
    credit_limit: Cny | None = EXACT
    shared_with: int = Field(description="How many others share it or may operate it")
    freshness: FreshnessOut = Field(description="Of the balance: whether its line has sent the last closed day")
    source_file: FeedFileId = Field(description="The file that last changed it")
    source_day: date = Field(description="Business date of that file")

    @classmethod
    def of(cls, held: Held, view: View) -> "HoldingOut":
        """Describe a holding for a view."""
        holding, product = held.holding, held.product
        return cls(
            id=holding.id,
            line=Line(holding.line),
            product_code=product.code,
            product_class=ProductClass(product.product_class),
            product_name_zh=product.name_zh,
            product_name_en=product.name_en,
            side=Side(holding.side),
            number=None if view is View.HIDDEN else f"**** {holding.last4}",
            status=HoldingStatus(holding.status),
            opened_on=holding.opened_on,
            closed_on=holding.closed_on,
            matures_on=holding.matures_on,
            rate=None if holding.rate is None else str(holding.rate),
            balance=exact(held.balance_fen, view),
            balance_band=band_of(held.balance_fen, view),
            balance_day=held.balance_day,
            credit_limit=exact(holding.credit_limit_fen, view),
            shared_with=held.shared_with,
            freshness=FreshnessOut.of(held.figure_day),
            source_file=holding.feed_file_id,
            source_day=holding.as_of,
        )


def identity_part(identity: Identity, view: View) -> dict[str, str | None]:
    """Return the personal fields of the 360 for a view."""
    return {
        "name": shown_name(identity, view),
        "certificate_no": shown_certificate(identity, view),
        "phone": shown_phone(identity, view),
        "birthday": shown_birthday(identity, view),
    }


def summary_of(counts: dict[tuple[str, str], int]) -> list[HoldingsSummaryOut]:
    """Describe the counts of holdings."""
    return [
        HoldingsSummaryOut(side=Side(side), product_class=ProductClass(product_class), count=count)
        for (side, product_class), count in sorted(counts.items())
    ]
