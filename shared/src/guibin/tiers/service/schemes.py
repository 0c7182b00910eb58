"""Commands on tier schemes: which figures give which tier, put in force by a second person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
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
from guibin.tiers.errors import PeriodConflict, PeriodInvalid, SchemeNotDraft, TierRangeInvalid
from guibin.tiers.figures import Scheme
from guibin.tiers.models import SchemeState, TierScheme
from guibin.tiers.moves_repository import count_moves
from guibin.tiers.service.labels import TERM_LABELS
from guibin.tiers.terms import Terms, faults_of_terms

ACTIVATE = "tier_scheme.activate"


@dataclass(frozen=True)
class SchemeContent:
    """A scheme as its maker writes it: a lower bound for each tier, in fen, and what else it says.

    `names` are those of the tiers that shall be called otherwise from then on. `effective_from` is the first day of its
    tiers (None: once approved), `effective_to` the first one without.
    """

    name: str
    bounds_fen: Mapping[str, int]
    terms: Terms = field(default_factory=Terms)
    growth: rules.Growth | None = None
    names: Mapping[str, rules.Name] = field(default_factory=dict)
    effective_from: date | None = None
    effective_to: date | None = None


async def create_scheme(session: AsyncSession, *, actor: Actor, content: SchemeContent) -> TierScheme:
    """Make a draft.

    Raises:
        TierRangeInvalid: the content makes no scheme.
        PeriodInvalid: it begins before today, or ends before it begins.
    """
    await _check(session, content)
    scheme = TierScheme(id=new_id(), name=content.name, state=SchemeState.DRAFT, created_at=clock.now())
    _write(scheme, content)
    session.add(scheme)
    await session.flush()
    await _write_lines(session, scheme, content)
    await _record(session, actor, scheme, "tier_scheme.create")
    return scheme


async def edit_scheme(session: AsyncSession, scheme: TierScheme, *, actor: Actor, content: SchemeContent) -> TierScheme:
    """Replace the content of a locked draft.

    Raises:
        SchemeNotDraft, TierRangeInvalid, PeriodInvalid.
    """
    _require_draft(scheme)
    await _check(session, content)
    before = _document(scheme, await repository.lines_of(session, scheme.id))
    scheme.name = content.name
    _write(scheme, content)
    scheme.revision += 1
    await _write_lines(session, scheme, content)
    after = _document(scheme, await repository.lines_of(session, scheme.id))
    await _record(session, actor, scheme, "tier_scheme.edit", before=before, after=after)
    return scheme


def _write(scheme: TierScheme, content: SchemeContent) -> None:
    scheme.growth_wallet = None if content.growth is None else content.growth.wallet
    scheme.terms = content.terms.model_dump(mode="json")
    scheme.effective_from, scheme.effective_to = content.effective_from, content.effective_to


async def _write_lines(session: AsyncSession, scheme: TierScheme, content: SchemeContent) -> None:
    growth = {} if content.growth is None else content.growth.points
    await repository.replace_lines(session, scheme.id, content.bounds_fen, growth, content.names)


def _document(scheme: TierScheme, lines: Sequence[rules.Line]) -> dict[str, object]:
    bounds = {line.tier_code: line.lower_bound_fen for line in lines}
    shown = {"name": scheme.name, "growth": growth_of(scheme, lines), "names": names_of(lines)}
    return {**shown, **bounds, **_shown_terms(scheme)}


def _shown_terms(scheme: TierScheme) -> dict[str, object]:
    """Show what a scheme says beside its lines, as approvers and the audit trail read it."""
    period = {"effective_from": scheme.effective_from, "effective_to": scheme.effective_to}
    days = {name: None if day is None else day.isoformat() for name, day in period.items()}
    return {**days, **Terms.read(scheme.terms).model_dump(mode="json")}


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
    moves = await count_moves(session, Scheme.of(scheme, lines), day=clock.last_closed_day())
    active = await repository.active_scheme(session)
    active_lines = await repository.lines_of(session, active.id) if active else []
    tiers, renamed = await repository.list_tiers(session), names_of(lines)
    bounds = _bounds(lines)
    return Amended(
        payload={"scheme_id": to_public("sch", scheme.id), "revision": scheme.revision, "lower_bounds": bounds},
        preview={
            "before": _bounds(active_lines) if active else None,
            "after": bounds,
            "growth_before": growth_of(active, active_lines) if active else None,
            "growth_after": growth_of(scheme, lines),
            "names_before": {one.code: {"zh": one.name_zh, "en": one.name_en} for one in tiers if one.code in renamed},
            "names_after": renamed,
            "terms_before": _shown_terms(active) if active else None,
            "terms_after": _shown_terms(scheme),
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
            "names_before": Label("现用层级名称", "Names of tiers in use"),
            "names_after": Label("拟更名层级", "Tiers that are renamed"),
            "zh": Label("中文名称", "Chinese name"),
            "en": Label("英文名称", "English name"),
            "terms_before": Label("现行评定规则", "Terms in force"),
            "terms_after": Label("拟启用评定规则", "Terms submitted"),
            **TERM_LABELS,
            "wallet": Label("积分类别", "Kind of points"),
            "points": Label("积分", "Points"),
            "moves": Label("层级变动客户数", "Customers who move"),
            "from": Label("现层级", "From"),
            "to": Label("新层级", "To"),
            "customers": Label("客户数", "Customers"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Replace the active scheme, or let the night do so on the first day of this one.

        Raises:
            SchemeNotDraft: the scheme is not waiting any more.
            PeriodConflict: its last day is over.
        """
        await repository.lock_open_schemes(session)
        scheme = await repository.lock_scheme(session, _scheme_id(payload))
        if scheme.state != SchemeState.PENDING or scheme.revision != payload["revision"]:
            raise SchemeNotDraft
        if scheme.effective_to is not None and scheme.effective_to <= clock.today():
            raise PeriodConflict
        if scheme.effective_from is not None and scheme.effective_from > clock.today():
            scheme.state = SchemeState.SCHEDULED
        else:
            await repository.put_in_force(session, scheme)
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


def names_of(lines: Iterable[rules.Line]) -> dict[str, dict[str, str]]:
    """Return the tiers that a scheme renames, with their names."""
    return {line.tier_code: {"zh": line.name.zh, "en": line.name.en} for line in lines if line.name is not None}


async def _check(session: AsyncSession, content: SchemeContent) -> None:
    tiers = await repository.list_tiers(session)
    ranks = {tier.code: tier.rank for tier in tiers}
    called = {tier.code: rules.Name(tier.name_zh, tier.name_en) for tier in tiers}
    fault = rules.faults_of(content.bounds_fen, ranks) or rules.faults_of_names(content.names, called)
    if fault is None and content.growth is not None:
        fault = rules.faults_of_growth(content.growth.points, ranks)
    fault = fault or faults_of_terms(content.terms, ranks)
    if fault is not None:
        raise TierRangeInvalid(fault=fault)
    begins = content.effective_from or clock.today()
    if begins < clock.today() or (content.effective_to is not None and content.effective_to <= begins):
        raise PeriodInvalid(earliest=clock.today().isoformat())


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
