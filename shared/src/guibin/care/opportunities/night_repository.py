"""The statements of the night, each over everybody at once: what is proved, lapses and is opened."""

from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.live import LIVE
from guibin.care.opportunities.repository import PROVED
from guibin.care.opportunities.terms import OpportunityRule
from guibin.care.sql import changed
from guibin.contact.rules import Span
from guibin.core import clock

_PROVE: Final = text(PROVED.format(one=""))
_LAPSE: Final = text(
    "UPDATE opportunity SET state = 'lapsed', result = 'overdue', ended_at = :now, revision = revision + 1"
    " WHERE state = 'open' AND due_on < :earliest"
)
# Whoever was merged into a customer counts along. The id follows from customer, rule and day of entering: of one stay
# in a tag a rule opens once, whatever became of it.
_OPEN: Final = text(
    f"""
    WITH {LIVE}, entered AS (
        SELECT t.customer_id, min(t.since) AS since FROM customer_tag t
        WHERE t.tag_code = :tag AND (CAST(:value AS text) IS NULL OR t.value = CAST(:value AS text))
            AND t.since <= :from_day AND (t.until IS NULL OR t.until > :from_day)
        GROUP BY t.customer_id
    ),
    barred AS (
        SELECT o.customer_id FROM opportunity o
        WHERE (o.product_code = CAST(:product_code AS text) OR o.need = CAST(:need AS text))
            AND (o.state = 'open' OR o.state = 'refused' AND o.sleeps_until > :from_day)
        UNION
        SELECT a.customer_id FROM complaint a WHERE a.state <> 'closed'
        UNION
        SELECT r.customer_id FROM customer_restriction r JOIN restriction_kind k ON k.code = r.kind
        WHERE (k.blocks_message OR k.blocks_call)
            AND r.valid_from <= :from_day AND (r.valid_to IS NULL OR r.valid_to > :from_day)
    ),
    let_be AS (
        SELECT coalesce(c.merged_into, c.id) AS customer_id FROM barred b JOIN customer c ON c.id = b.customer_id
        UNION
        SELECT coalesce(c.merged_into, c.id) FROM contact_decision d JOIN customer c ON c.id = d.customer_id
        WHERE d.purpose = 'selling' AND d.subject = CAST(:product_code AS text)
            AND d.at >= :quarter AND d.at < :quarter_end
            AND (d.state = 'sent' OR d.state = 'held' AND d.held_until > :now)
        GROUP BY coalesce(c.merged_into, c.id) HAVING count(*) >= :pushes
    )
    INSERT INTO opportunity (customer_id, id, manager_id, source, reference, product_code, need, amount_fen, due_on,
        state, handed_over, opened_on, created_at, revision)
    SELECT l.customer_id,
        CAST(md5(concat_ws('|', l.customer_id, 'opportunity', CAST(:code AS text), e.since)) AS uuid), l.manager_id,
        'tag', CAST(:code AS text), CAST(:product_code AS text), CAST(:need AS text), CAST(:amount_fen AS bigint),
        CAST(:due_on AS date), 'open', 0, CAST(:from_day AS date), CAST(:now AS timestamptz), 1
    FROM entered e JOIN live l ON l.customer_id = e.customer_id
    WHERE l.manager_id IS NOT NULL AND NOT EXISTS (SELECT FROM let_be b WHERE b.customer_id = l.customer_id)
    ON CONFLICT DO NOTHING
    """  # noqa: S608 - our own text
)


async def prove(session: AsyncSession, *, day: date) -> int:
    """Let holdings that were opened since prove what was won; return how many they did."""
    return await changed(session, _PROVE, {"day": day})


async def lapse(session: AsyncSession, *, earliest: date, now: datetime) -> int:
    """Let lapse what is open and was due before a day; return how many did."""
    return await changed(session, _LAPSE, {"earliest": earliest, "now": now})


async def open_by(
    session: AsyncSession, rule: OpportunityRule, *, from_day: date, due_on: date, pushes: int, now: datetime
) -> int:
    """Open what a rule says with everybody who has its tag on a day, has a manager and may be offered something.

    A product that was offered to a customer `pushes` times in the quarter is not brought up once more.
    """
    span = Span.of(clock.start_of_day(from_day))
    values = {
        **rule.model_dump(mode="json", include={"code", "tag", "value", "product_code", "need", "amount_fen"}),
        "from_day": from_day,
        "due_on": due_on,
        "pushes": pushes,
        "quarter": span.quarter,
        "quarter_end": span.quarter_end,
        "now": now,
    }
    return await changed(session, _OPEN, values)
