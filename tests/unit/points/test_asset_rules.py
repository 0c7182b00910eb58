"""What assets earn, and where deposits may not, over plain values."""

from datetime import date
from typing import Any

import pytest

from guibin.points import defaults as wallets
from guibin.points.assets import defaults
from guibin.points.assets.rules import (
    ClassSum,
    Outcome,
    Terms,
    assess,
    is_event_forbidden,
    is_goods_wallet,
    is_last_chance,
    month_of,
    months_between,
    points_of,
    reason_of,
    rules_of,
)
from guibin.points.models import Wallet
from guibin.points.rules import expiry_of
from guibin.tiers.defaults import LOWER_BOUNDS_CNY
from guibin_tools.demo.rights import RIGHTS, RightData
from support.assets import OCTOBER, WAN, asset_rule

DAYS = 31
FEN = 100


def terms(**changes: Any) -> Terms:
    return Terms.of(asset_rule(**changes))


def owned(fen: int, product_class: str = "fund", **more: Any) -> ClassSum:
    return ClassSum(product_class, fen * DAYS, **more)


def given(*sums: ClassSum, tier: str | None = "T1", in_branch: bool = True, **changes: Any) -> tuple[int, Outcome]:
    found = assess(sums, terms(**changes), days=DAYS, tier=tier, in_branch=in_branch)
    return found.points, found.outcome


@pytest.mark.parametrize(
    ("average_fen", "points"),
    [(10 * WAN - 1, 0), (10 * WAN, 10), (11 * WAN - 1, 10), (11 * WAN, 11), (0, 0), (10**17, 10**11)],
)
def test_a_step_gives_a_point_for_each_full_amount_from_the_threshold_on(average_fen: int, points: int) -> None:
    assert points_of(average_fen, terms()) == points


@pytest.mark.parametrize(
    ("average_fen", "points"), [(20 * WAN - 1, 0), (20 * WAN, 160), (200_624_99, 160), (201_250_00, 161)]
)
def test_a_rate_per_mille_is_rounded_down(average_fen: int, points: int) -> None:
    assert points_of(average_fen, terms(step_fen=None, rate_ppm=800, threshold_fen=20 * WAN)) == points


def test_classes_are_weighed_and_the_average_is_rounded_once() -> None:
    assert given(owned(8 * WAN), owned(4 * WAN, "insurance")) == (10, Outcome.POINTS)
    assert given(owned(8 * WAN), owned(4 * WAN - 1, "insurance")) == (10, Outcome.POINTS), "half a fen is rounded up"
    assert given(owned(8 * WAN), owned(4 * WAN - 2, "insurance")) == (0, Outcome.BELOW_THRESHOLD)
    assert given(owned(90 * WAN, "custody")) == (0, Outcome.BELOW_THRESHOLD)
    thirds = [ClassSum("fund", 10 * WAN * DAYS // 3), ClassSum("deposits", 10 * WAN * DAYS * 2 // 3 + 1)]
    assert given(*thirds) == (10, Outcome.POINTS)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tiers": ["T2"]}, (0, Outcome.TIER_NOT_INCLUDED)),
        ({"tiers": ["T1", "T2"]}, (50, Outcome.POINTS)),
        ({"cap_points": 49}, (49, Outcome.CAPPED)),
        ({"cap_points": 50}, (50, Outcome.POINTS)),
        ({"step_fen": 100 * WAN}, (0, Outcome.NOT_A_FULL_POINT)),
        ({"in_branch": False}, (0, Outcome.OTHER_BRANCH)),
        ({"tier": None, "tiers": ["T1"]}, (0, Outcome.TIER_NOT_INCLUDED)),
    ],
)
def test_a_rule_says_why_it_gives_what_it_gives(changes: dict[str, Any], expected: tuple[int, Outcome]) -> None:
    assert given(owned(50 * WAN), **changes) == expected


