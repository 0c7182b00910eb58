"""The nightly run of all rules."""

from datetime import date

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.tags import matching, repository
from guibin.tags.kinds import read_definition, tags_of
from guibin.tags.models import TagKind
from guibin.tags.rules import levels_of


async def run_tags(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Tag every customer by every rule in force, on the facts as they stand; windows of events end with `day`.

    Rules that refer to tags run after the rules of those, in a pass of their own, and read what these have written.
    Memberships change on `day` and are written only where they differ, so a second run changes nothing. Returns the
    counts `rules`, `read` (customers), `added` and `ended`.
    """
    rules = {
        found.tag_code: matching.Rule(found.tag_code, found.version, read_definition(TagKind(kind), found.rule))
        for kind, found in await repository.list_versions_in_force(session)
    }
    counts = {"rules": len(rules), "read": 0, "added": 0, "ended": 0}
    for level in levels_of({code: tags_of(rule.definition) for code, rule in rules.items()}):
        difference = await matching.write_difference(session, [rules[code] for code in level], day=day)
        counts["read"] = difference.read
        counts["added"] += difference.added
        counts["ended"] += difference.ended
    return counts
