"""The SQL of our statement: what a month's lines are, found and written in one statement.

A unit is what a contract price is for: a unit of a right, or a guest of one. On the basis `issued` it counts on the day
of its redemption, on `used` on the day on which its code was used or it was handed out. The price is that of the day.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.clock import start_of_day
from guibin.rights.life import HAD
from guibin.suppliers.models import SettlementBasis
from guibin.suppliers.settlements.rules import month_after

_STATES: Final = ", ".join(f"'{state}'" for state in HAD)

# Guests are never given back in part (`guibin.rights.service.refunding`): they stand as long as nothing went back.
_HEADS: Final = f"""CASE WHEN r.state NOT IN ({_STATES}) THEN 0
    ELSE r.quantity - r.quantity_refunded + CASE WHEN r.quantity_refunded = 0 THEN r.companions ELSE 0 END END"""

_DAY: Final = "({} AT TIME ZONE 'Asia/Shanghai')::date"

_ISSUED: Final = f"""
    SELECT r.id AS redemption_id, r.right_id, {_DAY.format("r.created_at")} AS day, {_HEADS} AS quantity
      FROM redemption r
     WHERE r.created_at >= :start AND r.created_at < :until AND r.right_id = ANY (:rights)
"""  # noqa: S608 - words of this module

# Guests of a right by code come with the first of its codes that is used. What a supplier was ordered to deliver is
# delivered with the order, whether its codes are used at a terminal of ours or not.
_USED: Final = f"""
    SELECT redemption_id, right_id, day, sum(quantity)::int AS quantity FROM (
    SELECT v.redemption_id, v.right_id, {_DAY.format("v.used_at")} AS day, 1 AS quantity
      FROM voucher_code v
      JOIN redemption r ON r.customer_id = v.customer_id AND r.id = v.redemption_id AND r.fulfilment <> 'order'
     WHERE v.used_at >= :start AND v.used_at < :until AND v.right_id = ANY (:rights)
    UNION ALL
    SELECT r.id, r.right_id, {_DAY.format("c.first")}, r.companions
      FROM (SELECT customer_id, redemption_id, min(used_at) AS first FROM voucher_code
             WHERE used_at IS NOT NULL AND right_id = ANY (:rights) GROUP BY 1, 2) c
      JOIN redemption r ON r.customer_id = c.customer_id AND r.id = c.redemption_id AND r.fulfilment <> 'order'
     WHERE c.first >= :start AND c.first < :until AND r.companions > 0 AND r.quantity_refunded = 0
       AND r.state IN ({_STATES})
    UNION ALL
    SELECT r.id, r.right_id, {_DAY.format("s.at")}, {_HEADS}
      FROM redemption_step s
      JOIN redemption r ON r.customer_id = s.customer_id AND r.id = s.redemption_id
     WHERE s.state = 'fulfilled' AND s.at >= :start AND s.at < :until AND r.fulfilment <> 'code'
       AND r.right_id = ANY (:rights)) each GROUP BY 1, 2, 3
"""  # noqa: S608

_SUPPLIED: Final = {SettlementBasis.ISSUED: _ISSUED, SettlementBasis.USED: _USED}

_PRICE: Final = """
      LEFT JOIN supplier_price p ON p.right_id = u.right_id AND p.valid_from <= u.day
       AND (p.valid_to IS NULL OR u.day < p.valid_to)
"""

_RIGHTS: Final = text("""
    SELECT right_id FROM right_supplier WHERE supplier_id = :supplier
     UNION SELECT right_id FROM supplier_price WHERE supplier_id = :supplier
""")

# What stands in confirmed statements of each redemption, beside what there is of it now.
_STANDING: Final = """
    SELECT l.redemption_id, l.right_id, max(l.day) AS day, sum(l.quantity)::int AS settled,
           (array_agg(l.price_fen ORDER BY c.month DESC, l.number DESC))[1] AS price_fen,
           (array_agg(l.tax_rate_bp ORDER BY c.month DESC, l.number DESC))[1] AS tax_rate_bp
      FROM settlement_line l
      JOIN settlement c ON c.id = l.settlement_id AND c.supplier_id = :supplier AND c.state = 'confirmed'
     WHERE l.redemption_id IS NOT NULL
     GROUP BY 1, 2
