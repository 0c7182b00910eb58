"""Which tags and facts the rules of earning name, for those who ask before a tag goes."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.points.earning.models import EarningRule, EarningRuleVersion, RuleState
from guibin.points.earning.rules import TAGS, Rule, read_rule
from guibin.points.earning.terms import EarningTerms
from guibin.tags.lineage.sources import facts_read
from guibin.tags.lineage.users import User
from guibin.tags.rules import Condition, Node, conditions_of


class EarningRules:
    """Rules of earning, in force and drafted."""

    async def list_users(self, session: AsyncSession) -> Sequence[User]:
        """Return the terms of all rules that have not ended."""
        statement = (
            select(EarningRule, EarningRuleVersion.terms)
            .outerjoin(
                EarningRuleVersion,
                (col(EarningRuleVersion.rule_code) == EarningRule.code)
                & (col(EarningRuleVersion.version) == EarningRule.active_version),
            )
            .where(EarningRule.state != RuleState.ENDED)
        )
        rows, now = (await session.exec(statement)).all(), clock.now()
        return [
            _user(rule.code, EarningTerms.of(terms), now, in_force=in_force)
            for rule, active in rows
            for terms, in_force in ((active, True), (rule.draft, False))
            if terms is not None
        ]


def tags_named(terms: EarningTerms, rule: Rule) -> frozenset[str]:
    """Return the tags that terms name: whose entering earns, which conditions ask for, which are given."""
    effects = (effect for case in terms.cases for effect in case.effects if effect.kind == "tag")
    asked = (code for node in _nodes(rule) for code in _asked_for(node))
    return frozenset({*terms.tags, *asked, *(effect.subject for effect in effects)})


def _user(code: str, terms: EarningTerms, now: datetime, *, in_force: bool) -> User:
    rule = read_rule(code=code, version=0, terms=terms, in_force_from=now)
    return User(
        kind="earning_rule",
        code=code,
        name_zh=terms.name_zh,
        name_en=terms.name_en,
        in_force=in_force,
        tags=tags_named(terms, rule),
        facts=frozenset[str]().union(*map(facts_read, _nodes(rule))) - {TAGS.name},
    )


def _nodes(rule: Rule) -> list[Node]:
    return [node for node in (rule.condition, *(node for node, _ in rule.cases)) if node is not None]


def _asked_for(node: Node) -> Iterator[str]:
    for condition in conditions_of(node):
        if condition.fact == TAGS:
            yield from _codes(condition)


def _codes(condition: Condition) -> Iterator[str]:
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    return (value for value in values if isinstance(value, str))


EARNING_RULES: Final = EarningRules()
