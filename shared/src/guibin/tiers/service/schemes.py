"""Commands on tier schemes: which figures give which tier, put in force by a second person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.definitions.service import Definitions
from guibin.approvals.handlers import Amended, Label
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.money import format_cny
from guibin.security.actors import Actor, Domain
from guibin.tiers import repository, rules
from guibin.tiers.errors import PeriodConflict, PeriodInvalid, SchemeNotDraft, TierRangeInvalid
from guibin.tiers.figures import Scheme
from guibin.tiers.models import SchemeState, TierScheme
from guibin.tiers.moves_repository import count_moves
from guibin.tiers.service.labels import TERM_LABELS
from guibin.tiers.terms import Terms, faults_of_terms


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
    scheme = TierScheme(id=new_id(), name=content.name, created_at=clock.now())
    _write(scheme, content)
    await TIER_SCHEMES.add(session, scheme, actor=actor)
    await _write_lines(session, scheme, content)
    return scheme


async def edit_scheme(session: AsyncSession, scheme: TierScheme, *, actor: Actor, content: SchemeContent) -> TierScheme:
    """Replace the content of a locked draft.

    Raises:
        SchemeNotDraft, TierRangeInvalid, PeriodInvalid.
    """
    TIER_SCHEMES.require_draft(scheme)
    await _check(session, content)
    before = await TIER_SCHEMES.shown(session, scheme)
    scheme.name = content.name
    _write(scheme, content)
    await _write_lines(session, scheme, content)
    return await TIER_SCHEMES.keep_edit(session, scheme, actor=actor, before=before)


def _write(scheme: TierScheme, content: SchemeContent) -> None:
    scheme.growth_wallet = None if content.growth is None else content.growth.wallet
    scheme.terms = content.terms.model_dump(mode="json")
    scheme.effective_from, scheme.effective_to = content.effective_from, content.effective_to


async def _write_lines(session: AsyncSession, scheme: TierScheme, content: SchemeContent) -> None:
    growth = {} if content.growth is None else content.growth.points
    await repository.replace_lines(session, scheme.id, content.bounds_fen, growth, content.names)


def _shown_terms(scheme: TierScheme) -> dict[str, object]:
    """Show what a scheme says beside its lines, as approvers and the audit trail read it."""
    period = {"effective_from": scheme.effective_from, "effective_to": scheme.effective_to}
    days = {name: None if day is None else day.isoformat() for name, day in period.items()}
    return {**days, **Terms.read(scheme.terms).model_dump(mode="json")}


def _bounds(lines: Iterable[rules.Line]) -> dict[str, str]:
    return {line.tier_code: format_cny(line.lower_bound_fen) for line in lines}


class TierSchemes(Definitions[TierScheme]):
    """All schemes; the night after one has begun evaluates by it."""

    table = TierScheme
    called = "tier_scheme"
    prefix = "sch"
    payload_id = "scheme_id"
    not_draft = SchemeNotDraft
    kind = "tier_scheme.activate"
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

    async def shown(self, session: AsyncSession, row: TierScheme) -> Mapping[str, object]:
        """Return the name, the lines and the terms."""
        lines = await repository.lines_of(session, row.id)
        bounds = {line.tier_code: line.lower_bound_fen for line in lines}
        said = {"name": row.name, "growth": growth_of(row, lines), "names": names_of(lines)}
        return {**said, **bounds, **_shown_terms(row)}

    async def examine(self, session: AsyncSession, row: TierScheme) -> Amended:
        """Count who would move, and show the lines and terms beside those in force."""
        lines = await repository.lines_of(session, row.id)
        moves = await count_moves(session, Scheme.of(row, lines), day=clock.last_closed_day())
        active = await repository.active_scheme(session)
        active_lines = await repository.lines_of(session, active.id) if active else []
        tiers, renamed, bounds = await repository.list_tiers(session), names_of(lines), _bounds(lines)
        return Amended(
            payload={"lower_bounds": bounds},
            preview={
                "before": _bounds(active_lines) if active else None,
                "after": bounds,
                "growth_before": growth_of(active, active_lines) if active else None,
                "growth_after": growth_of(row, lines),
                "names_before": {
                    one.code: {"zh": one.name_zh, "en": one.name_en} for one in tiers if one.code in renamed
                },
                "names_after": renamed,
                "terms_before": _shown_terms(active) if active else None,
                "terms_after": _shown_terms(row),
                "moves": [{"from": before, "to": after, "customers": count} for before, after, count in moves],
            },
        )

    async def begin(self, session: AsyncSession, row: TierScheme) -> None:
        """Replace the scheme in force, or let the night do so on the first day of this one.

        Raises:
            PeriodConflict: its last day is over.
        """
        if row.effective_to is not None and row.effective_to <= clock.today():
            raise PeriodConflict
        if row.effective_from is not None and row.effective_from > clock.today():
            row.state = SchemeState.SCHEDULED
        else:
            await repository.put_in_force(session, row)
        row.activated_at = clock.now()


TIER_SCHEMES: Final = TierSchemes()


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
