"""The terms of a right in their three forms: columns of the catalogue, values that rules decide on, a JSON document.

The document is what is drafted, submitted and approved as one:
`{"minimum_tier", "prices": [{"tier", "points"}], "quotas": [{"tier", "period", "times"}], "limit": {"times", "period"},
"on_sale_from", "on_sale_to"}`, with null for what is not set and instants in RFC 3339.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from guibin.rights.models import Period, RightsItem
from guibin.rights.rules import Limit, Price, Quota, Terms, TierLevel

Document = Mapping[str, Any]


def terms_of(item: RightsItem, minimum_tier: TierLevel | None) -> Terms:
    """Read the terms in force from the catalogue's columns."""
    return Terms(
        prices=tuple(Price(**price) for price in _rows(item.prices)),
        quotas=tuple(Quota(row["tier"], Period(row["period"]), row["times"]) for row in _rows(item.quotas)),
        minimum_tier=minimum_tier,
        limit=_limit(item),
        on_sale_from=item.on_sale_from,
        on_sale_to=item.on_sale_to,
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
        "on_sale_from": _read(document["on_sale_from"]),
        "on_sale_to": _read(document["on_sale_to"]),
    }


def tiers_named(document: Document) -> Iterator[str]:
    """Yield the code of every tier that a document names."""
    lines = [*document["prices"], *document["quotas"]]
    return (tier for tier in [document["minimum_tier"], *(line["tier"] for line in lines)] if tier is not None)


def _limit(item: RightsItem) -> Limit | None:
    if item.limit_times is None or item.limit_period is None:
        return None
    return Limit(item.limit_times, Period(item.limit_period))


def _rows(column: list[dict[str, object]]) -> list[dict[str, Any]]:
    return column


def _written(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
