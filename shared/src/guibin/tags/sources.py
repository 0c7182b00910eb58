"""Facts from the domains below: who customers are, what they hold, and which of the five kinds they are of."""

from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Select,
    Subquery,
    Text,
    any_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import array

from guibin.core.lines import Line
from guibin.core.models import metadata
from guibin.customers.models import Customer
from guibin.holdings.figures import AVERAGES, select_figures
from guibin.holdings.models import CustomerEvent, EventType, InflowClass
from guibin.holdings.months import last_complete_month
from guibin.organisation.models import Branch
from guibin.tags.profiles.repository import PROFILES, valid_on
from guibin.tags.vocabulary import CustomerKind

KIND_WINDOW_DAYS: Final = 92
"""How far back an inflow tells of which kind a customer is: a quarter."""

_CUSTOMER: Final = metadata.tables[Customer.__tablename__]
_BRANCH: Final = metadata.tables[Branch.__tablename__]
_EVENT: Final = metadata.tables[CustomerEvent.__tablename__]

Column = ColumnElement[Any]


class ProfileFacts:
    """Branches, gender, city, lines, age and tenure: from the profile that is on record for the day."""

    name: Final = "profile"
    columns: Final = ("branch_id", "branch", "manager_branch", "gender", "city_code", "lines", "age", "tenure_days")

    def select(self, day: date, *, among: Select[Any] | None = None) -> Select[Any]:
        """Select one row for each customer; age is in full years, tenure in days since the oldest relation began."""
        opened_on = PROFILES.c.opened_on
        return (
            select(
                PROFILES.c.customer_id,
                PROFILES.c.branch_id,
                _BRANCH.c.code.label("branch"),
                *(PROFILES.c[name] for name in ("manager_branch", "gender", "city_code", "lines")),
                _age(day).label("age"),
                case((opened_on <= day, literal(day, Date) - opened_on)).label("tenure_days"),
            )
            .join_from(PROFILES, _BRANCH, _BRANCH.c.id == PROFILES.c.branch_id)
            .where(valid_on(day), _among(PROFILES.c.customer_id, among))
        )


def _among(customer: Column, among: Select[Any] | None) -> ColumnElement[bool]:
    return true() if among is None else customer.in_(among)


def _age(day: date) -> Column:
    """Count full years; unknown unless both the year and the day of birth are known."""
    birthday = PROFILES.c.birth_mmdd
    years = literal(day.year) - PROFILES.c.birth_year
    return case((birthday > literal(f"{day:%m%d}"), years - literal(1)), (birthday.is_not(None), years), else_=null())


class HoldingFacts:
    """Assets, debts, products and kinds."""

    name: Final = "holding"
    columns: Final = (
        "aum_fen",
        *AVERAGES.values(),
        "aum_mda_month",
        "spike_percent",
        "liabilities_fen",
        "assets",
        "liabilities",
        "products",
        "stale_lines",
        "customer_kinds",
    )

    def select(self, day: date, *, among: Select[Any] | None = None) -> Select[Any]:
        """Select one row for each customer; who holds nothing has nothing, and that is known."""
        figures = select_figures(day, among=among).subquery("figures")
        known, inflows = _known_lines(day, among), _inflows(day, among)
        nothing_held = figures.c.customer_id.is_(None)
        amounts = ("aum_fen", *AVERAGES.values(), "liabilities_fen")
        return (
            select(
                _CUSTOMER.c.id.label("customer_id"),
                *(case((nothing_held, literal(0)), else_=figures.c[name]).label(name) for name in amounts),
                literal(last_complete_month(day).first, Date).label("aum_mda_month"),
                *(figures.c[name] for name in ("assets", "liabilities", "products", "stale_lines", "spike_percent")),
                _kinds(figures, known, inflows).label("customer_kinds"),
            )
            .select_from(_CUSTOMER)
            .outerjoin(figures, figures.c.customer_id == _CUSTOMER.c.id)
            .outerjoin(known, known.c.customer_id == _CUSTOMER.c.id)
            .outerjoin(inflows, inflows.c.customer_id == _CUSTOMER.c.id)
            .where(_among(_CUSTOMER.c.id, among))
        )


def _known_lines(day: date, among: Select[Any] | None) -> Subquery:
    """The lines that knew the customer on the day."""
    return (
        select(PROFILES.c.customer_id, PROFILES.c.lines)
        .where(valid_on(day), _among(PROFILES.c.customer_id, among))
        .subquery("known_lines")
    )


def _inflows(day: date, among: Select[Any] | None) -> Subquery:
    """Whether pensions and collections or payments on behalf of others (payrolls are such) came in lately."""
    pension = or_(_EVENT.c.inflow_class == InflowClass.PENSION, _EVENT.c.event_type == EventType.PENSION)
    on_behalf = or_(
        _EVENT.c.inflow_class.in_([InflowClass.COLLECTION_PAYMENT, InflowClass.PAYROLL]),
        _EVENT.c.event_type == EventType.SALARY,
    )
    return (
        select(
            _EVENT.c.customer_id,
            func.bool_or(pension).label("pension"),
            func.bool_or(on_behalf).label("on_behalf"),
        )
        .where(_EVENT.c.occurred_on.between(day - timedelta(days=KIND_WINDOW_DAYS - 1), day), or_(pension, on_behalf))
        .where(_among(_EVENT.c.customer_id, among))
        .group_by(_EVENT.c.customer_id)
        .subquery("inflows")
    )


def _kinds(figures: Subquery, known: Subquery, inflows: Subquery) -> Column:
    """List the kinds that a customer is of, in the order of `CustomerKind`."""
    lines = func.coalesce(known.c.lines, literal([], ARRAY(Text)))
    corporate = literal([Line.SMALL_ENTERPRISE, Line.CORPORATE_INDIVIDUAL], ARRAY(Text))
    conditions = {
        CustomerKind.CREDIT: figures.c.has_liabilities,
        CustomerKind.CORPORATE: lines.op("&&", is_comparison=True)(corporate),
        CustomerKind.PERSONAL: literal(Line.PERSONAL_FINANCE.value) == any_(lines),
        CustomerKind.SOCIAL_SECURITY: inflows.c.pension,
        CustomerKind.COLLECTION_PAYMENT: inflows.c.on_behalf,
    }
    names = [case((condition, literal(kind.value)), else_=null()) for kind, condition in conditions.items()]
    return func.array_remove(array[Any](names), null())


PROFILE_FACTS: Final = ProfileFacts()
HOLDING_FACTS: Final = HoldingFacts()
