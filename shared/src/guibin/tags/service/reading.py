"""Reading definitions that refer to tags: those must be there, and no ring of references may come of it."""

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.tags import repository
from guibin.tags.errors import RuleTagUnknown
from guibin.tags.kinds import Definition, read_definition, tags_of
from guibin.tags.models import TagKind
from guibin.tags.rules import levels_of


async def read_linked(session: AsyncSession, kind: TagKind, raw: object, *, code: str | None = None) -> Definition:
    """Read the definition of a kind, of the tag `code` if that is known, and follow its references.

    Raises:
        RuleFieldUnknown, RuleOperatorInvalid, RuleValueInvalid, RuleTooComplex: the definition is wrong.
        RuleTagUnknown: it refers to a tag that there is not, or that is retired.
        RuleCycle: the tag would rest on itself, by the definitions in force and the drafts of the others.
    """
    definition = read_definition(kind, raw)
    named = tags_of(definition)
    if named:
        unknown = named - await repository.usable_codes(session, named) - {code}
        if unknown:
            raise RuleTagUnknown(tag=min(unknown))
        if code is not None:
            levels_of({code: named} | await references_of_others(session, code))
    return definition


async def references_of_others(session: AsyncSession, code: str) -> dict[str, frozenset[str]]:
    """Return for all tags but one to which tags they refer, by what is in force and by their drafts."""
    return {
        other: frozenset[str]().union(*(tags_of(read_definition(TagKind(kind), one)) for one in rules))
        for other, kind, rules in await repository.list_rules_of_others(session, code=code)
    }