def test_what_is_unknown_gives_nothing_unless_it_weighs_nothing() -> None:
    assert given(owned(50 * WAN), owned(0, "deposits", unknown=True)) == (0, Outcome.AVERAGE_UNKNOWN)
    assert given(owned(50 * WAN), owned(0, "custody", unknown=True)) == (50, Outcome.POINTS)


def test_the_reason_tells_no_more_than_the_points_do() -> None:
    zh, en = reason_of(OCTOBER, 1_234_567_89, terms())
    assert (zh, en) == ("2026年10月资产日均满 1,230,000.00 元", "Average assets of 2026-10: 1,230,000.00 CNY and more")
    assert "1,230,000.00" in reason_of(OCTOBER, 1_234_567_89, terms(step_fen=None, rate_ppm=800))[0]


def test_a_month_is_sealed_by_the_night_of_the_7th() -> None:
    october = month_of(OCTOBER)
    assert (october.first, october.last) == (OCTOBER, date(2026, 10, 31))
    assert [is_last_chance(october, date(2026, 11, day)) for day in (6, 7, 8)] == [False, True, True]
    assert months_between(date(2026, 11, 1), date(2027, 1, 1)) == [
        date(2026, 11, 1),
        date(2026, 12, 1),
        date(2027, 1, 1),
    ]
    assert months_between(date(2026, 11, 1), OCTOBER) == []


def test_of_each_rule_the_latest_version_counts_until_it_ends() -> None:
    first, second = asset_rule(), asset_rule(version=2, first_month=date(2026, 6, 1), last_month=date(2026, 8, 1))
    other = asset_rule(code="other", first_month=date(2026, 7, 1))
    months = {month: [(one.code, one.version) for one in rules_of(date(2026, month, 1), [second, other, first])]
              for month in (5, 6, 8, 9)}  # fmt: skip
    assert months == {
        5: [("assets", 1)],
        6: [("assets", 2)],
        8: [("assets", 2), ("other", 1)],
        9: [("other", 1)],
    }


@pytest.mark.parametrize(
    ("wallet", "expected"),
    [
        ({}, False),
        ({"buys_goods": True}, True),
        ({"transferable": True}, True),
        ({"spendable": ["health", "shopping"]}, True),
        ({"spendable": ["health", "travel"]}, False),
    ],
)
def test_goods_wallets_are_known_by_what_they_buy(wallet: dict[str, Any], *, expected: bool) -> None:
    made = Wallet(**wallet)
    assert is_goods_wallet(made) is expected
    assert is_event_forbidden("deposit", made, None) is expected
    assert not is_event_forbidden("deposit", made, "合规〔2026〕7号")
    assert not is_event_forbidden("card_spend", made, None)


def test_every_tier_affords_five_of_its_rights_within_one_expiry_at_its_lower_line() -> None:
    service = Wallet.model_validate(next(one for one in wallets.WALLETS if one["code"] == wallets.SERVICE))
    default = terms(threshold_fen=defaults.THRESHOLD_FEN, step_fen=defaults.STEP_FEN)
    december = date(2026, 12, 1)
    ends = expiry_of(december, service)
    assert ends == date(2028, 12, 31)
    postings = len(months_between(december, ends))
    for tier, line_cny in LOWER_BOUNDS_CNY.items():
        lowest = max(line_cny * FEN, defaults.THRESHOLD_FEN)  # below it nobody has points to spend
        prices = sorted(price for right in RIGHTS if (price := price_for(right, tier)) is not None)
        five = (prices * 5)[:5] if len(prices) < 5 else prices[:5]
        lounges = [price for right in RIGHTS if right.code == "airport_lounge" and (price := price_for(right, tier))]
        assert points_of(lowest, default) * postings >= max(sum(five), 5 * max(lounges, default=0)), tier


def price_for(right: RightData, tier: str) -> int | None:
    """Return what a service of the demo bank costs a tier; None where it is not for it."""
    if right.wallet != wallets.SERVICE or tier < (right.minimum_tier or tier):
        return None
    return next(price for group, price in right.prices if group in {None, tier})
