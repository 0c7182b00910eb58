"""The terms of a right in their three forms: columns of the catalogue, values that rules decide on, a JSON document.

The document is what is drafted, submitted and approved as one: `minimum_tier`, `prices`, `quotas`, `limit`,
`on_sale_from` and `on_sale_to` always, null for what is not set; the rest (`OFFER`) only where it is set. A price names
only the conditions that it has. Instants are RFC 3339, times `HH:MM`, days `YYYY-MM-DD`, money CNY.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Any, Final

from guibin.core.money import parse_cny
from guibin.rights.donations import cause_of
from guibin.rights.models import Period, RightsItem
from guibin.rights.offer import (
    PAY_MINUTES,
    Audience,
    Beneficiary,
    Companions,
    Hours,
    Limit,
    Price,
    Quota,
    Terms,
    TierLevel,
)
from guibin.rights.points_given import points_given_of
from guibin.rights.releases import named_in, plan_of
from guibin.rights.slots import Booking, NoShow
from guibin.rights.substitutes import substitutes_of

Document = Mapping[str, Any]

OFFER: Final = (
    "companions",
    "visibility",
    "eligibility",
    "total_limit",
    "step_up_points",
    "cancel_hours",
    "code_days",
    "code_last_day",
    "code_inactive_days",
    "static_code",
    "beneficiary",
    "owner_branch",
    "budget_line",
    "unit_cost",
    "appointment",
    "release_plan",
    "substitutes",
    "gives",
    "pay_minutes",
    "donates",
)
"""The terms that not every right has; together they are the column `offer`."""


def terms_of(item: RightsItem, minimum_tier: TierLevel | None) -> Terms:
    """Read the terms in force from the catalogue's columns."""
    offer: Document = item.offer
    cost = offer.get("unit_cost")
    return Terms(
        prices=tuple(_price(row) for row in item.prices),
        quotas=_quotas(item.quotas),
        minimum_tier=minimum_tier,
        limit=_limit(item),
        on_sale_from=item.on_sale_from,
        on_sale_to=item.on_sale_to,
        companions=_companions(offer.get("companions") or {}),
        visibility=_audience(offer.get("visibility") or {}),
        eligibility=_audience(offer.get("eligibility") or {}),
        total_limit=offer.get("total_limit"),
        step_up_points=offer.get("step_up_points"),
        cancel_hours=offer.get("cancel_hours"),
        code_days=offer.get("code_days"),
        code_last_day=_day(offer.get("code_last_day")),
        code_inactive_days=offer.get("code_inactive_days"),
        static_code=offer.get("static_code", False),
        beneficiary=Beneficiary(offer.get("beneficiary", Beneficiary.NONE)),
        owner_branch=offer.get("owner_branch"),
        budget_line=offer.get("budget_line"),
        unit_cost_fen=None if cost is None else parse_cny(cost),
        booking=_booking(offer.get("appointment")),
        release=plan_of(offer.get("release_plan")),
        substitutes=substitutes_of(offer.get("substitutes")),
        gives=points_given_of(offer.get("gives")),
        donates=cause_of(offer.get("donates")),
        pay_minutes=offer.get("pay_minutes", PAY_MINUTES),
    )


def document_of(item: RightsItem) -> dict[str, Any]:
    """Write the terms in force as a document."""
    limit = _limit(item)
    return {
        "minimum_tier": item.minimum_tier,
        "prices": item.prices,
        "quotas": item.quotas,
        "limit": {"times": limit.times, "period": limit.period.value} if limit else None,
        "on_sale_from": _written(item.on_sale_from),
        "on_sale_to": _written(item.on_sale_to),
        **item.offer,
    }


