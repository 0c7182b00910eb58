"""When the stock of a right comes on offer, for whom, and how much of it: decisions over plain values.

A plan is a list of lines. Each line releases units by its own calendar to those whom it is for; what nobody takes stays
on offer. A redemption takes all its units from the first line that is for the customer and has as many.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from guibin.core.clock import BUSINESS_ZONE

ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Daily:
    """So many units each day at a time of Asia/Shanghai, from a first day on; `last_day` None without an end."""

    at: time
    units: int
    first_day: date
    last_day: date | None = None

    def released(self, local: datetime) -> int:
        """Return how many units it has released."""
        newest = local.date() if local.time() >= self.at else local.date() - ONE_DAY
        last = newest if self.last_day is None else min(newest, self.last_day)
        return self.units * max((last - self.first_day).days + 1, 0)

    def after(self, local: datetime) -> datetime | None:
        """Return the next instant at which it releases units; None when there is none any more."""
        day = local.date() if local.time() < self.at else local.date() + ONE_DAY
        day = max(day, self.first_day)
        if self.last_day is not None and day > self.last_day:
            return None
        return datetime.combine(day, self.at, BUSINESS_ZONE)


@dataclass(frozen=True, slots=True)
class Dated:
    """So many units at an instant."""

    at: datetime
    units: int


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """What is released to whom; None is for everybody. `branch` means its customers and those of branches below it."""

    code: str
    tier: str | None = None
    branch: str | None = None
    daily: Daily | None = None
    dated: tuple[Dated, ...] = ()

    def is_for(self, tier: str | None, branches: frozenset[str]) -> bool:
        """Tell whether it is for a customer of a tier, whose branch and those above it are given."""
        return self.tier in {None, tier} and (self.branch is None or self.branch in branches)

    def released(self, now: datetime) -> int:
        """Return how many units it has released until now, taken or not."""
        by_date = sum(one.units for one in self.dated if one.at <= now)
        return by_date + (self.daily.released(now.astimezone(BUSINESS_ZONE)) if self.daily else 0)

    def next_at(self, now: datetime) -> datetime | None:
        """Return when it releases units next; None when it does not any more."""
        coming = [one.at for one in self.dated if one.at > now]
        daily = self.daily.after(now.astimezone(BUSINESS_ZONE)) if self.daily else None
        return min([*coming, *([daily] if daily else [])], default=None)


@dataclass(frozen=True, slots=True)
class Released:
    """What of a plan is open to one customer now: each line with what it has released, and when there is more."""

    lines: tuple[tuple[str, int], ...]
    next_at: datetime | None

    def document(self) -> list[dict[str, object]]:
        """Return the lines as `rights_redeem` and `rights_hold` take them."""
        return [{"line": code, "released": units} for code, units in self.lines]

    def has(self, quantity: int, taken: Mapping[str, int]) -> bool:
        """Tell whether some line has so many units, given what was taken of each."""
        return any(taken.get(code, 0) + quantity <= units for code, units in self.lines)


def released_to(
    plan: Sequence[ReleaseLine], tier: str | None, branches: frozenset[str], now: datetime
) -> Released | None:
    """Return what of a plan is open to a customer; None for a right without a plan, all of whose stock is open."""
    if not plan:
        return None
    mine = [line for line in plan if line.is_for(tier, branches)]
    coming = [at for line in mine if (at := line.next_at(now)) is not None]
    return Released(tuple((line.code, line.released(now)) for line in mine), min(coming, default=None))


def plan_of(document: Mapping[str, Any] | None) -> tuple[ReleaseLine, ...]:
    """Read a plan from the document of a right's terms."""
    return tuple(_line(row) for row in (document or {}).get("lines", ()))


def _line(row: Mapping[str, Any]) -> ReleaseLine:
    daily = row.get("daily")
    return ReleaseLine(
        code=row["code"],
        tier=row.get("tier"),
        branch=row.get("branch"),
        daily=None if daily is None else _daily(daily),
        dated=tuple(Dated(datetime.fromisoformat(one["at"]), one["units"]) for one in row.get("dated", ())),
    )


def _daily(row: Mapping[str, Any]) -> Daily:
    last = row.get("last_day")
    return Daily(
        at=time.fromisoformat(row["at"]),
        units=row["units"],
        first_day=date.fromisoformat(row["first_day"]),
        last_day=None if last is None else date.fromisoformat(last),
    )


def named_in(document: Mapping[str, Any] | None, key: str) -> Iterator[str]:
    """Yield each tier or branch that the lines of a plan's document name."""
    return (row[key] for row in (document or {}).get("lines", ()) if row.get(key) is not None)
