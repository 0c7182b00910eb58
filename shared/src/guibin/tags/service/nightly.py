"""The nightly run of all rules."""

from datetime import date

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.tags import matching, repository
from guibin.tags.rules import parse_rule


async def run_tags(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Tag every customer by every rule in force, on the facts as they stand; windows of events end with `day`.

    Memberships change on `day` and are written only where they differ, so a second run changes nothing. Returns the
    counts `rules`, `read` (customers), `added` and `ended`.
    """
    rules = [
        matching.Rule(found.tag_code, found.version, parse_rule(found.rule))
        for found in await repository.list_versions_in_force(session)
    ]
    if not rules:
        return {"rules": 0, "read": 0, "added": 0, "ended": 0}
    difference = await matching.write_difference(session, rules, day=day)
    return {"rules": len(rules), "read": difference.read, "added": difference.added, "ended": difference.ended}
