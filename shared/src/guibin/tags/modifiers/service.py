"""Commands: what staff add to a customer's score, with an end and a reason; no run takes it away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.customers.changes.repository import note_change
from guibin.customers.repository import get_customer, lock_customers, visible
from guibin.security.actors import Actor, Scope
from guibin.tags import repository
from guibin.tags.errors import TagKindConflict
from guibin.tags.models import ScoreModifier, Sensitivity, Tag, TagKind, TagState


@dataclass(frozen=True, slots=True)
class Addition:
    """Points, not 0, why, and the first day without them; None while somebody lets them last."""

    points: int
    reason: str
    until: date | None = None


async def put_modifier(
    session: AsyncSession,
    scope: Scope,
    *,
    actor: Actor,
    customer_id: UUID,
    code: str,
    addition: Addition,
    sensitive_in: Scope = repository.NOBODY,
) -> ScoreModifier:
    """Add points to a customer's score from today on, in place of those that lasted; the next run counts them.

    Raises:
        NotFound: no such tag, or no such customer in scope, or a sensitive tag outside `sensitive_in`.
        TagKindConflict: the tag is no score.
        StateConflict: it is not published.
    """
    await _get_customer(session, scope, customer_id, code, sensitive_in)
    tag = await repository.get_tag(session, code=code)
    if tag.state != TagState.PUBLISHED:
        raise StateConflict(**{"from": tag.state, "to": TagState.PUBLISHED})
    await lock_customers(session, [customer_id])
    today = clock.today()
    lasting = await _lasting(session, customer_id, code)
    if lasting is not None and lasting.since < today:
        lasting.until = today
        lasting = None
    row = lasting or ScoreModifier(
        customer_id=customer_id, tag_code=code, since=today, points=0, set_by=actor.id, set_at=clock.now(), reason=""
    )
    row.points, row.reason, row.until = addition.points, addition.reason, addition.until
    row.set_by, row.set_at = actor.id, clock.now()
    session.add(row)
    await session.flush()
    await note_change(session, [customer_id])
    await _record(session, scope, actor, row, "score_modifier.set", addition.reason)
    return row


async def end_modifier(
    session: AsyncSession,
    scope: Scope,
    *,
    actor: Actor,
    customer_id: UUID,
    code: str,
    reason: str,
    sensitive_in: Scope = repository.NOBODY,
) -> None:
    """Take back what was added to a customer's score; today is the first day without it.

    Raises:
        NotFound: no such tag, no such customer in scope, or nothing was added.
        TagKindConflict: the tag is no score.
    """
    await _get_customer(session, scope, customer_id, code, sensitive_in)
    await lock_customers(session, [customer_id])
    row = await _lasting(session, customer_id, code)
    if row is None:
        raise NotFound
    row.until, row.set_at = clock.today(), clock.now()
    session.add(row)
    await note_change(session, [customer_id])
    await _record(session, scope, actor, row, "score_modifier.end", reason)


async def list_modifiers(
    session: AsyncSession,
    scope: Scope,
    *,
    customer_id: UUID,
    code: str,
    sensitive_in: Scope = repository.NOBODY,
) -> Sequence[ScoreModifier]:
    """Return what was ever added to a customer's score, newest first.

    Raises:
        NotFound: no such tag, or no such customer in scope, or a sensitive tag outside `sensitive_in`.
        TagKindConflict: the tag is no score.
    """
    await _get_customer(session, scope, customer_id, code, sensitive_in)
    statement = (
        select(ScoreModifier)
        .where(
            ScoreModifier.customer_id == customer_id,
            ScoreModifier.tag_code == code,
            visible(scope, col(ScoreModifier.customer_id)),
        )
        .order_by(col(ScoreModifier.since).desc())
    )
    return (await session.exec(statement)).all()


async def _get_customer(session: AsyncSession, scope: Scope, customer_id: UUID, code: str, sensitive_in: Scope) -> Tag:
    await get_customer(session, scope, customer_id=customer_id)
    tag = await repository.get_tag(session, code=code)
    if tag.sensitivity == Sensitivity.SENSITIVE:
        await get_customer(session, sensitive_in, customer_id=customer_id)
    if tag.kind != TagKind.SCORE:
        raise TagKindConflict(kind=tag.kind)
    return tag


async def _lasting(session: AsyncSession, customer_id: UUID, code: str) -> ScoreModifier | None:
    """Return what lasts beyond today."""
    until = col(ScoreModifier.until)
    statement = select(ScoreModifier).where(
        ScoreModifier.customer_id == customer_id,
        ScoreModifier.tag_code == code,
        until.is_(None) | (until > clock.today()),
    )
    return (await session.exec(statement)).one_or_none()


async def _record(
    session: AsyncSession, scope: Scope, actor: Actor, row: ScoreModifier, action: str, reason: str
) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="customer",
        object_id=to_public("cus", row.customer_id),
        owner_id=row.customer_id,
        scope=scope,
        reason=reason,
        facts={
            "tag": row.tag_code,
            "points": row.points,
            "until": None if row.until is None else row.until.isoformat(),
        },
    )
