import statistics
from collections import defaultdict

import pytest

from guibin.rights.models import Category, Fulfilment, Period, StockMode
from guibin_tools.demo.rights import RIGHTS, RightData
from support.demo_bank import BUSINESS_DATE, TIER_LINES, DemoBank, tier_of
from support.feed_files import Row, rows_of

EARNING_ASSUMPTION: dict[str, tuple[int, int | None]] = {
    "card_spend": (1, 20),
    "payment": (1, 20),
    "salary": (200, None),
    "pension": (200, None),
    "referral": (300, None),
    "login": (5, None),
}
"""Event type to reward points, for each full so many CNY or (None) for each event: what the prices were set against."""

SERVICE_POINT_PER_CNY = 10_000
"""One service point a month for each full 10,000 CNY of the month-daily average ..."""

SERVICE_FROM_CNY = 100_000
"""... from this average on."""


def earned(event: Row) -> int:
    points, per_cny = EARNING_ASSUMPTION.get(event["event_type"], (0, None))
    return points if per_cny is None else int(float(event["amount"])) // per_cny * points


def price_for(right: RightData, tier: str | None) -> int | None:
    return next((points for fits, points in right.prices if fits in (None, tier)), None)


def open_to(right: RightData, tier: str | None) -> bool:
    return right.minimum_tier is None or (tier or "") >= right.minimum_tier


def offered(tier: str | None, wallet: str) -> list[int]:
    rights = [r for r in RIGHTS if r.wallet == wallet and open_to(r, tier) and on_sale(r)]
    return [price for right in rights if (price := price_for(right, tier)) is not None]


def on_sale(right: RightData) -> bool:
    window = right.sale_window(BUSINESS_DATE)
    return window is None or window[0] <= BUSINESS_DATE <= window[1]


def reward_points(bank: DemoBank) -> dict[str | None, list[int]]:
    of_record: dict[str, int] = defaultdict(int)
    for _, event in rows_of(bank.sources, "events"):
        of_record[event["record_id"]] += earned(event)
    points: dict[str | None, list[int]] = defaultdict(list)
    for records, average in zip(bank.customers, bank.averages, strict=True):
        points[tier_of(average)].append(sum(of_record[record] for record in records))
    return points


@pytest.mark.parametrize("tier", [None, *TIER_LINES])
def test_each_tier_can_afford_some_rights_from_what_it_has_earned(bank: DemoBank, tier: str | None) -> None:
    median = statistics.median(reward_points(bank)[tier])
    affordable = [price for price in offered(tier, "reward") if price <= median]
    assert len(affordable) >= 3


def test_most_customers_can_afford_something(bank: DemoBank) -> None:
    everyone = [points for of_tier in reward_points(bank).values() for points in of_tier]
    cheapest = min(offered(None, "reward"))
    assert sum(points >= cheapest for points in everyone) / len(everyone) > 0.7


def test_the_lower_line_of_each_tier_affords_five_services_within_one_expiry() -> None:
    for tier, line in TIER_LINES.items():
        monthly = line // SERVICE_POINT_PER_CNY if line >= SERVICE_FROM_CNY else 0
        cheapest_five = sorted(offered(tier, "service"))[:5]
        assert tier == "T0" or sum(cheapest_five) <= monthly * 25


def test_nothing_in_the_service_wallet_costs_the_lowest_tier_more_than_fifty_points() -> None:
    assert max(offered("T0", "service")) <= 50


def test_thirty_four_rights_cover_every_category_way_of_delivery_and_kind_of_stock() -> None:
    assert len({right.code for right in RIGHTS}) == len(RIGHTS) == 34
    assert {right.category for right in RIGHTS} == set(Category)
    assert {right.fulfilment for right in RIGHTS} == set(Fulfilment)
    assert {right.stock_mode for right in RIGHTS} == set(StockMode)
    assert {right.limit[1] for right in RIGHTS if right.limit} <= set(Period)


@pytest.mark.parametrize("right", RIGHTS, ids=lambda right: right.code)
def test_a_right_has_stock_exactly_when_its_stock_is_counted(right: RightData) -> None:
    assert (right.stock is None) == (right.stock_mode == "unlimited")
    assert (right.fulfilment == "code") == (right.stock_mode == "codes")
    assert 1 <= len(right.prices) <= 10
    assert all(price_for(right, tier) for tier in TIER_LINES if open_to(right, tier))
    assert all(open_to(right, tier) and times > 0 for tier, times in right.quotas)


def test_goods_are_never_bought_with_service_points() -> None:
    assert not [right.code for right in RIGHTS if right.wallet == "service" and right.category == "shopping"]


def test_one_right_is_not_on_sale_yet() -> None:
    assert [right.code for right in RIGHTS if not on_sale(right)] == ["tea_set"]


def test_voucher_codes_are_distinct_many_and_the_same_again() -> None:
    pools = [right for right in RIGHTS if right.stock_mode == "codes"]
    for right in pools:
        codes = list(right.voucher_codes(7))
        assert len(set(codes)) == len(codes) == right.stock
        assert codes == list(right.voucher_codes(7))
        assert codes != list(right.voucher_codes(8))
    assert not list(next(right for right in RIGHTS if right.stock_mode == "counted").voucher_codes(7))
