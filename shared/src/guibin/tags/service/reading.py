"""Reading rules that refer to tags: those must be there, and no ring of references may come of it."""

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.tags import repository
from guibin.tags.errors import RuleTagUnknown
from guibin.tags.rules import Node, levels_of, parse_rule, tags_in


async def read_rule(session: AsyncSession, raw: object, *, code: str | None = None) -> Node:
    """Read a rule, of the tag `code` if that is known, and follow its references.

    Raises:
        RuleFieldUnknown, RuleOperatorInvalid, RuleValueInvalid, RuleTooComplex: the rule is wrong.
        RuleTagUnknown: it refers to a tag that there is not, or that is retired.
        RuleCycle: the tag would rest on itself, by the rules in force and the drafts of the others.
    """
    node = parse_rule(raw)
    named = tags_in(node)
    if named:
        unknown = named - await repository.usable_codes(session, named) - {code}
        if unknown:
            raise RuleTagUnknown(tag=min(unknown))
        if code is not None:
            rules = await repository.list_rules_of_others(session, code=code)
            references = {other: frozenset[str]().union(*map(tags_in, map(parse_rule, one))) for other, one in rules}
            levels_of(references | {code: named})
    return node
