"""What a substitute may cost, by what came back of the redemption that failed."""

import pytest

from guibin.rights.substitutes import CameBack, PriceRule, cap_of, is_too_dear, rule_towards, wallet_towards

PAID = CameBack(units=2, free_units=0, points=200, wallet="reward")
BY_QUOTA = CameBack(units=2, free_units=1, points=100, wallet="reward")


@pytest.mark.parametrize(
    ("rule", "back", "holds", "most", "dear_at"),
    [
        (PriceRule.NOT_ABOVE, PAID, PriceRule.NOT_ABOVE, None, 201),
        (PriceRule.CAPPED, PAID, PriceRule.CAPPED, 200, None),
        (PriceRule.OWN, PAID, PriceRule.OWN, None, None),
        (PriceRule.CAPPED, BY_QUOTA, PriceRule.NOT_ABOVE, None, 101),
        (PriceRule.OWN, BY_QUOTA, PriceRule.OWN, None, None),
    ],
)
def test_a_substitute_costs_what_its_rule_allows(
    rule: PriceRule, back: CameBack, holds: PriceRule, most: int | None, dear_at: int | None
) -> None:
    assert rule_towards(rule, back) is holds
    assert cap_of(holds, back) == most
    assert [points for points in (back.points, back.points + 1) if is_too_dear(holds, back, points)] == (
        [] if dear_at is None else [dear_at]
    )


def test_prices_are_compared_in_the_wallet_to_which_the_points_came_back() -> None:
    paid_by = [wallet_towards(rule, PAID, "service") for rule in PriceRule]
    assert paid_by == ["reward", "reward", "service"]