def columns_of(document: Document) -> dict[str, Any]:
    """Return the catalogue's columns with the terms of a document."""
    limit = document["limit"] or {}
    return {
        "minimum_tier": document["minimum_tier"],
        "prices": document["prices"],
        "quotas": document["quotas"],
        "limit_times": limit.get("times"),
        "limit_period": limit.get("period"),
        "on_sale_from": _instant(document["on_sale_from"]),
        "on_sale_to": _instant(document["on_sale_to"]),
        "offer": {name: document[name] for name in OFFER if document.get(name) is not None},
    }


def changed_names(before: Document | None, after: Document) -> list[str]:
    """Return which terms differ between two documents; everything when there was none before."""
    if before is None:
        return sorted(after)
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


def tiers_named(document: Document) -> Iterator[str]:
    """Yield the code of every tier that a document names."""
    companions = document.get("companions") or {}
    lines = [*document["prices"], *document["quotas"], *companions.get("most", ()), *companions.get("quotas", ())]
    released = named_in(document.get("release_plan"), "tier")
    named = [document["minimum_tier"], *(line["tier"] for line in lines), *_of_audiences(document, "tiers"), *released]
    return (tier for tier in named if tier is not None)


def tags_named(document: Document) -> set[str]:
    """Return the code of every tag that a document names."""
    return {*_named(document["prices"], "tag"), *_of_audiences(document, "tags")}


def wallets_named(document: Document) -> set[str]:
    """Return the code of every wallet that a price names."""
    return set(_named(document["prices"], "wallet"))


def branches_named(document: Document) -> set[str]:
    """Return the code of every branch that a document names."""
    owner = document.get("owner_branch")
    released = named_in(document.get("release_plan"), "branch")
    return {*_of_audiences(document, "branches"), *([owner] if owner else []), *released}


def _named(lines: Iterable[Document], key: str) -> Iterator[str]:
    return (line[key] for line in lines if line.get(key) is not None)


def _of_audiences(document: Document, key: str) -> Iterator[str]:
    for name in ("visibility", "eligibility"):
        yield from (document.get(name) or {}).get(key) or ()


def _price(row: Document) -> Price:
    hours = row.get("hours")
    weekdays = row.get("weekdays")
    return Price(
        tier=row["tier"],
        points=row["points"],
        tag=row.get("tag"),
        class_of_service=row.get("class_of_service"),
        wallet=row.get("wallet"),
        weekdays=None if weekdays is None else frozenset(weekdays),
        hours=Hours(time.fromisoformat(hours["from"]), time.fromisoformat(hours["to"])) if hours else None,
        first_day=_day(row.get("first_day")),
        last_day=_day(row.get("last_day")),
        money_fen=_fen(row.get("money")),
    )


def _quotas(rows: Iterable[Document]) -> tuple[Quota, ...]:
    return tuple(Quota(row["tier"], Period(row["period"]), row["times"]) for row in rows)


def _companions(document: Document) -> Companions:
    return Companions(
        most={row["tier"]: row["guests"] for row in document.get("most", ())},
        points=document.get("points"),
        quotas=_quotas(document.get("quotas", ())),
    )


def _booking(document: Document | None) -> Booking | None:
    if document is None:
        return None
    return Booking(
        lead_hours=document.get("lead_hours", 0),
        cancel_hours=document.get("cancel_hours"),
        change_hours=document.get("change_hours"),
        no_show=NoShow(document.get("no_show", NoShow.KEPT)),
    )


def _audience(document: Document) -> Audience:
    return Audience(
        tiers=_set(document.get("tiers")),
        tags=_set(document.get("tags")),
        branches=_set(document.get("branches")),
        start=_instant(document.get("from")),
        end=_instant(document.get("to")),
    )


def _set(codes: Iterable[str] | None) -> frozenset[str] | None:
    return None if codes is None else frozenset(codes)


def _limit(item: RightsItem) -> Limit | None:
    if item.limit_times is None or item.limit_period is None:
        return None
    return Limit(item.limit_times, Period(item.limit_period))


def _written(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _fen(amount: str | None) -> int:
    return 0 if amount is None else parse_cny(amount) or 0


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
