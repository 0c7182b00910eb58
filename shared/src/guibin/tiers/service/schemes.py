"""Commands on tier schemes: which average gives which tier, put in force by a second person."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, Label, refuse_changes
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.ids import from_public, new_id, to_public
from guibin.core.money import format_cny
from guibin.security.actors import Actor, Domain, Grant
from guibin.tiers import repository, rules
from guibin.tiers.errors import SchemeNotDraft, TierRangeInvalid
from guibin.tiers.models import SchemeState, TierScheme

ACTIVATE = "tier_scheme.activate"


async def create_scheme(
    session: AsyncSession,
    *,
    actor: Actor,
    name: str,
    bounds_fen: Mapping[str, int],
    growth: rules.Growth | None = None,
) -> TierScheme:
    """Make a draft from a lower bound for each tier, in fen, and the growth points that give some of them as well.

    Raises:
        TierRangeInvalid: the bounds make no scheme.
    """
    await _check_bounds(session, bounds_fen, growth)
    scheme = TierScheme(
        id=new_id(),
        name=name,
        state=SchemeState.DRAFT,
        created_at=clock.now(),
        growth_wallet=None if growth is None else growth.wallet,
    )
    session.add(scheme)
    await session.flush()
    await repository.replace_lines(session, scheme.id, bounds_fen, {} if growth is None else growth.points)
    await _record(session, actor, scheme, "tier_scheme.create")
    return scheme


async def edit_scheme(
    session: AsyncSession,
    scheme: TierScheme,
    *,
    actor: Actor,
    name: str,
    bounds_fen: Mapping[str, int],
    growth: rules.Growth | None = None,
) -> TierScheme:
    """Replace name, bounds and growth points of a locked draft.

    Raises:
        SchemeNotDraft, TierRangeInvalid.
    """
    _require_draft(scheme)
    await _check_bounds(session, bounds_fen, growth)
    lines = await repository.lines_of(session, scheme.id)
    before: dict[str, object] = {line.tier_code: line.lower_bound_fen for line in lines}
    before |= {"name": scheme.name, "growth": growth_of(scheme, lines)}
    scheme.name = name
    scheme.growth_wallet = None if growth is None else growth.wallet
    scheme.revision += 1
    await repository.replace_lines(session, scheme.id, bounds_fen, {} if growth is None else growth.points)
    after = growth_of(scheme, await repository.lines_of(session, scheme.id))
    await _record(
        session,
        actor,
        scheme,
        "tier_scheme.edit",
        before=before,
        after={"name": name, "growth": after, **bounds_fen},
    )
    return scheme


async def submit_scheme(session: AsyncSession, scheme: TierScheme, *, actor: Actor) -> Approval:
    """Ask another person to put a locked draft in force; the preview counts who would move.

    Raises:
        SchemeNotDraft: it is no draft.
    """
    request = await _mark_submitted(session, scheme)
    return await approvals.submit(
        session,
        actor=actor,
        kind=ACTIVATE,
        domain=Domain.TIERS,
        subject=to_public("sch", scheme.id),
        payload=request.payload,
        preview=request.preview,
    )


async def _mark_submitted(session: AsyncSession, scheme: TierScheme) -> Amended:
    _require_draft(scheme)
    scheme.state = SchemeState.PENDING
    lines = await repository.lines_of(session, scheme.id)
    moves = await repository.count_moves(session, lines, day=clock.today(), growth_wallet=scheme.growth_wallet)
    active = await repository.active_scheme(session)
    active_lines = await repository.lines_of(session, active.id) if active else []
    bounds = _bounds(lines)
    return Amended(
        payload={"scheme_id": to_public("sch", scheme.id), "revision": scheme.revision, "lower_bounds": bounds},
        preview={
            "before": _bounds(active_lines) if active else None,
            "after": bounds,
            "growth_before": growth_of(active, active_lines) if active else None,
            "growth_after": growth_of(scheme, lines),
            "moves": [{"from": before, "to": after, "customers": count} for before, after, count in moves],
        },
    )


def _bounds(lines: Iterable[rules.Line]) -> dict[str, str]:
    return {line.tier_code: format_cny(line.lower_bound_fen) for line in lines}


class SchemeActivation(ApprovalHandler):
    """Puts an approved scheme in force; the next nightly run evaluates by it."""

    kind = ACTIVATE
    domain = Domain.TIERS
    title = Label("启用层级方案", "Put a tier scheme in force")
    labels = MappingProxyType(
        {
            "before": Label("现行层级起点（元）", "Lower bounds in force"),
            "after": Label("拟启用层级起点（元）", "Lower bounds submitted"),
            "growth_before": Label("现行成长值门槛", "Growth points in force"),
            "growth_after": Label("拟启用成长值门槛", "Growth points submitted"),
            "wallet": Label("积分类别", "Kind of points"),
            "points": Label("积分", "Points"),
            "moves": Label("层级变动客户数", "Customers who move"),
            "from": Label("现层级", "From"),
            "to": Label("新层级", "To"),
            "customers": Label("客户数", "Customers"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Replace the active scheme.

        Raises:
            SchemeNotDraft: the scheme is not waiting any more.
        """
        await repository.lock_open_schemes(session)
        scheme = await repository.lock_scheme(session, _scheme_id(payload))
        if scheme.state != SchemeState.PENDING or scheme.revision != payload["revision"]:
            raise SchemeNotDraft
        await repository.retire_active(session)
        scheme.state = SchemeState.ACTIVE
        scheme.activated_at = clock.now()
        await _record(session, context.approver, scheme, ACTIVATE, on_behalf_id=context.maker_id)

    async def give_back(self, session: AsyncSession, payload: Mapping[str, object]) -> None:
        """Give the scheme back to its maker as a draft."""
        scheme = await repository.lock_scheme(session, _scheme_id(payload))
        if scheme.state == SchemeState.PENDING and scheme.revision == payload["revision"]:
            scheme.state = SchemeState.DRAFT
            await session.flush()

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, object],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Submit the draft as it was edited since."""
        self.scope_of_maker(maker, grants)
        refuse_changes(changes)
        return await _mark_submitted(session, await repository.lock_scheme(session, _scheme_id(payload)))


def growth_of(scheme: TierScheme, lines: Iterable[rules.Line]) -> dict[str, Any] | None:
    """Return which points of which wallet give tiers by a scheme; None where none do."""
    if scheme.growth_wallet is None:
        return None
    points = {line.tier_code: line.growth_points for line in lines if line.growth_points is not None}
    return {"wallet": scheme.growth_wallet, "points": points}


async def _check_bounds(session: AsyncSession, bounds_fen: Mapping[str, int], growth: rules.Growth | None) -> None:
    ranks = {tier.code: tier.rank for tier in await repository.list_tiers(session)}
    fault = rules.faults_of(bounds_fen, ranks)
    if fault is None and growth is not None:
        fault = rules.faults_of_growth(growth.points, ranks)
    if fault is not None:
        raise TierRangeInvalid(fault=fault)


def _require_draft(scheme: TierScheme) -> None:
    if scheme.state != SchemeState.DRAFT:
        raise SchemeNotDraft


def _scheme_id(payload: Mapping[str, object]) -> UUID:
    found = from_public("sch", str(payload["scheme_id"]))
    if found is None:
        raise LookupError("the payload names no scheme")
    return found


async def _record(
    session: AsyncSession,
    actor: Actor,
    scheme: TierScheme,
    action: str,
    *,
    on_behalf_id: UUID | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="tier_scheme",
        object_id=to_public("sch", scheme.id),
        on_behalf_id=on_behalf_id,
        before=before,
        after=after,
        facts={"revision": scheme.revision},
    )
