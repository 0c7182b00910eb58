"""Rules that notice speed: defined by two people, asked each minute by the worker, what they noticed told to staff."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Self

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound, VersionConflict
from guibin.core.ids import new_id, to_public
from guibin.organisation.repository import head_office
from guibin.outbox.events import PointsSpeedNoticed
from guibin.outbox.service import Publication, publish_all
from guibin.points import correction_repository
from guibin.points.models import AccountState
from guibin.points.repository import get_wallet
from guibin.points.service.wallets import require_head_office
from guibin.points.velocity import repository
from guibin.points.velocity.models import Measure, VelocityAction, VelocityHit, VelocityRule
from guibin.security.actors import NIGHTLY_JOB, Actor, Domain, Grant

OBJECT: Final = "velocity_rule"
MOST_AT_ONCE: Final = 500
"""Accounts of one rule that one transaction looks after."""
OVERLAP: Final = timedelta(minutes=15)
"""How long what a transaction wrote at its beginning may stay unseen."""
WHOLE: Final = timedelta(hours=1)


class VelocityTerms(BaseModel):
    """A rule without its code. Its JSON form is the payload of the approval."""

    model_config = ConfigDict(frozen=True)

    wallet: str
    measure: Measure
    hours: int
    most: int
    action: VelocityAction
    reason_zh: str
    reason_en: str
    active: bool = True

    @classmethod
    def of(cls, rule: VelocityRule) -> Self:
        """Read a rule as it is."""
        return cls.model_validate({name: getattr(rule, name) for name in cls.model_fields})


async def submit_rule(
    session: AsyncSession, *, actor: Actor, grants: Sequence[Grant], code: str, terms: VelocityTerms
) -> Approval:
    """Submit a rule, or other terms of the one that has this code; another person agrees.

    Raises:
        Forbidden: the actor may not submit for the whole bank.
        NotFound: there is no such wallet.
    """
    require_head_office(actor, grants)
    if await get_wallet(session, terms.wallet) is None:
        raise NotFound
    rule, branch = await repository.find_rule(session, code), await head_office(session)
    after = terms.model_dump(mode="json")
    return await approvals.submit(
        session,
        actor=actor,
        kind=VelocityRuleChange.kind,
        domain=VelocityRuleChange.domain,
        subject=code,
        payload={"code": code, "revision": None if rule is None else rule.revision, "terms": after},
        preview={
            "code": code,
            "before": None if rule is None else VelocityTerms.of(rule).model_dump(mode="json"),
            "after": after,
        },
        branch_id=None if branch is None else branch.id,
    )


class VelocityRuleChange(ApprovalHandler):
    """Makes an approved rule that notices speed, or changes one."""

    kind = "points.velocity_rule"
    domain = Domain.POINTS
    title = Label("积分异常频次规则设定或变更", "Define or change a rule that notices speed")
    labels = MappingProxyType(
        {
            "code": Label("代码", "Code"),
            "before": Label("现行设定", "Terms in force"),
            "after": Label("拟定设定", "Terms submitted"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Write the terms; they count from the next minute on.

        Raises:
            VersionConflict: it was made or changed meanwhile.
        """
        code, terms = str(payload["code"]), VelocityTerms.model_validate(payload["terms"])
        rule = await repository.find_rule(session, code)
        if payload["revision"] != (None if rule is None else rule.revision):
            raise VersionConflict
        values = terms.model_dump(mode="json")
        if rule is None:
            rule = VelocityRule(code=code, revision=1, **values)
        else:
            for name, value in values.items():
                setattr(rule, name, value)
            rule.revision += 1
        session.add(rule)
        await audit.record(
            session,
            actor=context.approver,
            action="velocity_rule.defined",
            object_type=OBJECT,
            object_id=code,
            on_behalf_id=context.maker_id,
            facts={"revision": rule.revision, "approval": to_public("apr", context.approval_id)},
        )


VELOCITY_RULE_CHANGE: Final = VelocityRuleChange()


class Looks:
    """When a process has looked at the accounts for each rule, so that a look costs what moved since the last one.

    The first look for a rule, or for its new terms, is at all accounts, and so is one each hour: what a process that
    ended has left, and what a transaction wrote that took longer than `OVERLAP`, is noticed then at the latest.
    """

    def __init__(self) -> None:
        self._last: dict[tuple[str, int], tuple[datetime, datetime]] = {}

    def moved_since(self, rule: VelocityRule, now: datetime) -> datetime | None:
        """Return after which instant movements are new to a rule; None: all accounts are to be looked at."""
        whole, last = self._last.get((rule.code, rule.revision), (None, now))
        return None if whole is None or now - whole >= WHOLE else last - OVERLAP

    def looked(self, rule: VelocityRule, now: datetime, *, moved: datetime | None) -> None:
        """Remember a look that began at an instant, and at what."""
        whole = now if moved is None else self._last[rule.code, rule.revision][0]
        self._last[rule.code, rule.revision] = (whole, now)


async def notice(
    session: AsyncSession, rule: VelocityRule, *, moved: datetime | None = None, limit: int = MOST_AT_ONCE
) -> int:
    """Note at most `limit` accounts that moved too fast for a rule, freeze them if it says so; returns how many.

    Call it again, each time in a transaction of its own, until there are none. An account that is frozen or closed
    already stays as it is, and the same movements are noticed once. `moved` passes over accounts that have not moved
    since (see `Looks`).
    """
    now = clock.now()
    since = now - timedelta(hours=rule.hours)
    found = await repository.find_fast(session, rule, since=since, moved=moved, limit=limit)
    hits = []
    for one in found:
        froze = rule.action == VelocityAction.FREEZE and await _freeze(session, rule, one)
        hits.append(
            VelocityHit(
                customer_id=one.customer_id,
                id=new_id(),
                rule_code=rule.code,
                wallet=rule.wallet,
                observed=one.observed,
                froze=froze,
                reason_zh=rule.reason_zh,
                reason_en=rule.reason_en,
                noticed_at=now,
            )
        )
    session.add_all(hits)
    await session.flush()
    await publish_all(session, [_told(hit) for hit in hits])
    return len(hits)


async def _freeze(session: AsyncSession, rule: VelocityRule, one: repository.Fast) -> bool:
    """Freeze an account that is open; False where it was not."""
    now = clock.now()
    account = await correction_repository.find_account(session, customer_id=one.customer_id, wallet=rule.wallet)
    if account is None or account.state != AccountState.OPEN:
        return False
    _, before = await correction_repository.put_state(
        session,
        customer_id=one.customer_id,
        wallet=rule.wallet,
        state=AccountState.FROZEN,
        at=now,
        day=clock.business_day(now),
    )
    await audit.record(
        session,
        actor=NIGHTLY_JOB,
        action="points_account.state",
        object_type="points_account",
        object_id=f"{to_public('cus', one.customer_id)}/{rule.wallet}",
        owner_id=one.customer_id,
        reason=rule.reason_zh,
        facts={"from": before, "to": AccountState.FROZEN.value, "rule": rule.code, "observed": one.observed},
    )
    return before == AccountState.OPEN


def _told(hit: VelocityHit) -> Publication:
    data = PointsSpeedNoticed(wallet=hit.wallet, rule=hit.rule_code, observed=hit.observed, frozen=hit.froze)
    return Publication(data, hit.customer_id, hit.customer_id)