"""

_WRITE: Final = """
    INSERT INTO settlement_line (settlement_id, number, kind, redemption_id, right_id, day, quantity, price_fen,
                                 tax_rate_bp)
    SELECT CAST(:settlement AS uuid), row_number() OVER (ORDER BY n.rank, n.day, n.redemption_id, n.price_fen), n.kind,
           n.redemption_id, n.right_id, n.day, n.quantity, n.price_fen, n.tax_rate_bp
      FROM ({lines}) n
"""

_SUPPLY: Final = """
    SELECT 1 AS rank, 'supply' AS kind, u.redemption_id, u.right_id, u.day, u.quantity, p.price_fen,
           CAST(:tax_rate_bp AS int) AS tax_rate_bp
      FROM ({supplied}) u {price}
     WHERE u.quantity > 0 AND p.supplier_id = :supplier
"""

_CORRECTIONS: Final = f"""
    SELECT 2, 'correction', b.redemption_id, b.right_id, b.day, n.heads - b.settled, b.price_fen, b.tax_rate_bp
      FROM ({_STANDING}) b
      JOIN (SELECT r.id, {_HEADS} AS heads FROM redemption r WHERE r.right_id = ANY (:rights)) n
        ON n.id = b.redemption_id
     WHERE n.heads < b.settled
"""  # noqa: S608

# Codes whose last day lies in the month and that nobody used: those of this month's own lines and of earlier ones.
_UNUSED: Final = f"""
    SELECT 3, 'unused', x.redemption_id, x.right_id, x.day, -least(x.codes, b.counted), b.price_fen, b.tax_rate_bp
      FROM (SELECT v.redemption_id, v.right_id, r.valid_until AS day, count(*)::int AS codes
              FROM voucher_code v
              JOIN redemption r ON r.customer_id = v.customer_id AND r.id = v.redemption_id
             WHERE v.used_at IS NULL AND v.returned_at IS NULL AND v.right_id = ANY (:rights) AND r.state IN ({_STATES})
               AND r.valid_until >= :month AND r.valid_until < :next_month
             GROUP BY 1, 2, 3) x
      JOIN (SELECT redemption_id, settled AS counted, price_fen, tax_rate_bp FROM ({_STANDING}) earlier
            UNION ALL
            SELECT redemption_id, quantity, price_fen, tax_rate_bp FROM ({{supply}}) these) b
        ON b.redemption_id = x.redemption_id AND b.counted > 0
"""  # noqa: S608

_UNPRICED: Final = """
    SELECT i.code, min(u.day) AS day, count(*) AS units
      FROM ({supplied}) u {price}
      JOIN right_supplier o ON o.right_id = u.right_id AND o.supplier_id = :supplier
      JOIN rights_item i ON i.id = u.right_id
     WHERE u.quantity > 0 AND p.supplier_id IS NULL
     GROUP BY i.code ORDER BY day, i.code
"""


@dataclass(frozen=True, slots=True)
class Build:
    """What a statement is built of."""

    settlement_id: UUID
    supplier_id: UUID
    month: date
    basis: SettlementBasis
    tax_rate_bp: int
    unused_returned: bool


@dataclass(frozen=True, slots=True)
class Unpriced:
    """A right that was supplied on days without a contract price: the first of them, and on how many lines."""

    right_code: str
    day: date
    lines: int


async def find_unpriced(session: AsyncSession, build: Build) -> list[Unpriced]:
    """Return the rights of which something was supplied without a contract price."""
    query = _UNPRICED.format(supplied=_SUPPLIED[build.basis], price=_PRICE)
    rows = (await session.execute(text(query), await _values(session, build))).all()
    return [Unpriced(*row) for row in rows]


async def write_lines(session: AsyncSession, build: Build) -> None:
    """Write the lines of a statement: what was supplied, then what goes back of confirmed months."""
    supply = _SUPPLY.format(supplied=_SUPPLIED[build.basis], price=_PRICE)
    parts = [supply, _CORRECTIONS]
    if build.unused_returned and build.basis is SettlementBasis.ISSUED:
        parts.append(_UNUSED.format(supply=supply))
    query = _WRITE.format(lines=" UNION ALL ".join(parts))
    await session.execute(text(query), await _values(session, build) | {"settlement": build.settlement_id})


async def _values(session: AsyncSession, build: Build) -> dict[str, Any]:
    rights = (await session.execute(_RIGHTS, {"supplier": build.supplier_id})).scalars().all()
    following = month_after(build.month)
    return {
        "supplier": build.supplier_id,
        "rights": list(rights),
        "month": build.month,
        "next_month": following,
        "start": start_of_day(build.month),
        "until": start_of_day(following),
        "tax_rate_bp": build.tax_rate_bp,
    }
