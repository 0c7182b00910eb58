"""What customers owned in a month by class of product, as sums over its days: the ground of weighted averages."""

from typing import Any

from sqlalchemy import BigInteger, Select, cast, func, literal, select

from guibin.holdings.figures import holdings_of
from guibin.holdings.months import Month


def select_month_assets(month: Month) -> Select[Any]:
    """Select a row for each customer and class of assets that were open in a month which is over.

    Columns: customer_id, product_class; fen_days, the sum of the daily balances in fen over the days of the month (by
    the rules of `select_figures`); unknown, whether a balance of a day is; stale, whether a line of these assets has
    not sent the balances of the last day.
    """
    held = holdings_of(month.last, month)
    return (
        select(
            held.c.customer_id,
            held.c.product_class,
            cast(func.coalesce(func.sum(held.c.month_fen), literal(0)), BigInteger).label("fen_days"),
            func.bool_or(held.c.month_unknown).label("unknown"),
            func.bool_or(held.c.is_stale).label("stale"),
        )
        .where(held.c.is_asset, held.c.in_month)
        .group_by(held.c.customer_id, held.c.product_class)
    )
