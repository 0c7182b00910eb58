"""What has outlived its period is removed: run by an operator as the owner, since no service may delete.

How long what is kept stands in `retention_period`, which a bank edits. The ledger, consents and the trail itself are
not touched: of the trail it is told how many rows are due for the archive.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.core import clock
from guibin.privacy.models import RetentionPeriod
from guibin.security.actors import Actor, ActorKind

RETENTION_JOB: Final = Actor(ActorKind.JOB, UUID("00000000-0000-7000-8000-000000000f03"), "job:retention")
"""On whose behalf an operator removes; the same in every deployment, so that a trail tells it."""

LOOKS_BACK: Final = 367
"""Days back that the rules of tags may look, today counted: what they read of a past day is kept as long."""

ARCHIVE: Final = "audit_archive"


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of a table that are overdue when `overdue` holds for `:cut`; they are deleted, or `emptied` columns are."""

    subject: str
    table: str
    overdue: str
    emptied: tuple[str, ...] = ()
    least_days: int = 0
    """What other figures need: no period is shorter, whatever stands in `retention_period`."""

    @property
    def removal(self) -> str:
        """The statement that removes."""
        if not self.emptied:
            return f"DELETE FROM {self.table} WHERE {self.overdue}"  # noqa: S608 - words of the rules below
        columns = ", ".join(f"{name} = NULL" for name in self.emptied)
        return f"UPDATE {self.table} SET {columns} WHERE {self.overdue}"  # noqa: S608 - words of the rules below


RULES: Final = (
    Rule("idempotency_body", "idempotency_key", "body IS NOT NULL AND created_at < :cut", ("body",)),
    Rule("one_time_password", "one_time_code", "expires_at < :cut"),
    Rule("one_time_password", "binding_ticket", "expires_at < :cut"),
    Rule("one_time_password", "code_quota", "NOT EXISTS (SELECT FROM unnest(asked_at) asked WHERE asked >= :cut)"),
    Rule("session", "customer_session", "coalesce(revoked_at, least(expires_at, idle_expires_at)) < :cut"),
    Rule("rate_counter", "rate_counter", "ends_at < :cut"),
    Rule("revoked_token", "revoked_token", "expires_at < :cut"),
    Rule(
        "subject_export",
        "subject_export",
        "content IS NOT NULL AND made_at < :cut",
        ("content", "password_enc", "link_hash", "link_expires_at"),
    ),
    Rule(
        "beneficiary",
        "redemption_beneficiary",
        "EXISTS (SELECT FROM redemption r JOIN redemption_step s ON s.customer_id = r.customer_id"
        " AND s.redemption_id = r.id AND s.state = r.state WHERE r.customer_id = redemption_beneficiary.customer_id"
        " AND r.id = redemption_beneficiary.redemption_id AND r.state NOT IN ('confirmed', 'in_fulfilment')"
        " AND s.at < :cut)",
    ),
    Rule("reservation", "reservation", "ended_at < :cut"),
    Rule("reservation", "stock_hold", "NOT held AND lapses_at < :cut"),
    Rule("supplier_callback", "supplier_event", "received_at < :cut"),
    Rule(
        "delivery",
        "redemption",
        "delivery_enc IS NOT NULL AND state NOT IN ('confirmed', 'in_fulfilment') AND EXISTS (SELECT FROM"
        " redemption_step s WHERE s.customer_id = redemption.customer_id AND s.redemption_id = redemption.id"
        " AND s.state = redemption.state AND s.at < :cut)",
        ("delivery_enc",),
    ),
    Rule("delivery", "supplier_order", "tracking_enc IS NOT NULL AND ended_at < :cut", ("tracking_enc",)),
    Rule(
        "profile",
        "customer_profile",
        "valid_to <= CAST(CAST(:cut AS timestamptz) AT TIME ZONE 'Asia/Shanghai' AS date)",
        least_days=LOOKS_BACK,
    ),
    Rule("contact", "contact_decision", "decided_at < :cut"),
    Rule("contact", "contact_allowance", "ends_at < :cut"),
    Rule("subject_export", "list_export", "coalesce(made_at, created_at) < :cut"),
    Rule("outbox", "event_delivery", "state <> 'waiting' AND coalesce(tried_at, created_at) < :cut"),
    Rule(
        "outbox",
        "outbox_event",
        "relayed_at < :cut AND NOT EXISTS (SELECT FROM event_delivery d WHERE d.event_id = outbox_event.id"
        " AND (d.state = 'waiting' OR coalesce(d.tried_at, d.created_at) >= :cut))",
    ),
)


@dataclass(frozen=True, slots=True)
class Removed:
    """How many rows of a table were removed, or would be, and before which instant they ended."""

    subject: str
    table: str
    rows: int
    cut: datetime


async def remove_overdue(session: AsyncSession, *, dry_run: bool) -> list[Removed]:
    """Remove what has outlived its period, in the caller's transaction, and tell the trail; a dry run counts only."""
    periods = {row.subject: row.days for row in (await session.exec(select(RetentionPeriod))).all()}
    now = clock.now()
    done = []
    for rule in RULES:
        cut = now - timedelta(days=max(periods[rule.subject], rule.least_days))
        rows = await _count(session, rule.table, rule.overdue, cut)
        done.append(Removed(rule.subject, rule.table, rows, cut))
        if rows and not dry_run:
            await session.execute(text(rule.removal), {"cut": cut})
            await _tell(session, done[-1])
    cut = now - timedelta(days=periods[ARCHIVE])
    done.append(Removed(ARCHIVE, "audit_entry", await _count(session, "audit_entry", "at < :cut", cut), cut))
    return done


async def _count(session: AsyncSession, table: str, overdue: str, cut: datetime) -> int:
    statement = text(f"SELECT count(*) FROM {table} WHERE {overdue}")  # noqa: S608 - words of the rules above
    return int((await session.execute(statement, {"cut": cut})).scalar_one())


async def _tell(session: AsyncSession, removed: Removed) -> None:
    await record(
        session,
        actor=RETENTION_JOB,
        action="retention.remove",
        object_type="table",
        object_id=removed.table,
        facts={"subject": removed.subject, "rows": removed.rows, "before": removed.cut.isoformat()},
    )
